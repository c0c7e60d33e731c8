"""The noise page's measures, areas and chart."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from dashboard.analysis.comparison import noise_points, noise_summary, paired_gaps
from dashboard.analysis.noise import (
    MEASURES,
    areas_note,
    noise_areas,
    noise_caption,
    noise_drawn,
    noise_notes,
    noise_view,
    offered_measures,
    other_headline,
    shown_summary,
    unstated_note,
)
from dashboard.analysis.noise_headline import headline
from dashboard.analysis.published import read_published
from dashboard.analysis.published_curves import reference_curves
from dashboard.charts.noise import noise_figure
from dashboard.data.names import read_folders

ACCURACY = MEASURES["Accuracy"]
CHANGE = MEASURES["Change from clean"]
EAC = "EAC · mobilenetv2_100"


@pytest.fixture
def points(records):
    return noise_points(read_folders([records]).table)


@pytest.fixture
def no_references(points):
    return reference_curves(read_published(), points)


def read_points(folder):
    return noise_points(read_folders([folder]).table)


def test_view_and_caption_say_which_eac_the_runs_have(points, tmp_path, write_run):
    told = "EAC here: as in the paper: the labelled view is never flipped."
    view = noise_view(points, read_published(), ACCURACY)
    assert view.eac == told
    assert noise_caption(points, view.summary, ACCURACY).endswith(told)
    alone = tmp_path / "alone"
    write_run(alone, rate=0.3, method="cross_entropy")
    assert noise_view(read_points(alone), read_published(), ACCURACY).eac == ""


def test_a_change_is_taken_from_the_clean_run_of_the_same_seed(tmp_path, write_run):
    for seed, (clean, noisy) in enumerate([(0.8, 0.7), (0.9, 0.6)]):
        write_run(tmp_path, rate=0.0, seed=seed, accuracy=clean - 0.012 * seed)
        write_run(tmp_path, rate=0.3, seed=seed, accuracy=noisy - 0.012 * seed)
    write_run(tmp_path, rate=0.3, seed=2)
    points = read_points(tmp_path)
    noisy = points[points["noise_percent"] == 30].set_index("seed")["change_points"]
    assert noisy.to_dict() == pytest.approx({0: -10, 1: -30, 2: np.nan}, nan_ok=True)
    summary = noise_summary(points, CHANGE.column)
    row = summary[summary["noise_percent"] == 30].iloc[0]
    assert (row["mean"], row["n"]) == (pytest.approx(-20), 2)
    expected = ttest_1samp([-10, -30], 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))


@pytest.mark.slow
def test_the_chosen_epoch_is_offered_for_runs_with_held_out_images(tmp_path, write_run, points):
    assert not any(name.startswith("Chosen") for name in offered_measures(points))
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method, accuracy=0.8, holdout=0.1)
    chosen = read_points(tmp_path)
    assert offered_measures(chosen) == list(MEASURES)
    for name, percent in (("Chosen epoch", "79.0 %"), ("Chosen epoch, flip TTA", "80.5 %")):
        measure = MEASURES[name]
        assert shown_summary(chosen, measure)["mean"].unique() == pytest.approx(float(percent[:4]))
        assert percent in headline(chosen, measure.column)


def test_a_clean_run_with_other_options_is_no_partner(tmp_path, write_run):
    write_run(tmp_path, rate=0.0, learning_rate=1e-3)
    write_run(tmp_path, rate=0.3)
    assert read_points(tmp_path).set_index("noise_percent")["change_points"].isna()[30]


def test_clean_runs_alone_have_no_change_to_show(tmp_path, write_run):
    write_run(tmp_path, rate=0.0)
    points = read_points(tmp_path)
    assert shown_summary(points, CHANGE).empty
    assert len(shown_summary(points, ACCURACY)) == 1


def test_an_area_is_the_mean_over_the_rates_by_trapezoids(tmp_path, write_run):
    for rate, accuracy in [(0.0, 0.9), (0.1, 0.8), (0.3, 0.4)]:
        write_run(tmp_path, rate=rate, accuracy=accuracy)
    areas = noise_areas(read_points(tmp_path), ACCURACY.column)
    assert areas["mean"].tolist() == pytest.approx([(85 * 10 + 60 * 20) / 30])
    assert areas["rates"].tolist() == ["0, 10, 30"]
    assert areas["n"].tolist() == [1]


@pytest.mark.slow
def test_an_area_needs_every_rate_of_the_comparison(tmp_path, write_run):
    for method, rates in [("eac", (0.0, 0.1, 0.3)), ("cross_entropy", (0.0, 0.3))]:
        for rate in rates:
            write_run(tmp_path, method=method, rate=rate)
    write_run(tmp_path, rate=0.0, seed=1)
    areas = noise_areas(read_points(tmp_path), ACCURACY.column)
    assert areas["line"].tolist() == [EAC]
    assert areas["n"].tolist() == [1]


def test_without_clean_runs_there_is_no_area(tmp_path, write_run):
    for rate in (0.1, 0.3):
        write_run(tmp_path, rate=rate)
    assert noise_areas(read_points(tmp_path), ACCURACY.column).empty


def test_an_area_over_seeds_has_the_interval_of_students_t(points):
    row = noise_areas(points, ACCURACY.column).set_index("line").loc[EAC]
    seeds = points[points["line"] == EAC].groupby("seed")["accuracy_percent"].mean()
    interval = ttest_1samp(seeds, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))


def test_the_headline_has_the_clean_and_noisy_accuracy_of_both_methods(points):
    # clean: EAC 0.86 and 0.872, baseline 0.83 and 0.842; at 30 %: 0.79 and 0.802, 0.62 and 0.632
    text = headline(points)
    assert text.endswith(
        "From clean to noisy labels, EAC goes from 86.6 to 79.6 %, the baseline from 83.6 to "
        "62.6 % (the same 2 seeds)."
    )


def test_without_clean_runs_the_headline_says_nothing_of_them(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method)
    write_run(tmp_path, rate=0.0)  # the baseline has none
    assert "clean" not in headline(read_points(tmp_path))


def test_the_class_mean_has_a_headline_of_its_own_where_it_differs(points):
    assert "EAC reaches 77.6 % mean class accuracy" in other_headline(points)
    balanced = points.assign(mean_class_accuracy_percent=points["accuracy_percent"])
    assert other_headline(balanced) == ""


def test_without_a_pair_there_is_no_second_headline(tmp_path, write_run):
    write_run(tmp_path)
    assert other_headline(read_points(tmp_path)) == ""


def test_the_chart_draws_a_mean_line_and_on_demand_a_thin_line_for_every_seed(
    points, no_references
):
    summary = noise_summary(points)
    figure = noise_figure(points, summary, no_references, ACCURACY)
    assert not any(trace.name.endswith(", seeds") for trace in figure.data)
    figure = noise_figure(points, summary, no_references, ACCURACY, single_seeds=True)
    lines = [trace for trace in figure.data if trace.showlegend is None]
    assert [trace.name for trace in lines] == [
        "EAC · mobilenetv2_100 (n = 2)",
        "baseline · mobilenetv2_100 (n = 2)",
    ]
    assert list(lines[0].x) == [0, 30]
    assert list(lines[0].y) == pytest.approx([86.6, 79.6])
    # two values 1.2 apart: t(0.975, 1) = 12.706205, times 0.6
    assert lines[0].error_y.array[1] == pytest.approx(12.706205 * 0.6, abs=1e-4)
    seeds = [trace for trace in figure.data if trace.name.endswith(", seeds")]
    np.testing.assert_array_equal(seeds[0].x, [0, 30, np.nan, 0, 30])
    assert not seeds[0].connectgaps
    assert figure.layout.xaxis.title.text == "Noisy training labels (%)"
    assert figure.layout.yaxis.title.text == "Accuracy (%)"


def test_the_panel_below_draws_the_paired_difference_of_the_headline(points, no_references):
    figure = noise_figure(points, noise_summary(points), no_references, ACCURACY)
    (gaps,) = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert gaps.name == "EAC · mobilenetv2_100 minus baseline"
    assert list(gaps.x) == [0, 30]
    assert list(gaps.y) == pytest.approx([3, 17])
    assert "+17.0 points" in headline(points)
    assert "paired by seed" in gaps.hovertemplate


def test_differences_count_shared_seeds_alone(tmp_path, write_run):
    for seed in range(3):
        write_run(tmp_path, method="eac", seed=seed, accuracy=0.8)
    write_run(tmp_path, method="cross_entropy", seed=2, accuracy=0.7)
    gaps = paired_gaps(read_points(tmp_path))
    assert (gaps["gap"].item(), gaps["n"].item()) == (pytest.approx(10), 1)
    assert paired_gaps(read_points(tmp_path).query("method == 'eac'")).empty


def test_bands_join_neighbouring_rates_that_have_intervals(points, no_references, tmp_path):
    figure = noise_figure(points, noise_summary(points), no_references, ACCURACY)
    bands = [trace for trace in figure.data if trace.name.endswith("95 % interval")]
    assert [list(band.x) for band in bands] == [[0, 30, 30, 0]] * 2
    one = points[(points["noise_percent"] == 30) | (points["seed"] == 0)]
    figure = noise_figure(one, noise_summary(one), no_references, ACCURACY)
    assert not any(trace.name.endswith("95 % interval") for trace in figure.data)


def test_the_headline_follows_the_measure(points):
    text = headline(points, CHANGE.column)
    assert "changes by -7.0 points" in text
    assert "baseline by -21.0" in text
    assert "+14.0 points (2 seeds, paired" in text
    assert "needs EAC and the baseline" in headline(points.query("seed < 0"), CHANGE.column)


def test_clean_figures_say_over_which_seeds_they_are(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method, rate=0.0)
        for seed in range(3):
            write_run(tmp_path, method=method, seed=seed)
    assert headline(read_points(tmp_path)).endswith(
        "(1 of 3 seeds: those with clean runs of both)."
    )


def test_asymmetric_noise_has_its_name_and_its_asked_and_realised_share(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        file = write_run(tmp_path, method=method) / "run.json"
        record = json.loads(file.read_text())
        record["config"]["noise"] = record["noise"]["kind"] = "asymmetric"
        record["noise"] |= {"rate": 0.3, "realised_rate": 0.26}
        file.write_text(json.dumps(record))
    points = read_points(tmp_path)
    assert "At 26 % asymmetric label noise (30 % nominal)" in headline(points)
    assert noise_notes(noise_summary(points)) == [
        "Asymmetric noise: 30 % nominal, 26.0 % realised."
    ]


@pytest.mark.slow
def test_one_seed_is_drawn_without_an_interval_and_says_so(tmp_path, write_run):
    write_run(tmp_path)
    points = read_points(tmp_path)
    references = reference_curves(read_published(), points)
    (line,) = noise_figure(points, noise_summary(points), references, ACCURACY).data
    assert pd.isna(line.error_y.array[0])
    assert "no interval" in line.text[0]


@pytest.mark.slow
def test_the_download_is_exactly_what_is_drawn(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        for seed in range(2):
            for rate in (0.0, 0.3):
                write_run(tmp_path, method=method, rate=rate, seed=seed, data="rafdb")
    points = read_points(tmp_path)
    references = reference_curves(read_published(), points)
    assert not references.empty
    for measure in (MEASURES[name] for name in offered_measures(points)):
        summary = noise_summary(points, measure.column)
        shown = references if measure is ACCURACY else references.head(0)
        figure = noise_figure(points, summary, shown, measure, single_seeds=True)
        drawn = noise_drawn(points, summary, shown, measure.column, single_seeds=True)
        in_chart = sorted(
            (x, round(y, 6))
            for trace in figure.data
            if not trace.name.endswith("95 % interval")
            for x, y in zip(trace.x, trace.y, strict=True)
            if not np.isnan(x)
        )
        in_table = zip(drawn["noise_percent"], drawn["value"].round(6), strict=True)
        assert in_chart == sorted(in_table)
        assert json.loads(figure.to_json())


@pytest.mark.slow
def test_a_seed_without_the_figure_is_neither_drawn_nor_listed(points):
    points.loc[points.index[0], "accuracy_percent"] = np.nan
    summary = noise_summary(points)
    none = reference_curves(read_published(), points)
    figure = noise_figure(points, summary, none, ACCURACY, single_seeds=True)
    drawn = noise_drawn(points, summary, none, ACCURACY.column, single_seeds=True)
    assert (drawn["what"] == "seed").sum() == len(points) - 1
    seeds = [trace for trace in figure.data if trace.name.endswith(", seeds")]
    assert sum(np.isfinite(trace.x).sum() for trace in seeds) == len(points) - 1


def test_a_view_has_references_and_the_second_headline_for_accuracy_alone(eight_records):
    points = noise_points(read_folders([eight_records]).table)
    published = read_published()
    view = noise_view(points, published, ACCURACY)
    assert view.headline == headline(points)
    assert view.references.equals(reference_curves(published, points))
    assert view.gaps.equals(paired_gaps(points, ACCURACY.column))
    change = noise_view(points, published, CHANGE)
    assert change.headline == headline(points, CHANGE.column)
    assert (change.other, change.incomparable, len(change.references)) == ("", "", 0)


def test_imported_runs_whose_noise_or_seed_nobody_stated_are_counted():
    runs = pd.DataFrame(
        {
            "status": ["finished", "finished", "finished", "finished", "running"],
            "imported": ["", "a.csv", "a.csv", "a.csv", "a.csv"],
            "noise_percent": [np.nan, 30.0, np.nan, 30.0, np.nan],
            "seed": pd.array([0, 0, 1, None, None], dtype="Int64"),
        }
    )
    assert unstated_note(runs) == (
        "2 imported runs are not shown: their noise or seed is not stated "
        "(`fer-core import-runs --help`)."
    )
    assert unstated_note(runs.head(3)).startswith("1 imported run is not shown: its noise")
    assert unstated_note(runs.head(2)) == ""


def test_lines_without_a_run_at_every_rate_are_counted(points):
    summary, areas = noise_summary(points), noise_areas(points, ACCURACY.column)
    assert areas_note(summary, areas) == ""
    assert areas_note(summary, areas.head(1)) == "1 of 2 lines has a run at every rate."

"""Training curves: the rows that are drawn, smoothing, time, other parts of the loss, presets."""

import json

import numpy as np
import pytest

from dashboard.analysis.curves import (
    BY_LABEL,
    DEFAULT_SERIES,
    NOTES,
    SERIES,
    curve_points,
    part_epochs,
)
from dashboard.analysis.run_choices import MAX_PRESETS, hust_presets, run_choices
from dashboard.charts.curves import curves_figure
from dashboard.charts.style import hues_of, method_colours
from dashboard.data.names import EPOCH_COLUMNS, read_folders
from fer_core.records.run import read_run

PAIR = {"eac-mobilenetv2_100-30-s0": "EAC", "cross_entropy-mobilenetv2_100-30-s0": "baseline"}


@pytest.fixture
def epochs(records):
    return read_folders([records]).epochs


def with_parts(path, values):
    """Give each epoch of a record its ``train_parts``."""
    file = path / "epochs.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for epoch, parts in zip(lines, values, strict=True):
        epoch["train_parts"] = parts
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_run(path)


def axis_titles(figure):
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


def test_curves_leave_out_what_does_not_apply_and_show_rates_in_percent(epochs):
    points = curve_points(epochs, PAIR, [BY_LABEL["L_c"], BY_LABEL["Recovered"]])
    assert set(points[points["series"] == "L_c"]["label"]) == {"EAC"}
    assert points[points["series"] == "Recovered"]["value"].max() > 1
    assert len(points) == 3 * 6


def test_every_series_is_a_column_of_the_epochs_and_the_first_ones_exist():
    assert {one.column for one in SERIES} <= set(EPOCH_COLUMNS)
    assert set(DEFAULT_SERIES) <= set(BY_LABEL)
    assert len(BY_LABEL) == len(SERIES)


def test_series_of_one_chart_have_one_unit():
    for chart in {one.chart for one in SERIES}:
        assert len({one.percent for one in SERIES if one.chart == chart}) == 1


def test_the_training_loss_is_split_into_the_parts_that_add_up_to_it(epochs):
    names = ["Train loss", "L_cls", "L_c"]
    points = curve_points(
        epochs, {"eac-mobilenetv2_100-30-s0": "EAC"}, [BY_LABEL[n] for n in names]
    )
    table = points.pivot(index="epoch", columns="series", values="value")
    np.testing.assert_allclose(table["Train loss"], table["L_cls"] + 5 * table["L_c"])


def test_time_is_added_up_over_training_and_test(epochs):
    points = curve_points(epochs, PAIR, [BY_LABEL["Evaluation loss"]], by_time=True)
    times = points[points["label"] == "EAC"]["minutes"]
    assert times.tolist() == pytest.approx([21 * epoch / 60 for epoch in range(1, 7)])


def test_epochs_after_one_without_a_time_are_left_out_over_time(epochs):
    epochs = epochs[epochs["run"] == "eac-mobilenetv2_100-30-s0"].copy()
    epochs.loc[epochs["epoch"] == 3, "eval_seconds"] = np.nan
    points = curve_points(epochs, PAIR, [BY_LABEL["Evaluation loss"]], by_time=True)
    assert points["epoch"].tolist() == [1, 2]


def test_smoothing_is_the_scaled_exponential_average_of_each_run_alone(epochs):
    points = curve_points(epochs, PAIR, [BY_LABEL["Evaluation accuracy"]], smoothing=0.6)
    for _, rows in points.groupby("run"):
        values = rows["value"].to_numpy()
        for place, smoothed in enumerate(rows["smoothed"]):
            weights = 0.6 ** np.arange(place, -1, -1)
            assert smoothed == pytest.approx(np.average(values[: place + 1], weights=weights))


def test_smoothing_does_not_move_a_level_curve_and_none_adds_no_column(epochs):
    level = epochs.assign(eval_loss=0.7)
    points = curve_points(level, PAIR, [BY_LABEL["Evaluation loss"]], smoothing=0.95)
    np.testing.assert_allclose(points["smoothed"], 0.7)
    assert "smoothed" not in curve_points(level, PAIR, [BY_LABEL["Evaluation loss"]])


def test_a_run_has_one_colour_and_test_curves_are_solid(epochs):
    series = [BY_LABEL["L_cls"], BY_LABEL["Evaluation loss"]]
    points = curve_points(epochs, PAIR, series)
    colours = method_colours({run: run.rsplit("-", 3)[0] for run in PAIR})
    figure = curves_figure(points, series, colours)
    style = {trace.name: (trace.line.color, trace.line.dash) for trace in figure.data}
    assert style["EAC, L_cls"] == (hues_of("eac")[0], "dash")
    assert style["EAC, evaluation loss"] == (hues_of("eac")[0], "solid")
    assert style["baseline, evaluation loss"] == (hues_of("cross_entropy")[0], "solid")


def test_a_percent_curve_names_its_unit(epochs):
    series = [BY_LABEL["Evaluation accuracy"]]
    colours = dict.fromkeys(PAIR, "#000000")
    figure = curves_figure(curve_points(epochs, PAIR, series), series, colours)
    assert axis_titles(figure) == ("Epoch", "Evaluation accuracy (%)")
    over_time = curve_points(epochs, PAIR, series, by_time=True)
    figure = curves_figure(over_time, series, colours)
    assert axis_titles(figure) == (
        "Training and evaluation time (minutes)",
        "Evaluation accuracy (%)",
    )
    assert list(figure.data[0].x) == over_time[over_time["label"] == "EAC"]["minutes"].tolist()


def test_the_raw_curve_lies_thin_behind_the_smoothed_one_and_both_are_downloaded(epochs):
    series = [BY_LABEL["Evaluation accuracy"]]
    points = curve_points(epochs, PAIR, series, smoothing=0.5)
    raw, smoothed = curves_figure(points, series, dict.fromkeys(PAIR, "#000000")).data[:2]
    rows = points[points["label"] == "EAC"]
    assert list(raw.y) == rows["value"].tolist()
    assert list(smoothed.y) == rows["smoothed"].tolist()
    assert raw.line.width < smoothed.line.width
    assert raw.showlegend is False


def test_other_parts_of_the_loss_get_a_chart_each_with_shares_in_percent(tmp_path, write_run):
    parts = [{"ranking": 0.2, "relabelled": 0.01 * epoch} for epoch in range(6)]
    scn = with_parts(write_run(tmp_path, method="scn"), parts)
    baseline = read_run(write_run(tmp_path, method="cross_entropy"))
    epochs, series = part_epochs({"scn": scn, "baseline": baseline})
    assert [(one.label, one.percent) for one in series] == [
        ("Ranking", False),
        ("Relabelled", True),
    ]
    assert len({one.chart for one in series}) == 2
    assert all(one.chart in NOTES for one in series)
    labels = {"scn": "SCN", "baseline": "baseline"}
    points = curve_points(epochs, labels, series[1:], by_time=True)
    assert set(points["label"]) == {"SCN"}
    assert points["value"].tolist() == pytest.approx([0, 1, 2, 3, 4, 5])


def test_runs_without_other_parts_have_no_series(tmp_path, write_run):
    epochs, series = part_epochs(
        {"baseline": read_run(write_run(tmp_path, method="cross_entropy"))}
    )
    assert series == []
    assert len(epochs) == 6
    assert part_epochs({})[1] == []


@pytest.mark.parametrize("parts", ["text", 3, ["ranking"], {"ranking": "much"}, {"epoch": 9}])
@pytest.mark.slow
def test_strange_parts_draw_nothing_and_change_no_epoch(tmp_path, write_run, parts):
    record = with_parts(write_run(tmp_path), [parts] * 6)
    epochs, series = part_epochs({"run": record})
    assert epochs["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve_points(epochs, {"run": "run"}, series).empty


def test_a_preset_is_a_pair_for_each_backbone_and_noise(records, write_run):
    write_run(records, backbone="resnet50", rate=0.3)  # without a baseline run
    presets = hust_presets(read_folders([records]).table)
    assert presets == {
        "mobilenetv2_100, 30 % symmetric noise": [
            "eac-mobilenetv2_100-30-s0",
            "cross_entropy-mobilenetv2_100-30-s0",
        ],
        "mobilenetv2_100, clean labels": [
            "eac-mobilenetv2_100-0-s0",
            "cross_entropy-mobilenetv2_100-0-s0",
        ],
    }


@pytest.mark.slow
def test_unfinished_runs_are_no_preset_and_there_are_not_too_many(tmp_path, write_run):
    for rate in np.linspace(0.05, 0.6, MAX_PRESETS + 2).round(2):
        for method in ("eac", "cross_entropy"):
            write_run(tmp_path, method=method, rate=float(rate))
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method, rate=0.7, done=2, status="running")
    presets = hust_presets(read_folders([tmp_path]).table)
    assert len(presets) == MAX_PRESETS
    assert not any("70 %" in name for name in presets)


def test_every_choice_has_a_name_of_its_own(records, write_run):
    write_run(records, name="again")
    choices = run_choices(read_folders([records]).table)
    assert len(set(choices.labels.values())) == 9
    assert set(choices.first) <= set(choices.labels)
    assert all(run in choices.labels for runs in choices.presets.values() for run in runs)


def test_no_runs_are_no_choices():
    choices = run_choices(read_folders([]).table)
    assert choices == ({}, {}, [], {})


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_a_loss_that_is_no_number_breaks_the_line_of_a_run_that_is_whole(epochs, smoothing):
    run, series = next(iter(PAIR)), [BY_LABEL["Evaluation loss"]]
    mine = epochs[epochs["run"] == run].copy()
    mine.loc[mine["epoch"].isin([1, 3, 6]), "eval_loss"] = np.nan
    points = curve_points(mine, {run: "EAC"}, series, smoothing=smoothing)
    assert points["epoch"].tolist() == [2, 3, 4, 5]
    line = curves_figure(points, series, {run: "#000000"}).data[-1]
    assert np.isnan(line.y).tolist() == [False, True, False, False]
    assert line.mode == "lines+markers"
    sparse = curve_points(mine, {run: "EAC"}, series, smoothing=smoothing, sparse=[run])
    assert sparse["epoch"].tolist() == [2, 4, 5]

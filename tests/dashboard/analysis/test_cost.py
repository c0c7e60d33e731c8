"""Cost against accuracy: one point an approach, intervals over seeds, latency as measured."""

import csv
import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dashboard.analysis import noise_headline
from dashboard.analysis.comparison import comparisons, noise_points
from dashboard.analysis.cost import (
    COSTS,
    cost_front,
    cost_points,
    drawn_costs,
    in_units_of_records,
    set_choices,
    with_sets,
)
from dashboard.analysis.cost_headline import cost_headline
from dashboard.analysis.latency import (
    LATENCY,
    LATENCY_COLUMNS,
    SERVING,
    latency_tables,
    read_latency,
)
from dashboard.charts.cost import cost_figure
from dashboard.data.names import read_folders
from dashboard.report.parts import cost_parts
from fer_core.records.published import SHIPPED_RUNS
from tests.project import PROJECT


def edit_run(path, part, **changes):
    file = path / "run.json"
    record = json.loads(file.read_text())
    record[part] |= changes
    file.write_text(json.dumps(record))


@pytest.fixture
def three_seeds(tmp_path, write_run):
    """EAC and baseline at 30 % noise, three seeds each; EAC takes about twice as long."""
    for seed in range(3):
        for method, seconds in (("eac", 240.0), ("cross_entropy", 120.0)):
            path = write_run(tmp_path, method=method, seed=seed)
            edit_run(path, "result", seconds=seconds * (1 + 0.1 * seed))
    return tmp_path


def chosen_rows(folder, noise="30 % symmetric"):
    runs = with_sets(read_folders([folder]).table)
    return runs[runs["noise_name"] == noise]


def test_an_approach_is_one_point_with_its_seeds(three_seeds):
    points = cost_points(chosen_rows(three_seeds))
    assert points["n"].tolist() == [3, 3]
    assert set(points["method"]) == {"eac", "cross_entropy"}
    assert points["approach"].is_unique
    assert points["parameters"].tolist() == [2.2, 2.2]


def test_means_and_intervals_are_those_of_scipy(three_seeds):
    rows = chosen_rows(three_seeds)
    point = cost_points(rows).set_index("method").loc["eac"]
    minutes = np.log(rows.loc[rows["method"] == "eac", "seconds"].to_numpy(dtype=float) / 60)
    low, high = stats.t.interval(0.95, 2, loc=minutes.mean(), scale=stats.sem(minutes))
    assert point["seconds"] == pytest.approx(np.exp(minutes.mean()))
    assert (point["seconds_low"], point["seconds_high"]) == pytest.approx(np.exp([low, high]))
    accuracy = rows.loc[rows["method"] == "eac", "accuracy_percent"]
    half = stats.t.ppf(0.975, 2) * stats.sem(accuracy)
    assert point["accuracy_half"] == pytest.approx(half)


def test_an_approach_is_compared_with_its_baseline_over_the_seeds_of_both(three_seeds, write_run):
    for seed, gain in ((0, 0.01), (1, 0.03)):
        name = f"average-{seed}"
        path = write_run(three_seeds, method="cross_entropy", seed=seed, ema_decay=0.9, name=name)
        plain = json.loads(
            (three_seeds / f"cross_entropy-mobilenetv2_100-30-s{seed}/run.json").read_text()
        )
        accuracy = plain["result"]["accuracy_last5"] + gain
        edit_run(path, "result", accuracy_last5=accuracy, seconds=1.5 * plain["result"]["seconds"])
    points = cost_points(chosen_rows(three_seeds))
    averaged = points[points["n"] == 2].iloc[0]
    assert averaged["shared"] == 2
    half = stats.t.ppf(0.975, 1) * stats.sem([1, 3])
    assert averaged[["gap", "gap_low", "gap_high"]].tolist() == pytest.approx(
        [2, 2 - half, 2 + half]
    )
    assert averaged[["slower", "slower_low", "slower_high"]].tolist() == pytest.approx([1.5] * 3)
    eac = points.set_index("method").loc["eac"]
    assert (eac["shared"], eac["slower"]) == (3, pytest.approx(2))
    plain = points[(points["method"] == "cross_entropy") & (points["n"] == 3)].iloc[0]
    assert plain[["shared", "gap", "slower"]].isna().all()  # itself


def test_runs_without_the_measure_are_left_out(three_seeds):
    for seed in (0, 1):
        for method, share in (("eac", 0.72), ("cross_entropy", 0.70)):
            path = three_seeds / f"{method}-mobilenetv2_100-30-s{seed}"
            edit_run(path, "result", chosen_accuracy=share + 0.01 * seed)
    rows = chosen_rows(three_seeds)
    points = cost_points(rows, "chosen_percent").set_index("method")
    assert points["n"].tolist() == [2, 2]
    assert points.loc["eac", "accuracy"] == pytest.approx(72.5)
    text, basis = cost_headline(rows, "chosen_percent")
    assert "changes accuracy in the epoch chosen on held-out images by +2.0 points" in text
    assert "(2 seeds, paired)" in basis


def test_one_seed_has_no_interval_and_a_copy_of_it_is_no_evidence(tmp_path, write_run):
    write_run(tmp_path)
    write_run(tmp_path, name="copy")
    (point,) = cost_points(chosen_rows(tmp_path)).to_dict("records")
    assert point["n"] == 1
    assert np.isnan(point["accuracy_half"])
    assert np.isnan(point["seconds_low"])


def test_approaches_of_one_name_are_told_apart_by_the_option_that_differs(tmp_path, write_run):
    write_run(tmp_path, weight_decay=0.0, name="none")
    write_run(tmp_path, weight_decay=0.05, name="some")
    names = cost_points(chosen_rows(tmp_path))["approach"].tolist()
    assert all("weight decay" in name for name in names)
    assert len(set(names)) == 2


def test_a_name_leaves_out_what_most_of_its_kind_have(tmp_path, write_run):
    for name, decay, noise in (("a", 0.0, 1), ("b", 0.0, 1), ("c", 0.05, 1), ("d", 0.0, 2)):
        write_run(tmp_path, weight_decay=decay, batch_size=noise * 64, name=name)
    names = cost_points(chosen_rows(tmp_path))["approach"].tolist()
    plain = min(names, key=len)
    ends = sorted(name.removeprefix(plain) for name in names)
    assert ends == ["", " · batch size 128", " · weight decay 0.05"]


def test_the_front_has_what_none_beats_at_its_cost():
    points = pd.DataFrame(
        {"seconds": [1.0, 2.0, 2.0, 4.0, 8.0], "accuracy": [60.0, 70.0, 65.0, 70.0, 75.0]}
    )
    assert cost_front(points, COSTS["Time"]).tolist() == [True, True, False, False, True]
    speeds = points.rename(columns={"seconds": "images_per_second"})
    assert cost_front(speeds, COSTS["Images/s"]).tolist() == [False] * 4 + [True]


@pytest.fixture
def many_points(tmp_path, write_run):
    """Ten approaches with one seed; longer ones are more accurate, but the second and third."""
    for epochs in range(10):
        path = write_run(tmp_path, epochs=epochs + 5, name=f"{epochs}")
        edit_run(path, "result", seconds=60.0 * (epochs + 1))
    runs = chosen_rows(tmp_path)
    accuracy = [50.0, 49.0, 48.0, *range(60, 67)]
    by_epochs = dict(zip(range(5, 15), accuracy, strict=True))
    return cost_points(runs.assign(accuracy_percent=runs["epochs_asked"].map(by_epochs)))


def test_of_many_points_only_the_front_has_texts(many_points):
    figure = cost_figure(drawn_costs(many_points, COSTS["Time"]), COSTS["Time"])
    front, points = figure.data
    assert front.mode == "lines"
    texts = dict(zip(points.x.round(6), points.text, strict=True))
    assert [texts[cost] for cost in (1, 2, 3, 4)] == ["5 epochs", "", "", "8 epochs"]
    steps = list(zip(front.x, front.y, strict=True))
    assert np.allclose(
        steps[:3], [(1, 50), (4, 50), (4, 60)]
    )  # up to four minutes, the first is the best


def test_of_a_speed_the_front_drops_after_the_slower_point(many_points):
    speeds = [100.0 / rank for rank in range(1, 11)]
    drawn = drawn_costs(many_points.assign(images_per_second=speeds), COSTS["Images/s"])
    front, _ = cost_figure(drawn, COSTS["Images/s"]).data
    steps = list(zip(front.x, front.y, strict=True))
    assert np.allclose(steps[:3], [(10, 66), (10, 65), (100 / 9, 65)])


def test_two_seeds_have_no_bars_but_their_figures(tmp_path, write_run):
    for seed in range(2):
        edit_run(write_run(tmp_path, seed=seed), "result", seconds=100.0 + 400 * seed)
    drawn = drawn_costs(cost_points(chosen_rows(tmp_path)), COSTS["Time"])
    figure = cost_figure(drawn, COSTS["Time"])
    (points,) = figure.data
    assert np.isnan(points.error_y.array).all()
    assert np.isnan(points.error_x.array).all()
    assert f"to {drawn['seconds_high'].iloc[0]:.4g}" in points.customdata[0][1]
    assert 10 ** figure.layout.xaxis.range[1] < drawn["seconds_high"].iloc[0]


def test_sizes_and_backbones_are_points_of_their_own(tmp_path, write_run):
    for size in (32, 48):
        for backbone in ("test_resnet", "mobilenetv2_100"):
            write_run(tmp_path, image_size=size, backbone=backbone, name=f"{size}-{backbone}")
    assert len(cost_points(chosen_rows(tmp_path))) == 4


def test_other_test_images_and_other_noise_never_share_a_chart(records, write_run):
    write_run(records, data="ferplus", content="b" * 64, name="other")
    choices = set_choices(with_sets(read_folders([records]).table))
    assert len(choices) == 2
    assert choices["synthetic faces · 7 classes"] == ["30 % symmetric", "none"]


def test_the_choices_begin_with_the_pair_that_speaks_first(tmp_path, write_run):
    for seed in (0, 1):
        for method in ("cross_entropy", "eac"):
            for rate in (0.3, 0.0):
                write_run(tmp_path, method=method, rate=rate, seed=seed, data="ferplus")
            write_run(tmp_path, method=method, rate=0.1, seed=seed)
    for size in (32, 64, 96):  # more approaches and more noise do not make up for a pair
        for rate in (0.5, 0.0):
            name = f"{size}-{rate}"
            write_run(tmp_path, rate=rate, image_size=size, data="ferplus", name=name)
    choices = set_choices(with_sets(read_folders([tmp_path]).table))
    faces, drawn = choices.values()
    assert faces == ["30 % symmetric", "none", "50 % symmetric"]
    assert drawn == ["10 % symmetric"]
    assert set_choices(with_sets(read_folders([]).table)) == {}


@pytest.mark.parametrize("name", ["Parameters", "Images/s", "Time"])
def test_the_chart_draws_exactly_its_rows_on_a_logarithmic_axis(three_seeds, name):
    cost = COSTS[name]
    drawn = drawn_costs(cost_points(chosen_rows(three_seeds)), cost)
    figure = cost_figure(drawn, cost)
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.title.text == f"Accuracy by {cost.name}"
    shown = [(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)]
    assert sorted(shown) == sorted(zip(drawn[cost.column], drawn["accuracy"], strict=True))
    bars = np.concatenate([trace.error_y.array for trace in figure.data])
    assert sorted(bars) == sorted(drawn["accuracy_half"])
    if cost.varies:
        trace = figure.data[0]
        rows = drawn[drawn["method"] == "cross_entropy"]
        assert trace.x + trace.error_x.array == pytest.approx(rows[f"{cost.column}_high"])
        assert trace.x - trace.error_x.arrayminus == pytest.approx(rows[f"{cost.column}_low"])


def test_multiply_adds_are_shown_where_a_record_holds_them(three_seeds, write_run):
    assert drawn_costs(cost_points(chosen_rows(three_seeds)), COSTS["MACs"]).empty
    for seed in range(3):
        edit_run(three_seeds / f"eac-mobilenetv2_100-30-s{seed}", "model", macs=15_000_000)
    drawn = drawn_costs(cost_points(chosen_rows(three_seeds)), COSTS["MACs"])
    assert drawn["macs"].tolist() == pytest.approx([15.0])


def test_the_headline_pairs_by_seed_and_gives_ratio_and_difference(three_seeds):
    text, basis = cost_headline(chosen_rows(three_seeds))
    assert "EAC takes 2.00 times as long" in text
    assert "(3 seeds, paired). EAC here: " in basis
    assert "Time:" not in basis


def test_the_headline_says_that_there_is_no_pair(tmp_path, write_run):
    write_run(tmp_path)
    assert "no pair" in cost_headline(chosen_rows(tmp_path)).text


def test_the_gain_is_that_of_the_pair_that_speaks_first_and_the_cost_of_the_one_best_timed(
    three_seeds, write_run
):
    for seed in range(4):  # more seeds, beside other programs
        for method, seconds in (("eac", 90.0 * 2**seed), ("cross_entropy", 100.0)):
            name = f"{method}-{seed}"
            path = write_run(three_seeds, method=method, seed=seed, epochs=9, name=name)
            edit_run(path, "result", seconds=seconds, accuracy_last5=0.5 + 0.01 * (method == "eac"))
    text, basis = cost_headline(chosen_rows(three_seeds))
    assert re.search(r"takes 2\.00 times as long .* and changes accuracy by \+1\.0 points", text)
    assert re.search(r"^Time: .* 6 epochs .*\(3 seeds.* Accuracy: .* 9 epochs .*\(4 seeds", basis)


def test_run_times_are_compared_only_where_both_runs_share_device_and_precision(three_seeds):
    edit_run(three_seeds / "eac-mobilenetv2_100-30-s0", "environment", device="NVIDIA H200")
    edit_run(three_seeds / "eac-mobilenetv2_100-30-s0", "result", seconds=2.0)
    text, basis = cost_headline(chosen_rows(three_seeds))
    assert "EAC takes 2.00 times as long" in text
    assert re.search(r"^Time: .*\(2 seeds, paired\).* Accuracy: .*\(3 seeds, paired\)", basis)
    for seed in (1, 2):
        path = three_seeds / f"cross_entropy-mobilenetv2_100-30-s{seed}"
        edit_run(path, "environment", precision="bf16")
    text, basis = cost_headline(chosen_rows(three_seeds))
    assert text.startswith("Training with EAC changes accuracy by ")
    assert "run times are not compared" in text
    assert "(3 seeds, paired)" in basis
    assert "Time:" not in basis


@pytest.mark.slow
def test_the_shipped_runs_say_what_eac_costs_and_changes_as_every_page_does():
    """Cost by the pair whose ratio is known best: most others were trained beside other work."""
    runs = with_sets(read_folders([SHIPPED_RUNS]).table)
    (name,) = runs.loc[runs["run"] == "study/eac-noise0.3-seed0", "tested_on"]
    chosen = runs[(runs["tested_on"] == name) & (runs["noise_name"] == "30 % symmetric")]
    headline, basis = cost_headline(chosen)
    assert re.search(r"takes 1\.6\d times .*95 % interval", headline)
    points = noise_points(read_folders([SHIPPED_RUNS]).table)
    first = points[points["comparison"] == comparisons(points)[0]]
    told = re.search(r"[+-]\d\.\d points", noise_headline.headline(first))[0]
    assert f"changes accuracy by {told}" in headline
    timed, compared = re.search(r"^Time: (.*) Accuracy: (.*)$", basis).groups()
    assert "112 px" in timed
    assert "(2 seeds, paired)" in timed
    assert "EAC here: lambda 1 (otherwise as in the paper)" in timed
    assert compared.endswith("EAC here: as in the paper: the labelled view is never flipped.")


def test_every_measured_speed_has_figure_unit_and_source():
    with LATENCY.open(newline="") as file:
        assert tuple(next(csv.reader(file))) == LATENCY_COLUMNS
    rows = read_latency()
    for column in ("what", "figure", "unit", "command", "source"):
        assert (rows[column] != "").all()
    assert rows["figure"].str.fullmatch(r"[\d,.]+(-\d+)?").all()
    assert ((rows["ratio"] == "") | rows["ratio"].str.fullmatch(r"\d+\.\d+")).all()
    assert (rows.loc[rows["ratio"] != "", "reference"] != "").all()
    demo, training = latency_tables(rows)
    assert len(demo) + len(training) == len(rows)
    assert all(any(name in command for name in SERVING) for command in demo["command"])


def test_speeds_from_the_diary_stand_in_it_exactly():
    diary = (PROJECT / "docs" / "experiments.md").read_text()
    rows = read_latency()
    for row in rows[rows["source"].str.startswith("docs/")].to_dict("records"):
        assert row["figure"] in diary
        assert row["ratio"] in diary
        assert row["command"].split(" --")[0] in diary or row["command"] == "not stated"


@pytest.mark.slow
def test_the_report_file_shows_costs_and_speeds_and_says_what_is_missing(three_seeds, write_run):
    for epochs, seconds in ((9, 400.0), (12, 500.0)):
        for seed in range(3):
            name = f"{epochs}-epochs-s{seed}"
            path = write_run(three_seeds, method="eac", epochs=epochs, seed=seed, name=name)
            edit_run(path, "result", seconds=seconds)
    parts = cost_parts(read_folders([three_seeds]))
    charts = [str(part.figure.layout.title.text) for part in parts if part.figure is not None]
    assert charts == ["Accuracy by run time"]  # in all other costs the approaches agree
    assert any(part.heading == "MACs" and "recorded them" in part.text for part in parts)
    assert parts[-1].heading == "Measured speed"


def test_the_data_below_a_chart_of_the_report_file_has_the_units_of_records(three_seeds, write_run):
    for epochs in (9, 12):
        path = write_run(three_seeds, method="eac", epochs=epochs, name=f"{epochs}-epochs")
        edit_run(path, "result", seconds=60.0 * epochs)
    first, *_ = cost_parts(read_folders([three_seeds]))
    seconds = first.table.set_index("epochs_asked")["seconds"]
    assert seconds[[9, 12]].tolist() == pytest.approx([540, 720])


def test_the_report_file_says_the_cost_of_two_approaches_in_a_sentence(three_seeds):
    first, *others = cost_parts(read_folders([three_seeds]))
    assert first.figure is None
    assert "takes 2.00 times as long" in first.text
    assert [part.heading for part in others] == ["MACs", "Measured speed"]


def test_files_have_costs_in_the_units_of_records():
    runs = with_sets(read_folders([SHIPPED_RUNS]).table)
    chosen = runs[runs["run"].str.startswith("study48/baseline-sym30-")]
    points = cost_points(chosen)
    (row,) = in_units_of_records(points).to_dict("records")
    assert row["seconds"] == pytest.approx(np.exp(np.log(chosen["seconds"]).mean()))
    assert row["parameters"] == chosen["parameters"].iloc[0]
    assert points["seconds"].iloc[0] == pytest.approx(row["seconds"] / 60)
    drawn = in_units_of_records(drawn_costs(points, COSTS["Time"]))
    assert drawn["seconds_low"].iloc[0] == pytest.approx(row["seconds_low"])
    assert "macs" not in drawn

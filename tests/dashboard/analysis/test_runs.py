"""The table of runs: filters, sparklines, options against accuracy."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.dashboard import make_records
from dashboard.analysis.runs import (
    ACCURACY,
    UNUSED,
    filter_choices,
    filter_runs,
    option_axes,
    scaled_curves,
    search_runs,
    with_curves,
    with_names,
)
from dashboard.analysis.sets import image_sets
from dashboard.charts.parallel import parallel_figure
from dashboard.data.names import read_folders


@pytest.fixture
def runs(records):
    return read_folders([records])


def test_a_filter_without_choice_passes_every_run(runs):
    assert len(filter_runs(with_names(runs.table), {"method": [], "noise": []})) == 8


def test_filters_of_several_columns_pass_what_all_of_them_pass(runs):
    named = with_names(runs.table)
    passed = filter_runs(named, {"method": ["EAC"], "noise": ["30 % symmetric"]})
    assert passed["run"].tolist() == ["eac-mobilenetv2_100-30-s0", "eac-mobilenetv2_100-30-s1"]


def test_noise_is_offered_by_its_rate(tmp_path, write_run):
    for rate in (0.3, 0.05, 0.0, 0.1):
        write_run(tmp_path, rate=rate)
    choices = filter_choices(with_names(read_folders([tmp_path]).table))["noise"]
    assert choices == ["5 % symmetric", "10 % symmetric", "30 % symmetric", "none"]


def test_a_sparkline_holds_the_runs_own_accuracies(runs):
    shown = with_curves(runs.table, runs.epochs).set_index("run")["curve"]
    for run, rows in runs.epochs.groupby("run"):
        assert shown[run] == pytest.approx((100 * rows["eval_accuracy"]).round(1).tolist())


def test_a_run_without_an_epoch_has_an_empty_sparkline(tmp_path, write_run):
    write_run(tmp_path, done=0, status="running")
    runs = read_folders([tmp_path])
    assert with_curves(runs.table, runs.epochs)["curve"].tolist() == [[]]


def test_the_axes_are_what_the_runs_differ_in(runs):
    axes = option_axes(runs.table)
    assert set(axes.columns) >= {"run", "method", "noise", "noise_percent", "seed", ACCURACY}
    assert "backbone" not in axes.columns
    assert "learning_rate" not in axes.columns


def test_an_option_of_one_method_is_not_used_by_the_others(tmp_path, write_run):
    write_run(tmp_path, method="eac", consistency_weight=2.0, name="two")
    write_run(tmp_path, method="eac", consistency_weight=5.0, name="five")
    write_run(tmp_path, method="cross_entropy")
    axes = option_axes(read_folders([tmp_path]).table).set_index("run")
    assert axes.loc["two", "consistency_weight"] == 2.0
    assert axes.loc["cross_entropy-mobilenetv2_100-30-s0", "consistency_weight"] == UNUSED


def test_other_test_images_are_another_set(records, write_run):
    write_run(records, name="other pictures", content="b" * 64)
    write_run(records, name="other data", data="ferplus", content="c" * 64)
    sets = image_sets(read_folders([records]).table)
    assert sets.value_counts().tolist() == [8, 1, 1]


def test_every_searched_word_must_be_somewhere_in_the_run(records):
    (records / "eac-mobilenetv2_100-30-s0" / "tags.txt").write_text("Paper\n")
    (records / "eac-mobilenetv2_100-0-s0" / "notes.md").write_text("for the PAPER, too\n")
    named = with_names(read_folders([records]).table)
    assert len(search_runs(named, "  ")) == 8
    assert set(search_runs(named, "paper")["run"]) == {
        "eac-mobilenetv2_100-30-s0",
        "eac-mobilenetv2_100-0-s0",
    }
    assert search_runs(named, "paper symmetric")["run"].tolist() == ["eac-mobilenetv2_100-30-s0"]
    assert search_runs(named, "paper (nothing").empty


def test_sparklines_have_the_scale_of_their_data_set_where_there_are_several(records, write_run):
    alone = with_curves(read_folders([records]).table, read_folders([records]).epochs)
    same, low, high = scaled_curves(alone)
    assert same is alone
    assert (low, high) == (
        min(min(curve) for curve in alone["curve"]),
        max(max(curve) for curve in alone["curve"]),
    )
    write_run(records, name="other", data="ferplus", content="c" * 64)
    runs = read_folders([records])
    scaled, low, high = scaled_curves(with_curves(runs.table, runs.epochs))
    assert (low, high) == (0, 100)
    for _, curves in scaled.groupby("data")["curve"]:
        assert min(map(min, curves)) == 0
        assert max(map(max, curves)) == pytest.approx(100)


def test_parallel_coordinates_draw_every_run_on_every_axis(runs):
    axes = option_axes(runs.table)
    figure = parallel_figure(axes, ACCURACY)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    labels = list(figure.layout.yaxis.ticktext)
    assert labels[-1] == "accuracy (%)"
    assert "noise percent" in labels
    points = [place for trace in lines for place in trace.x if place is not None]
    assert len(points) == len(axes) * len(labels)
    assert all(-0.05 <= place <= 1.05 for place in points)
    texts = {text for trace in lines for text in trace.text}
    for run, method in zip(axes["run"], axes["method"], strict=True):
        assert f"{run}<br>method: {method}" in texts


def test_values_that_are_numbers_in_part_stand_in_the_order_of_numbers(tmp_path, write_run):
    for weight in (10.0, 2.0):
        write_run(tmp_path, method="eac", consistency_weight=weight, name=f"weight {weight}")
    write_run(tmp_path, method="cross_entropy")
    figure = parallel_figure(option_axes(read_folders([tmp_path]).table), ACCURACY)
    weight = next(trace for trace in figure.data if trace.name == "consistency weight")
    assert weight.text == ("2", "10", UNUSED)
    assert list(weight.x) == sorted(weight.x)


def test_whole_numbers_of_numpy_beside_one_that_is_not_stated_are_drawn_as_numbers():
    epochs = pd.Series([np.int64(3), pd.NA, np.int64(12)], dtype=object)
    axes = pd.DataFrame({"run": ["a", "b", "c"], "epochs": epochs, ACCURACY: [70.0, 71.0, 72.0]})
    figure = parallel_figure(axes, ACCURACY)
    drawn = next(trace for trace in figure.data if trace.name == "epochs")
    assert drawn.text == ("3", "12", "not stated")


def test_pages_of_many_runs_can_be_measured(tmp_path):
    make_records(tmp_path, runs=6, epochs=2)
    runs = read_folders([tmp_path])
    assert (len(runs.table), len(runs.epochs), runs.problems) == (6, 12, [])
    assert all((folder / "predictions.csv").exists() for folder in runs.folders.values())

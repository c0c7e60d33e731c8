"""Training curves of groups of runs."""

import numpy as np
import pytest

from dashboard.analysis.curves import BY_LABEL
from dashboard.analysis.group_curves import (
    DEVIATION,
    INTERVAL,
    RANGE,
    group_points,
    unfinished_groups,
)
from dashboard.analysis.seed_groups import seed_groups
from dashboard.charts.curves import group_curves_figure
from dashboard.data.names import read_folders
from fer_core.metrics.student_t import mean_interval

ACCURACY = [BY_LABEL["Evaluation accuracy"]]


@pytest.fixture
def three(tmp_path, write_run):
    for seed in range(3):
        write_run(tmp_path, seed=seed, accuracy=0.7 + 0.03 * seed)
    return read_folders([tmp_path])


def last(points):
    return points.iloc[-1]


def test_a_curve_is_the_mean_over_seeds_with_the_chosen_band(three):
    groups = seed_groups(three.table)
    of_epoch = three.epochs[three.epochs["epoch"] == 6]["eval_accuracy"] * 100
    mean = mean_interval(of_epoch.to_numpy())
    for band, low, high in (
        (INTERVAL, mean.mean - mean.half, mean.mean + mean.half),
        (DEVIATION, mean.mean - mean.deviation, mean.mean + mean.deviation),
        (RANGE, of_epoch.min(), of_epoch.max()),
    ):
        point = last(group_points(three.epochs, groups, ACCURACY, band=band))
        assert (point["value"], point["n"]) == (pytest.approx(mean.mean), 3)
        assert (point["low"], point["high"]) == pytest.approx((low, high))


def test_one_run_has_a_mean_and_no_band(three):
    groups = seed_groups(three.table.head(1))
    points = group_points(three.epochs, groups, ACCURACY)
    assert points["low"].isna().all()
    figure = group_curves_figure(points, ACCURACY, {groups[0].runs[0]: "#1F83C4"})
    assert [trace.name for trace in figure.data] == ["EAC (n = 1)"]


def test_the_band_is_drawn_behind_its_curve(three):
    groups = seed_groups(three.table)
    points = group_points(three.epochs, groups, ACCURACY, smoothing=0.5, by_time=True)
    band, line = group_curves_figure(points, ACCURACY, {groups[0].runs[0]: "#1F83C4"}).data
    assert (band.fill, line.name) == ("toself", "EAC (n = 3)")
    assert np.isfinite(np.array(line.x, dtype=float)).all()


def test_unfinished_runs_of_a_group_are_counted(tmp_path, write_run):
    write_run(tmp_path)
    write_run(tmp_path, seed=1, done=2, status="running")
    table = read_folders([tmp_path]).table
    assert unfinished_groups(seed_groups(table), table) == [
        "EAC (1 of 2 runs running): 2 of 6 epochs"
    ]


def test_the_mean_curve_breaks_where_no_run_has_a_value(three):
    epochs, groups = three.epochs.copy(), seed_groups(three.table)
    epochs.loc[epochs["epoch"] == 3, "eval_accuracy"] = np.nan
    points = group_points(epochs, groups, ACCURACY)
    assert points["n"].tolist() == [3, 3, 0, 3, 3, 3]
    assert points["value"].isna().tolist() == [epoch == 3 for epoch in points["epoch"]]
    *_, line = group_curves_figure(points, ACCURACY, {groups[0].runs[0]: "#1F83C4"}).data
    assert line.name == "EAC (n = 3)"
    epochs.loc[epochs["run"] == groups[0].runs[0], "eval_accuracy"] = np.nan
    assert group_points(epochs, groups, ACCURACY)["n"].max() == 2

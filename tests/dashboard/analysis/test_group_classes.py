"""Confusions, recall, calibration and slices over seeds."""

import pytest

from dashboard.analysis.classes import recall_table
from dashboard.analysis.group_classes import (
    group_calibration,
    group_recalls,
    group_slices,
    pooled_confusions,
)
from dashboard.analysis.seed_groups import seed_groups
from dashboard.data.names import read_folders
from fer_core.metrics.intervals import wilson
from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.run import read_run


@pytest.fixture
def runs(tmp_path, write_run):
    for seed in range(2):
        folder = write_run(tmp_path, seed=seed, accuracy=0.7 + 0.1 * seed)
        rows = [Prediction(f"{i}.png", 0, int(i < 2 + seed), 0.6) for i in range(10)]
        write_predictions(folder, rows)
    return read_folders([tmp_path])


@pytest.fixture
def groups(runs):
    return seed_groups(runs.table)


def test_confusions_are_summed_over_seeds(runs, groups):
    (pooled,) = pooled_confusions(runs.confusions, groups).values()
    one, two = runs.confusions.values()
    assert pooled.counts[0][0] == one.counts[0][0] + two.counts[0][0]


def test_different_classes_are_not_pooled(runs, groups):
    run, *_ = runs.confusions
    other = runs.confusions[run]._replace(classes=("calm", *runs.confusions[run].classes[1:]))
    with pytest.raises(ValueError, match="different classes"):
        pooled_confusions({**runs.confusions, run: other}, groups)


def test_recall_is_the_mean_over_seeds_with_the_interval_of_one_runs_images(runs, groups):
    labels = {groups[0].runs[0]: "EAC"}
    table = group_recalls(runs.confusions, groups, labels)
    single = recall_table(runs.confusions, dict.fromkeys(groups[0].runs, "EAC"))
    name = table["class"].iloc[0]
    mine = single[single["class"] == name]
    row = table.iloc[0]
    assert row["recall"] == pytest.approx(mine["recall"].mean())
    assert (row["sd"], row["n"]) == (pytest.approx(mine["recall"].std()), 2)
    images = int(mine["images"].iloc[0])
    expected = wilson(round(row["recall"] / 100 * images), images)
    assert (row["low"], row["high"]) == pytest.approx((100 * expected.low, 100 * expected.high))


def test_calibration_pools_the_bins_and_averages_the_error(runs, groups):
    found = group_calibration(runs.folders, groups, {groups[0].runs[0]: "EAC"})
    (bin_,) = found.curve.to_dict("records")
    assert bin_["accuracy"] == pytest.approx((80 + 70) / 2)
    assert bin_["images"] == 10
    (errors,) = found.errors.to_dict("records")
    assert (errors["n"], errors["images"]) == (2, 10)
    assert errors["ece"] == pytest.approx((20 + 10) / 2)


def test_calibration_without_predictions_names_the_problem(tmp_path, write_run):
    write_run(tmp_path)
    runs = read_folders([tmp_path])
    groups = seed_groups(runs.table)
    found = group_calibration(runs.folders, groups, {groups[0].runs[0]: "EAC"})
    assert found.curve.empty
    assert "no predictions.csv" in found.problems[0]


def test_records_without_slices_have_none(runs, groups):
    records = {run: read_run(runs.folders[run]) for run in groups[0].runs}
    assert group_slices(records, groups, {groups[0].runs[0]: "EAC"}).empty

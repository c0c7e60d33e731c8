"""The table of groups of runs, and paired differences between groups."""

import numpy as np
import pytest

from dashboard.analysis.group_table import group_gaps, group_table
from dashboard.analysis.seed_groups import seed_groups
from dashboard.data.names import read_folders
from fer_core.metrics.student_t import mean_interval


@pytest.fixture
def folder(tmp_path, write_run):
    """EAC with three seeds, the baseline with two of them and one that still runs."""
    for seed in range(3):
        write_run(tmp_path, seed=seed, accuracy=0.8 + 0.03 * seed)
    for seed in (1, 2):
        write_run(tmp_path, method="cross_entropy", seed=seed, accuracy=0.7)
    write_run(tmp_path, method="cross_entropy", seed=3, done=2, status="running")
    return tmp_path


def by_method(table):
    return sorted(seed_groups(table), key=lambda group: group.method, reverse=True)


def test_a_group_has_mean_deviation_and_interval_over_its_finished_runs(folder):
    table = read_folders([folder]).table
    eac, baseline = group_table(table, by_method(table)).to_dict("records")
    figures = table.loc[table["method"] == "eac", "accuracy_percent"].to_numpy()
    mean = mean_interval(figures)
    assert (eac["n"], eac["seeds"]) == (3, "0, 1, 2")
    assert (eac["accuracy"], eac["accuracy_sd"]) == pytest.approx((mean.mean, mean.deviation))
    assert eac["accuracy_low"] == pytest.approx(mean.mean - mean.half)
    assert (baseline["n"], baseline["status"]) == (2, "2 finished, 1 running")


def test_a_difference_is_over_the_seeds_that_both_groups_have(folder):
    table = read_folders([folder]).table
    eac, baseline = by_method(table)
    (gap,) = group_gaps(table, [baseline, eac]).to_dict("records")
    assert (gap["n"], gap["seeds"], gap["reason"]) == (2, "1, 2", "")
    assert gap["difference"] == pytest.approx(gap["mean"] - gap["first"])
    assert gap["low"] < gap["difference"] < gap["high"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"content": "b" * 64}, "evaluation images"), ({"seed": 7}, "no finished run of one seed")],
)
def test_groups_that_share_no_images_or_seeds_have_a_reason(folder, write_run, changed, reason):
    write_run(folder, method="gce", name="other", **changed)
    table = read_folders([folder]).table
    groups = {group.method: group for group in seed_groups(table)}
    (gap,) = group_gaps(table, [groups["eac"], groups["gce"]]).to_dict("records")
    assert reason in gap["reason"]
    assert np.isnan(gap["difference"])


def test_pooled_groups_are_not_paired(folder, write_run):
    write_run(folder, rate=0.1, name="other rate")
    table = read_folders([folder]).table
    groups = seed_groups(table, ["method"])
    assert group_table(table, groups)["pooled"].tolist().count("noise") == 1
    assert "pools" in group_gaps(table, groups)["reason"].item()

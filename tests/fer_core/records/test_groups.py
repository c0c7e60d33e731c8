"""The seeds of one approach, and their means."""

import pytest

from fer_core.records.groups import group_runs, group_trials, repeats
from fer_core.records.run import read_run
from fer_core.records.trials import trial_of
from tests.made_records import made_record


def test_seeds_of_one_approach_stand_together_and_a_repeated_seed_counts_once():
    runs = [
        made_record(seed=0, accuracy=0.5),
        made_record(seed=1, accuracy=0.7),
        made_record(seed=1, accuracy=0.6, started="2026-01-02"),
        made_record(seed=2, accuracy=0.9, status="failed"),
    ]
    (group,) = group_runs(runs)
    assert [trial.seed for trial in group.trials] == [0, 1]
    assert group.over_seeds("accuracy_last5").mean == pytest.approx(55.0)
    assert group.last_epoch("memorised").mean == pytest.approx(20.0)


def test_a_run_whose_seed_nobody_stated_repeats_no_other():
    runs = [made_record(suite="thesis", seed=seed) for seed in (None, None, 0, 0)]
    groups = group_runs(runs)
    assert [[trial.seed for trial in group.trials] for group in groups] == [[-1], [-1], [0]]
    assert [group.comparable for group in groups] == [False, False, True]


def test_a_finished_run_counts_before_a_later_one_that_is_still_running():
    runs = [
        made_record(started="2026-01-01"),
        made_record(started="2026-01-02", status="running"),
    ]
    (group,) = group_trials(trial_of(run) for run in runs)
    assert [trial.finished for trial in group.trials] == [True]


def test_a_figure_that_a_run_lacks_has_no_mean():
    (group,) = group_runs([made_record()])
    assert group.over_seeds("mean_class_accuracy_last5") is None


def test_a_finished_run_without_epochs_has_no_figure_of_the_last_one(tmp_path, write_run):
    path = write_run(tmp_path)
    (path / "epochs.jsonl").unlink()
    (group,) = group_runs([read_run(path)])
    assert group.last_epoch("memorised") is None


def test_a_run_that_a_later_one_repeats_is_named(tmp_path, write_run):
    first, second = (read_run(write_run(tmp_path, name=name)) for name in ("first", "second"))
    assert len(repeats([first, second])) == 1
    assert repeats([first]) == []

"""Progress, silence and trouble of runs."""

import json

import numpy as np
import pytest

from dashboard.analysis.progress import duration, running, troubles
from dashboard.data.names import read_folders


@pytest.fixture
def going(tmp_path, write_run):
    write_run(tmp_path, name="going", done=2, status="running")
    write_run(tmp_path, name="finished", seed=1)
    return read_folders([tmp_path])


def seconds_of_an_epoch(runs):
    mine = runs.epochs[runs.epochs["run"] == "going"]
    return (mine["train_seconds"] + mine["eval_seconds"]).median()


def test_a_running_run_says_how_far_it_is_and_how_long_it_takes(going):
    (one,) = running(going.table, going.epochs, {"going": 100.0}, 130.0)
    assert (one.run, one.done, one.asked, one.silent_seconds) == ("going", 2, 6, 30)
    assert one.text == f"2 of 6, {duration(4 * seconds_of_an_epoch(going))} left"
    assert not one.stalled


def test_a_run_that_is_silent_for_long_is_said_to_be(going):
    (one,) = running(going.table, going.epochs, {"going": 0.0}, 720.0)
    assert one.stalled
    assert one.text == "2 of 6, no progress for 12 min"


def test_long_epochs_may_be_silent_for_longer(going):
    slow = going.epochs.assign(train_seconds=1000.0)
    (one,) = running(going.table, slow, {"going": 0.0}, 720.0)
    assert not one.stalled


def test_nobody_knows_of_a_downloaded_run_whether_it_lives(going):
    (one,) = running(going.table, going.epochs, {}, 1e9)
    assert np.isnan(one.silent_seconds)
    assert not one.stalled


def test_a_run_without_an_epoch_gets_more_patience(tmp_path, write_run):
    write_run(tmp_path, name="new", done=0, status="running")
    runs = read_folders([tmp_path])
    texts = {
        silent: running(runs.table, runs.epochs, {"new": 0.0}, silent)[0].text
        for silent in (1200.0, 3600.0)
    }
    assert texts == {1200.0: "0 of 6", 3600.0: "0 of 6, no progress for 60 min"}


def test_healthy_runs_have_no_trouble(going):
    assert troubles(going.table, going.epochs) == {}


def test_a_loss_that_is_no_number_and_a_single_predicted_class_are_named(going):
    epochs = going.epochs.copy()
    mine = epochs["run"] == "going"
    epochs.loc[mine & (epochs["epoch"] == 2), "train_loss"] = np.inf
    epochs.loc[epochs["run"] == "finished", "eval_mean_class_accuracy"] = 1 / 7
    found = troubles(going.table, epochs)
    assert "since epoch 2" in found["going"]
    assert "14 %" in found["finished"]
    assert json.dumps(found)

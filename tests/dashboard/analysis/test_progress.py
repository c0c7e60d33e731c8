"""Progress, silence and trouble of runs."""

import json

import numpy as np
import pytest

from dashboard.analysis.progress import duration, running, troubles
from dashboard.data.names import read_folders
from fer_core.importing.runs import Facts, import_run
from fer_core.importing.sources import find_sources


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


@pytest.mark.parametrize("first", [1, 2])
def test_a_run_of_this_program_always_has_a_loss(going, first):
    epochs = going.epochs.copy()
    epochs.loc[(epochs["run"] == "going") & (epochs["epoch"] >= first), "train_loss"] = np.nan
    assert f"since epoch {first}" in troubles(going.table, epochs)["going"]


@pytest.mark.parametrize(
    ("column", "epochs_without", "said"),
    [
        ("train_loss", [1], "is not a finite number in epoch 1"),
        ("eval_loss", [2, 3, 4, 5, 6], "since epoch 2"),
        ("eval_loss", [2, 4], "in 2 epochs, first in epoch 2"),
        ("eval_loss", [1, 2, 3, 4, 5, 6], ""),  # it was never stated
    ],
)
def test_a_loss_that_is_no_number_for_a_while_is_not_said_to_stay_so(
    going, column, epochs_without, said
):
    epochs = going.epochs.copy()
    mine = epochs["run"] == "finished"
    assert sorted(epochs.loc[mine, "epoch"]) == [1, 2, 3, 4, 5, 6]
    epochs.loc[mine & epochs["epoch"].isin(epochs_without), column] = np.nan
    found = troubles(going.table, epochs)
    assert said in found.get("finished", "")
    assert bool(found) == bool(said)


@pytest.fixture
def import_table(tmp_path):
    """``import_table(text, classes)``: the runs of one CSV of another program, called theirs."""

    def read(text, classes=()):
        (tmp_path / "theirs.csv").write_text(text)
        (source,) = find_sources(tmp_path / "theirs.csv").sources
        import_run(source, tmp_path / "runs", Facts(classes=classes))
        return read_folders([tmp_path / "runs"])

    return read


def test_chance_is_unknown_where_nobody_stated_the_classes(import_table):
    text = "epoch,val_acc,val_uar\n" + "".join(f"{e},0.55,0.52\n" for e in range(1, 6))
    runs = import_table(text)
    assert runs.table["classes"].tolist() == [0]
    assert troubles(runs.table, runs.epochs) == {}


def test_an_imported_run_with_stated_classes_is_judged_by_them(import_table):
    text = "epoch,val_acc,val_uar\n" + "".join(f"{e},0.55,0.52\n" for e in range(1, 6))
    runs = import_table(text, ("happiness", "sadness"))
    assert "52 %, which is chance for 2 classes" in troubles(runs.table, runs.epochs)["theirs"]


@pytest.mark.parametrize(
    "losses",
    [
        ["", 2, 1, 1, 1],  # evaluated before training
        [2, 1, 1, 1, ""],  # and after it
        ["", "", 1, "", 1, ""],  # logged every other epoch
        [2, "", "", 1, "", ""],
        ["nan", 2, 1, 1],  # finite again
        ["", "", "", ""],
        [2, 1, 1, 1],
    ],
)
def test_a_loss_that_an_imported_run_never_stated_is_no_trouble(import_table, losses):
    rows = [f"{epoch},{loss},0.75\n" for epoch, loss in enumerate(losses)]
    runs = import_table("epoch,train_loss,val_acc\n" + "".join(rows))
    assert troubles(runs.table, runs.epochs) == {}


@pytest.mark.parametrize(
    ("losses", "since"),
    [([2, 1, 1, "nan", "nan"], 4), ([2, "inf", "nan"], 2), (["", 2, "", 1, "nan", "nan"], 5)],
)
def test_a_loss_of_an_imported_run_that_is_no_number_to_the_end_is_named(
    import_table, losses, since
):
    rows = [f"{epoch},{loss},0.75\n" for epoch, loss in enumerate(losses)]
    runs = import_table("epoch,train_loss,val_acc\n" + "".join(rows))
    assert f"since epoch {since}" in troubles(runs.table, runs.epochs)["theirs"]


def test_one_epoch_of_training_without_its_loss_is_enough(import_table):
    runs = import_table("epoch,loss,accuracy,val_acc\n1,2,0.3,0.4\n2,1,0.4,0.5\n3,nan,0.1,0.1\n")
    assert "since epoch 3" in troubles(runs.table, runs.epochs)["theirs"]

import json
import logging
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from accelerate.utils import LoggerType

from fer_core.records.run import read_run
from fer_core.training import trackers
from fer_core.training.engine import train
from fer_core.training.tracker_log import TrackerLog, numbers
from fer_core.training.tracker_start import Watch, start_trackers
from fer_core.training.trackers import (
    FOLDER,
    PROJECT,
    TRACKERS,
    TrackerError,
    choose_trackers,
    refuse_idle_project,
)

TRACKIO = """
import json, sys
from pathlib import Path
from fer_core.config import from_json
from fer_core.training.engine import train

if __name__ == "__main__":
    config, folder = from_json(json.loads(sys.argv[1])), Path(sys.argv[2])
    train(config, folder, device="cpu", progress=False, log_with="trackio", project="faces")
    from trackio import Api
    from trackio.sqlite_storage import SQLiteStorage
    (run,) = Api().runs("faces")
    logs = SQLiteStorage.get_logs("faces", run.name)
    seen = {"name": run.name, "config": run.config, "logs": logs}
    Path(sys.argv[3]).write_text(json.dumps(seen))
"""


class Pretended:
    """A tracker that remembers what it is told, and fails at the calls that it is asked to."""

    def __init__(self, name="pretended", fails=()):
        self.name, self.fails, self.told = name, fails, []

    def store_init_configuration(self, values):
        self._take("configuration", values)

    def log(self, values, step=None):
        self._take("log", (step, values))

    def finish(self):
        self._take("finish", None)

    def _take(self, call, values):
        if call in self.fails:
            raise ConnectionError("no route to the server")
        self.told.append((call, values))


def test_the_trackers_are_those_of_accelerate():
    assert set(TRACKERS) == {str(name) for name in LoggerType if str(name) != "all"}


def test_a_tracker_that_is_not_installed_is_refused_with_its_command(
    tiny_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(trackers, "is_installed", lambda name: name == "tensorboard")
    with pytest.raises(TrackerError, match=r"pip install 'fer-core\[wandb\]' and .* comet-ml"):
        train(tiny_config, tmp_path / "run", log_with=["tensorboard", "wandb", "comet_ml"])
    assert not (tmp_path / "run").exists()
    assert choose_trackers(["all", "all"]) == ["tensorboard"]


@pytest.mark.parametrize(
    ("log_with", "project", "word"),
    [("tensorbord", "p", "tensorboard"), ((), "../elsewhere", "project"), ((), "", "project")],
)
def test_an_unknown_tracker_and_a_project_that_is_no_name_are_refused(log_with, project, word):
    with pytest.raises(TrackerError, match=word):
        choose_trackers(log_with, project)


def test_a_project_without_a_tracker_is_refused_and_the_default_is_not():
    refuse_idle_project(PROJECT, ())
    refuse_idle_project("faces", ("trackio",))
    with pytest.raises(TrackerError, match="--project faces has no effect without --log-with"):
        refuse_idle_project("faces", ())


def test_all_without_any_installed_tracker_is_refused(monkeypatch):
    monkeypatch.setattr(trackers, "is_installed", lambda name: False)
    with pytest.raises(TrackerError, match="pip install"):
        choose_trackers("all")


def test_a_tracker_that_cannot_start_is_refused_with_what_it_says(tmp_path):
    def refuse(project_name, config=None, init_kwargs=None):
        raise PermissionError("no login")

    host = SimpleNamespace(trackers=[], init_trackers=refuse)
    with pytest.raises(TrackerError, match=r"clearml .*no login"):
        start_trackers(host, ["clearml"], tmp_path, project="p", resume=False)


def test_a_tracker_that_accelerate_leaves_out_in_silence_is_refused(tmp_path):
    host = SimpleNamespace(trackers=[], init_trackers=lambda *names, **options: None)
    with pytest.raises(TrackerError, match="aim"):
        start_trackers(host, ["aim"], tmp_path, project="p", resume=False)


def test_the_trackers_are_told_the_run_by_its_folder_and_go_on_when_it_is_resumed(tmp_path):
    seen = []
    pretended = Pretended("wandb")
    host = SimpleNamespace(
        trackers=[pretended],
        init_trackers=lambda project, init_kwargs: seen.append((project, init_kwargs["wandb"])),
    )
    for resume in (False, True, False):
        with ExitStack() as stack:
            Watch(["wandb"], "faces", ()).start(
                host, tmp_path / "eac-seed0", {"seed": 0}, resume, stack
            )
        assert pretended.told[-1] == ("finish", None)
    assert [project for project, _ in seen] == ["faces"] * 3
    first, resumed, anew = (options for _, options in seen)
    assert first["name"] == "eac-seed0"
    assert Path(first["dir"]).is_relative_to(tmp_path / "eac-seed0")
    assert first["id"] == resumed["id"] != anew["id"]


def test_a_tracker_that_fails_later_is_said_once_and_counted(caplog):
    broken, whole = Pretended("wandb", fails=("log", "finish")), Pretended("aim")
    log = TrackerLog({"wandb": broken, "aim": whole})
    with caplog.at_level(logging.WARNING):
        log.tell_configuration({"seed": 0})
        for epoch in (1, 2):
            log.on_epoch_end({"epoch": epoch, "train_loss": 0.5, "memorised": None}, Path())
        log.on_train_end({"final_accuracy": 0.5, "confusion": [[1]]}, Path())
        log.close()
    first, last = (record.getMessage() for record in caplog.records)
    assert "wandb failed (ConnectionError: no route to the server)" in first
    assert "wandb has missed 4 " in last
    assert log.missed == {"wandb": 4, "aim": 0}
    assert whole.told[1:] == [
        ("log", (1, {"epoch": 1, "train_loss": 0.5})),
        ("log", (2, {"epoch": 2, "train_loss": 0.5})),
        ("log", (2, {"result/final_accuracy": 0.5})),
        ("finish", None),
    ]


def test_a_configuration_that_a_tracker_does_not_take_stops_the_run():
    log = TrackerLog({"wandb": Pretended(fails=("configuration",))})
    with pytest.raises(TrackerError, match="wandb"):
        log.tell_configuration({"seed": 0})


def test_numbers_are_named_by_where_they_stand():
    values = {"a": 1, "parts": {"ranking": 0.5}, "age": {"70+": {"images": 3}}, "c": "text"}
    assert numbers({**values, "d": None, "e": True, "f": [1]}) == {
        "a": 1,
        "parts/ranking": 0.5,
        "age/70_/images": 3,
    }


@pytest.mark.slow
def test_tensorboard_has_every_number_of_the_record_and_changes_nothing(
    tiny_config, tiny_run, tmp_path
):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "run"
    record = train(
        tiny_config, folder, device="cpu", progress=False, log_with="tensorboard", project="faces"
    )
    events = EventAccumulator(str(folder / FOLDER / "faces")).Reload()
    for epoch in record.epochs:
        for name, value in numbers(epoch).items():
            step = {event.step: event.value for event in events.Scalars(name)}
            assert step[epoch["epoch"]] == pytest.approx(value), name
    for name, value in numbers(record.result).items():
        (event,) = events.Scalars(f"result/{name}")
        assert event.value == pytest.approx(value)
    (hparams,) = folder.rglob("hparams.yml")
    assert f"backbone: {tiny_config.backbone}" in hparams.read_text()
    accuracies = [epoch["eval_accuracy"] for epoch in record.epochs]
    assert accuracies == [epoch["eval_accuracy"] for epoch in tiny_run.epochs]
    assert record.config == tiny_run.config


@pytest.mark.slow
def test_trackio_has_every_epoch_below_the_folder_of_the_run(warm_python, tiny_config, tmp_path):
    pytest.importorskip("trackio")
    from fer_core.config import to_json

    script, folder, answer = tmp_path / "script.py", tmp_path / "run", tmp_path / "seen.json"
    script.write_text(TRACKIO)
    config = json.dumps(to_json(replace(tiny_config, epochs=1)))
    ended = subprocess.run(
        [warm_python, script, config, folder, answer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(answer.read_text())
    record = read_run(folder)
    assert seen["name"] == "run"
    assert seen["config"]["backbone"] == tiny_config.backbone
    logged = {name: value for line in seen["logs"] for name, value in line.items()}
    expected = numbers(record.epochs[0])
    expected |= {f"result/{name}": value for name, value in numbers(record.result).items()}
    assert {name: logged[name] for name in expected} == pytest.approx(expected)
    assert list((folder / FOLDER / "trackio").glob("faces*.db"))

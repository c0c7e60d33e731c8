import json
import os
import shutil
from dataclasses import replace

import pytest

from fer_core.cli import sweep_run
from fer_core.config import to_json
from fer_core.records.failures import record_failure
from fer_core.records.run import read_run


@pytest.fixture
def ended(tiny_run, tmp_path):
    """The folder of a run whose checkpoint stands after its last epoch."""
    return shutil.copytree(tiny_run.path, tmp_path / "run")


@pytest.fixture
def command(call_command, monkeypatch, tmp_path):
    """``command(config, folder)`` of train.attempt, without its eye on the standard input."""
    monkeypatch.setattr(sweep_run, "_end_with_the_sweep", lambda: None)

    def call(config, folder):
        file = tmp_path / "config.json"
        file.write_text(json.dumps(to_json(config)))
        return call_command(sweep_run, file, folder, "--device", "cpu", "--threads", 1)

    return call


@pytest.mark.slow
def test_an_attempt_at_a_new_run_trains_it(command, tmp_path, tiny_config):
    code, output, _ = command(replace(tiny_config, epochs=1), tmp_path / "run")
    assert code == 0
    assert "accuracy" in output
    assert read_run(tmp_path / "run").status == "finished"


@pytest.mark.slow
def test_an_attempt_at_an_interrupted_run_resumes_it(command, ended, tiny_config):
    record_failure(ended, to_json(tiny_config), "killed by signal 9 (SIGKILL)")
    before = read_run(ended)
    code, _, _ = command(tiny_config, ended)
    after = read_run(ended)
    assert code == 0
    assert (after.status, after.error, after.started) == ("finished", None, before.started)
    assert after.epochs == before.epochs


def test_a_run_that_another_attempt_has_finished_meanwhile_is_left_as_it_is(
    command, ended, tiny_config
):
    shutil.rmtree(ended / "checkpoint")
    before = (ended / "run.json").read_text()
    assert command(tiny_config, ended)[:2] == (0, "")
    assert (ended / "run.json").read_text() == before


def test_two_processes_never_work_on_one_run(
    held_elsewhere, command, tmp_path, tiny_config, monkeypatch
):
    monkeypatch.setattr(sweep_run, "PATIENCE", 0.1)
    with held_elsewhere(tmp_path / "run"):
        code, _, _ = command(tiny_config, tmp_path / "run")
    assert "another process is at work on the run" in code
    assert not (tmp_path / "run" / "run.json").exists()


def test_an_attempt_ends_with_the_pipe_of_its_sweep(monkeypatch):
    read_end, write_end = os.pipe()
    monkeypatch.setattr(sweep_run, "STANDARD_INPUT", read_end)
    codes = []
    monkeypatch.setattr(sweep_run.os, "_exit", codes.append)
    os.close(write_end)
    sweep_run._end_with_the_sweep()
    os.close(read_end)
    assert codes == [1]

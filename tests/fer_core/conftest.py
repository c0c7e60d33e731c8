import json
import multiprocessing
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.config import RunConfig, to_json
from fer_core.records.run import read_run
from fer_core.sweeping.plan import PlannedRun
from fer_core.sweeping.scheduler import SweepSetup
from fer_core.sweeping.status import RunProgress
from fer_core.training.engine import train
from tests.project import PROJECT

PRETEND = (sys.executable, str(Path(__file__).parent / "sweeping" / "pretend_attempt.py"))


@pytest.fixture(scope="session")
def processes():
    """Starts processes that have the engine loaded already, as ``multiprocessing`` does."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fer_core.training.engine", "fer_core.cli.train"])
    return context


@pytest.fixture(scope="session")
def assessed_run(tiny_config, tmp_path_factory):
    """The folder of a run with enough test images to fit a temperature on either half; read it."""
    folder = tmp_path_factory.mktemp("assessed") / "run"
    config = replace(tiny_config, data="synthetic?train=70&test=140", epochs=1)
    return train(config, folder, device="cpu", progress=False).path


@pytest.fixture
def call_command(monkeypatch, capsys):
    """Runs a command's main in this process; gives the exit code or error, output and errors."""

    def call(module, *arguments):
        monkeypatch.setattr("sys.argv", [module.__name__, *map(str, arguments)])
        code = 0
        try:
            module.main()
        except SystemExit as ended:
            code = ended.code
        output = capsys.readouterr()
        return code, output.out, output.err

    return call


@pytest.fixture
def planned():
    """``planned(backbone, seed=0)``: a run of two epochs that the pretended attempt understands."""

    def call(backbone, seed=0):
        config = RunConfig(backbone=backbone, seed=seed, epochs=2)
        return PlannedRun(f"{backbone}-seed{seed}", config)

    return call


@pytest.fixture
def setup(tmp_path):
    """SweepSetup whose attempts are pretended, so that they take no torch and no time."""
    notes = tmp_path / "out" / ".sweep"
    notes.mkdir(parents=True)
    return SweepSetup(notes, ("--device", "cpu"), 1, PROJECT, retries=1, program=PRETEND)


@pytest.fixture
def attempt(planned, setup):
    """``attempt(backbone)``: a pretended attempt that is ready to start."""

    def call(backbone):
        one = RunProgress(planned(backbone), setup.notes.parent / backbone)
        setup.config_file(one).write_text(json.dumps(to_json(one.run.config)))
        return setup.attempt(one)

    return call


@pytest.fixture
def read_gpu():
    """``read_gpu(attempt)``: the GPU that a pretended attempt saw."""
    return lambda attempt: read_run(attempt.folder).environment["gpu"]


@pytest.fixture
def wait_until():
    """``wait_until(condition)``: returns once it is true, fails when it never is."""

    def call(condition, seconds=600):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    return call

"""Runs that are killed at random moments, as kill -9 does, and go on."""

import random
import shutil
import time
from dataclasses import replace

import pytest
import torch

from fer_core.models.pretrained import load_model
from fer_core.records.predictions import read_predictions
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, read_run
from fer_core.training.checkpoint import CHECKPOINT_FILE, read_checkpoint
from fer_core.training.engine import train

KILLS = 8  # two in every epoch
TIMES = {"train_seconds", "eval_seconds", "images_per_second", "seconds"}
OPTIONS = {"device": "cpu", "progress": False}


def outcome(record):
    """All of a record and its model that must not depend on what happened on the way."""
    epochs, result = (
        [{key: value for key, value in values.items() if key not in TIMES} for values in many]
        for many in (record.epochs, [record.result])
    )
    weights = load_model(record.path / "model").model.state_dict()
    return epochs, result, read_predictions(record.path), record.noise, weights


def epochs_of(folder):
    """Lines of epochs.jsonl so far, also while one is being written."""
    path = folder / EPOCHS_FILE
    return path.read_bytes().count(b"\n") if path.exists() else 0


def assert_same(first, second):
    *facts, weights = outcome(first)
    *others, other_weights = outcome(second)
    assert facts == others
    assert all(torch.equal(value, other_weights[name]) for name, value in weights.items())


@pytest.fixture(scope="module")
def config(tiny_config):
    return replace(
        tiny_config, data="synthetic?train=28&test=14", batch_size=14, epochs=4, ema_decay=0.9
    )


@pytest.fixture(scope="module")
def whole(config, processes, tmp_path_factory):
    """The record of a run in peace, and the seconds that its process took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    for place in (folder.with_name("warm"), folder):
        process = processes.Process(target=train, args=(config, place), kwargs=OPTIONS)
        started = time.monotonic()
        process.start()
        process.join()
        seconds = time.monotonic() - started
        assert process.exitcode == 0
    return read_run(folder), seconds


@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on_to_the_same_record(
    config, whole, processes, wait_until, tmp_path
):
    record, seconds = whole
    moments = random.Random(0)
    stages = set()
    for number in range(KILLS):
        folder = tmp_path / str(number)
        process = processes.Process(target=train, args=(config, folder), kwargs=OPTIONS)
        process.start()
        done = number % config.epochs
        wait_until(lambda: epochs_of(folder) >= done or not process.is_alive())  # noqa: B023
        time.sleep(moments.uniform(0, seconds / config.epochs))
        process.kill()
        process.join()
        resume = (folder / CHECKPOINT_FILE).exists()
        stages.add(read_checkpoint(folder)[0].epoch if resume else 0)  # always whole
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        elif (folder / RUN_FILE).exists():
            assert read_run(folder).status in ("running", "finished")
        assert_same(record, train(config, folder, resume=resume, **OPTIONS))
        assert not list(folder.rglob("*.tmp*"))
    assert len(stages) > 1  # not all at one and the same moment

import threading

import pytest
import torch

from fer_core.config import RunConfig
from fer_core.training import checkpoint_writer
from fer_core.training.checkpoint import Checkpoint, has_checkpoint, load_checkpoint
from fer_core.training.checkpoint_writer import CheckpointWriter

WRITE = checkpoint_writer.write_checkpoint


@pytest.fixture
def writer(tmp_path):
    made = CheckpointWriter(tmp_path, RunConfig())
    yield made
    made.close()


@pytest.fixture
def slow_disk(monkeypatch):
    """Nothing reaches the disk before this event is set."""
    ready = threading.Event()

    def wait_and_write(folder, content):
        ready.wait(60)
        WRITE(folder, content)

    monkeypatch.setattr(checkpoint_writer, "write_checkpoint", wait_and_write)
    yield ready
    ready.set()


def state(epoch, weight):
    return Checkpoint(epoch, {"weight": weight}, {}, None, None)


def test_the_training_goes_on_while_its_state_is_written_and_does_not_reach_into_it(
    tmp_path, writer, slow_disk
):
    weight = torch.zeros(4)
    writer.save(state(1, weight))
    weight += 1  # the next step of the training
    assert not has_checkpoint(tmp_path)
    assert writer.completed == 0
    slow_disk.set()
    writer.wait()
    assert writer.completed == 1
    assert torch.equal(load_checkpoint(tmp_path, RunConfig()).method["weight"], torch.zeros(4))


def test_a_state_waits_for_the_one_before_it(tmp_path, writer):
    for epoch in (1, 2, 3):
        writer.save(state(epoch, torch.ones(1)))
    assert writer.completed == 2
    writer.close()
    assert load_checkpoint(tmp_path, RunConfig()).epoch == 3


def test_what_could_not_be_written_is_said_once_and_the_one_before_stays(
    tmp_path, writer, monkeypatch
):
    def full(folder, content):
        raise OSError("no space left on device")

    writer.save(state(1, torch.ones(1)))
    writer.wait()
    monkeypatch.setattr(checkpoint_writer, "write_checkpoint", full)
    writer.save(state(2, torch.ones(1)))
    with pytest.raises(OSError, match="no space left"):
        writer.wait()
    writer.wait()
    assert writer.completed == 1
    assert load_checkpoint(tmp_path, RunConfig()).epoch == 1

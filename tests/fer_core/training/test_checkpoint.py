import dataclasses
import shutil
from types import SimpleNamespace

import pytest
import torch

from fer_core.config import RunConfig
from fer_core.training.checkpoint import (
    CHECKPOINT_FILE,
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    refuse_full_disk,
    save_checkpoint,
)


@pytest.fixture
def saved(tmp_path):
    method = {"weight": torch.arange(4.0)}
    checkpoint = Checkpoint(3, method, {"state": {0: {"step": 7}}}, None, {"scale": 2.0})
    save_checkpoint(tmp_path, checkpoint, RunConfig())
    return tmp_path


def test_a_checkpoint_reads_as_it_was_written(saved):
    checkpoint = load_checkpoint(saved, RunConfig())
    assert checkpoint.epoch == 3
    assert torch.equal(checkpoint.method["weight"], torch.arange(4.0))
    assert checkpoint.optimizer == {"state": {0: {"step": 7}}}
    assert checkpoint.average is None
    assert checkpoint.scaler == {"scale": 2.0}


def test_a_checkpoint_of_another_configuration_names_what_differs(saved):
    other = dataclasses.replace(RunConfig(), seed=4, method="cross_entropy")
    with pytest.raises(CheckpointError, match=r"seed 0 -> 4; method 'eac' -> 'cross_entropy'\)"):
        load_checkpoint(saved, other)


def test_an_absent_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*no run has completed an epoch"):
        load_checkpoint(tmp_path, RunConfig())


def test_a_broken_checkpoint_is_named(saved):
    file = saved / CHECKPOINT_FILE
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"state\.pt cannot be read"):
        load_checkpoint(saved, RunConfig())


def test_a_failed_write_leaves_the_old_checkpoint(saved, monkeypatch):
    def power_cut(state, stream):
        stream.write(b"half a file")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", power_cut)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(saved, Checkpoint(4, {}, {}, None, None), RunConfig())
    assert load_checkpoint(saved, RunConfig()).epoch == 3


def test_a_checkpoint_never_runs_code(saved):
    class Code:
        def __reduce__(self):
            return print, ("code ran",)

    torch.save(
        {"epoch": 1, "method": Code(), "optimizer": {}, "config": {}}, saved / CHECKPOINT_FILE
    )
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(saved, RunConfig())


@pytest.mark.parametrize(("options", "copies"), [({}, 7), ({"optimizer": "sgd"}, 5),
                                                 ({"ema_decay": 0.9}, 9),
                                                 ({"optimizer": "adan"}, 11)])  # fmt: skip
def test_a_disk_without_room_for_two_checkpoints_and_a_model_is_refused(
    tmp_path, monkeypatch, options, copies
):
    config = RunConfig(**options)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=copies * 10**6))
    refuse_full_disk(tmp_path / "not" / "there", config, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=copies * 10**6 - 1))
    with pytest.raises(
        OSError, match=rf"has {copies} MB free, .*need {copies} MB: free some space"
    ):
        refuse_full_disk(tmp_path / "not" / "there", config, 10**6)

import dataclasses
import shutil
from types import SimpleNamespace

import pytest
import torch

from fer_core.config import RunConfig, to_json
from fer_core.training.checkpoint import (
    CHECKPOINT_FILE,
    PREVIOUS_FILE,
    Checkpoint,
    CheckpointError,
    has_checkpoint,
    load_checkpoint,
    refuse_full_disk,
    remove_checkpoint,
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


def flip(file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.fixture
def saved_twice(saved):
    """A run of four epochs, with the checkpoint after the third one beside the last."""
    save_checkpoint(saved, Checkpoint(4, {"weight": torch.ones(4)}, {}, None, None), RunConfig())
    return saved


@pytest.mark.slow
def test_a_byte_that_has_changed_is_noticed_wherever_it_is(saved):
    file = saved / CHECKPOINT_FILE
    whole = file.read_bytes()
    for place in (*range(0, len(whole), len(whole) // 50), -1, -40, -71):
        file.write_bytes(whole)
        flip(file, place)
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_checkpoint(saved, RunConfig())


@pytest.mark.parametrize("damage", [lambda file: flip(file, file.stat().st_size // 2),
                                    lambda file: file.write_bytes(file.read_bytes()[:-5]),
                                    lambda file: file.write_bytes(b""),
                                    lambda file: file.unlink()])  # fmt: skip
def test_the_checkpoint_before_a_broken_one_is_taken_and_that_is_told(saved_twice, caplog, damage):
    assert load_checkpoint(saved_twice, RunConfig()).epoch == 4
    damage(saved_twice / CHECKPOINT_FILE)
    assert load_checkpoint(saved_twice, RunConfig()).epoch == 3
    if (saved_twice / CHECKPOINT_FILE).exists():
        assert "going on after epoch 3 instead" in caplog.text


def test_two_broken_checkpoints_are_both_named(saved_twice):
    for name in (CHECKPOINT_FILE, PREVIOUS_FILE):
        flip(saved_twice / name, 300)
    with pytest.raises(CheckpointError, match=r"state\.pt cannot be read.*previous\.pt cannot be"):
        load_checkpoint(saved_twice, RunConfig())


def test_a_checkpoint_of_an_earlier_version_has_no_digest_and_is_read(saved):
    state = {"epoch": 5, "method": {}, "optimizer": {}, "average": None, "scaler": None}
    torch.save({**state, "config": to_json(RunConfig())}, saved / CHECKPOINT_FILE)
    assert load_checkpoint(saved, RunConfig()).epoch == 5


def test_all_checkpoints_can_be_removed(saved_twice):
    remove_checkpoint(saved_twice)
    assert not has_checkpoint(saved_twice)
    assert list((saved_twice / "checkpoint").iterdir()) == []


def test_a_checkpoint_never_runs_code(saved):
    class Code:
        def __reduce__(self):
            return print, ("code ran",)

    torch.save(
        {"epoch": 1, "method": Code(), "optimizer": {}, "config": {}}, saved / CHECKPOINT_FILE
    )
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(saved, RunConfig())


@pytest.mark.parametrize(("options", "copies"), [({}, 10), ({"optimizer": "sgd"}, 7),
                                                 ({"ema_decay": 0.9}, 13),
                                                 ({"optimizer": "adan"}, 16)])  # fmt: skip
def test_a_disk_without_room_for_three_checkpoints_and_a_model_is_refused(
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

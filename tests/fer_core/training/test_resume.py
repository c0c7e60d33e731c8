"""Runs that were stopped, broken or killed, and go on."""

import errno
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.errors import Terminated
from fer_core.io import files
from fer_core.methods import METHODS
from fer_core.records.lock import LOCK_FILE, RunLockedError
from fer_core.records.run import RecordError, read_run, read_runs
from fer_core.training import checkpoint_writer, engine, evaluator, recording
from fer_core.training import loader as batches
from fer_core.training.checkpoint import CHECKPOINT_FILE, CheckpointError, load_checkpoint
from tests.fer_core.training.engine_runs import (
    assert_same_run,
    run,
    weights,
)
from tests.version_1 import make_version_1


@pytest.fixture
def interrupt(monkeypatch):
    """Makes a function of a training run raise an error at its n-th call."""

    def set_up(name, call, error):
        module = next(
            one for one in (batches, evaluator, recording, checkpoint_writer) if hasattr(one, name)
        )
        real, calls = getattr(module, name), []

        def once(*arguments, **options):
            calls.append(name)
            if len(calls) == call:
                raise error
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, once)
        return lambda: monkeypatch.setattr(module, name, real)

    return set_up


@pytest.mark.slow
def test_a_resumed_run_draws_the_same_dropout(tiny_config, tmp_path, interrupt, monkeypatch):
    config = replace(tiny_config, data="synthetic?train=28&test=14", batch_size=14)
    real = batches.augment

    def with_dropout(*arguments):  # draws from torch's own generator, as dropout does
        return torch.nn.functional.dropout(real(*arguments), 0.2)

    monkeypatch.setattr(batches, "augment", with_dropout)
    whole = run(config, tmp_path / "whole")
    restore = interrupt("augment", 4, RuntimeError("power cut"))
    with pytest.raises(RuntimeError, match="power cut"):
        run(config, tmp_path / "run")
    restore()
    assert_same_run(whole, run(config, tmp_path / "run", resume=True))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("augment", 7),  # in the middle of the second epoch
        ("logits_of_both_views", 2),  # before the second epoch is recorded
        ("pack_checkpoint", 2),  # after it is recorded
        ("write_checkpoint", 2),  # while the third epoch is trained
        ("save_model", 1),  # after the last epoch
    ],
)
@pytest.mark.slow
def test_a_resumed_run_is_as_if_it_was_never_interrupted(
    tiny_config, tiny_run, tmp_path, interrupt, name, call
):
    restore = interrupt(name, call, RuntimeError("power cut"))
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny_config, tmp_path / "run")
    failed = read_run(tmp_path / "run")
    assert failed.status == "failed"
    assert failed.error == "RuntimeError: power cut"
    assert failed.result == {}
    restore()
    resumed = run(tiny_config, tmp_path / "run", resume=True)
    assert resumed.started == failed.started
    assert_same_run(tiny_run, resumed)


@pytest.mark.slow
def test_a_run_begun_under_version_1_of_the_records_is_resumed(
    tiny_config, tiny_run, tmp_path, interrupt
):
    restore = interrupt("pack_checkpoint", 2, RuntimeError("power cut"))
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny_config, tmp_path / "run")
    restore()
    make_version_1(tmp_path / "run")
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "run", resume=True))
    assert not (tmp_path / "run" / "given_labels.txt").exists()
    assert (tmp_path / "run" / "noisy_labels.txt").exists()


@pytest.mark.slow
def test_a_run_stopped_by_hand_can_be_read_and_resumed(tiny_config, tiny_run, tmp_path, interrupt):
    restore = interrupt("augment", 7, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(tiny_config, tmp_path / "run")
    stopped = read_run(tmp_path / "run")
    assert stopped.status == "failed"
    assert stopped.error == (
        f"ended by Ctrl-C after 1 epoch: go on with fer-core train --resume {tmp_path / 'run'}"
    )
    assert len(stopped.epochs) == 1
    restore()
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "run", resume=True))


def test_a_run_stopped_in_its_first_epoch_says_how_to_start_again(tiny_config, tmp_path, interrupt):
    interrupt("augment", 1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(tiny_config, tmp_path / "run")
    assert "in its first epoch: delete" in read_run(tmp_path / "run").error


@pytest.mark.slow
def test_sigterm_closes_the_record_and_the_run_goes_on_to_the_same(
    tiny_config, tiny_run, tmp_path, monkeypatch
):
    real, calls = batches.augment, []

    def augment(*arguments):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(batches, "augment", augment)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        run(tiny_config, tmp_path / "run")
    assert signal.getsignal(signal.SIGTERM) is before
    stopped = read_run(tmp_path / "run")
    assert (stopped.status, len(stopped.epochs)) == ("failed", 1)
    assert "ended by SIGTERM after 1 epoch: go on with fer-core train --resume" in stopped.error
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "run", resume=True))


@pytest.mark.slow
def test_a_run_whose_last_checkpoint_is_broken_goes_on_from_the_one_before(
    tiny_config, tiny_run, tmp_path, interrupt
):
    restore = interrupt("save_model", 1, RuntimeError("power cut"))
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny_config, tmp_path / "run")
    restore()
    file = tmp_path / "run" / "checkpoint" / "state.pt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "run", resume=True))


def train_until_killed(config, folder):
    """Train in a process that kills itself in the middle of the second epoch."""
    real, calls = batches.augment, []

    def augment(*arguments):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    batches.augment = augment
    run(config, folder)


@pytest.mark.slow
def test_a_killed_process_leaves_a_record_that_can_be_read_and_resumed(
    tiny_config, tiny_run, tmp_path, processes
):
    process = processes.Process(target=train_until_killed, args=(tiny_config, tmp_path / "run"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    runs, problems = read_runs(tmp_path)
    assert problems == []
    assert (runs[0].status, len(runs[0].epochs)) == ("running", 1)
    with (tmp_path / "run" / "epochs.jsonl").open("a") as file:
        file.write('{"epoch": 2, "train_l')  # as if killed while it wrote
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "run", resume=True))


@pytest.mark.slow
def test_resuming_a_finished_run_touches_nothing_of_it(tiny_config, tiny_run, finished):
    before = contents(finished)
    assert_same_run(tiny_run, run(tiny_config, finished, resume=True))
    assert contents(finished) == before


def contents(folder):
    """Every file of a folder but the lock, with what stands in it."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK_FILE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def finished(tiny_run, tmp_path):
    """A copy of the finished run, which may be written to."""
    return Path(shutil.copytree(tiny_run.path, tmp_path / "finished"))


def change_labels(folder, config):
    record = json.loads((folder / "run.json").read_text())
    record["noise"]["noisy_labels_sha256"] = "0" * 64
    (folder / "run.json").write_text(json.dumps(record))
    return config


def lose_epochs(folder, config):
    (folder / "epochs.jsonl").write_text("")
    return config


def break_record(folder, config):
    (folder / "run.json").write_text("{half")
    return config


def break_checkpoint(folder, config):
    for name in ("state.pt", "previous.pt"):
        (folder / "checkpoint" / name).write_bytes(b"no checkpoint")
    return config


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _, config: replace(config, seed=1), "has another configuration"),
        (lambda _, config: replace(config, epochs=1), "has another configuration"),
        (
            lambda _, config: replace(config, epochs=9, learning_rate=1e-4),
            "has another configuration",
        ),
        (change_labels, "noisy labels of the run in .* are no longer those it was started with"),
        (lose_epochs, "holds 0 epochs, but the checkpoint has completed 2"),
        (break_record, "cannot be read"),
        (break_checkpoint, "cannot be read"),
    ],
)
@pytest.mark.slow
def test_a_resume_that_is_refused_changes_nothing_of_a_finished_run(
    tiny_config, finished, change, sentence
):
    config = change(finished, tiny_config)
    (finished / ".fer-1-1.tmp").write_text("left behind")
    before = contents(finished)
    with pytest.raises(ValueError, match=sentence):
        run(config, finished, resume=True)
    assert contents(finished) == before


def test_a_run_that_another_process_works_on_is_not_resumed(tiny_config, finished, held_elsewhere):
    before = contents(finished)
    with held_elsewhere(finished), pytest.raises(RunLockedError, match="another process"):
        run(tiny_config, finished, resume=True)
    assert contents(finished) == before


@pytest.mark.slow
def test_of_two_processes_that_start_one_run_the_second_is_refused(
    tiny_config, tiny_run, tmp_path, monkeypatch, held_elsewhere
):
    with held_elsewhere(tmp_path / "run"), pytest.raises(RunLockedError, match="another process"):
        run(tiny_config, tmp_path / "run")
    assert contents(tmp_path / "run") == {}
    real = engine.prepare

    def while_another_one_finishes(*arguments, **options):
        shutil.copytree(tiny_run.path, tmp_path / "run", dirs_exist_ok=True)
        return real(*arguments, **options)

    monkeypatch.setattr(engine, "prepare", while_another_one_finishes)
    with pytest.raises(FileExistsError, match="already holds a run"):
        run(tiny_config, tmp_path / "run")
    assert contents(tmp_path / "run") == contents(tiny_run.path)


def test_a_resume_without_a_run_leaves_no_trace(tiny_config, tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("absent", "empty"):
        with pytest.raises(ValueError, match="no checkpoint at"):
            run(tiny_config, tmp_path / name, resume=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_checkpoint_is_written_after_every_epoch(tiny_run, tiny_config):
    checkpoint = load_checkpoint(tiny_run.path, tiny_config)
    assert checkpoint.epoch == 2
    for name, value in weights(tiny_run).items():
        assert torch.equal(value, checkpoint.method[f"model.{name}"]), name


def test_resuming_with_another_configuration_is_refused(tiny_config, tiny_run):
    before = (tiny_run.path / "run.json").read_bytes()
    with pytest.raises(CheckpointError, match=r"learning_rate 0.002 -> 0.001"):
        run(replace(tiny_config, learning_rate=1e-3), tiny_run.path, resume=True)
    assert (tiny_run.path / "run.json").read_bytes() == before


@pytest.mark.slow
def test_what_a_killed_run_left_half_written_is_removed_when_it_goes_on(tiny_config, finished):
    (finished / "another").mkdir()
    places = [finished, finished / CHECKPOINT_FILE.parent, finished / "model", finished / "another"]
    for place in places:
        (place / ".fer-1-1.tmp").write_text("half")
    run(replace(tiny_config, epochs=tiny_config.epochs + 1), finished, resume=True)
    assert [*finished.rglob(".fer-*")] == [finished / "another" / ".fer-1-1.tmp"]


def test_resuming_where_nothing_ran_is_refused(tiny_config, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        run(tiny_config, tmp_path / "run", resume=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_ends_the_run_with_what_it_was_and_it_can_be_resumed(
    tiny_config, tiny_run, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    real, calls = files.os.fsync, []

    def full(descriptor):
        calls.append(1)
        if len(calls) > 5:  # in the second epoch
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        run(tiny_config, folder)
    assert not list(folder.rglob(".fer-*"))
    assert [epoch["epoch"] for epoch in read_run(folder).epochs][:1] == [1]
    monkeypatch.undo()
    assert_same_run(tiny_run, run(tiny_config, folder, resume=True))


@pytest.mark.parametrize("change", ["labels", "pixels"])
@pytest.mark.slow
def test_a_run_whose_data_have_changed_is_not_resumed(tiny_config, tmp_path, change, interrupt):
    for split in ("train", "test"):
        for emotion in ("happiness", "anger"):
            (tmp_path / split / emotion).mkdir(parents=True)
            for number in range(8):
                pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / emotion / f"{number}.png")
    config = replace(tiny_config, data=f"folder:{tmp_path}", batch_size=8)
    restore = interrupt("augment", 3, RuntimeError("power cut"))  # in the second epoch
    with pytest.raises(RuntimeError, match="power cut"):
        run(config, tmp_path / "run")
    restore()
    before = (tmp_path / "run" / "noisy_labels.txt").read_bytes()
    if change == "labels":
        (tmp_path / "train/anger/0.png").rename(tmp_path / "train/happiness/x.png")
    else:
        Image.new("RGB", (9, 9)).save(tmp_path / "test/anger/0.png")
    what = "noisy labels" if change == "labels" else "data"
    with pytest.raises(RecordError, match=f"the {what} of the run in .* no longer those it was"):
        run(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "noisy_labels.txt").read_bytes() == before


METHOD_OPTIONS = [
    {"method": "co_teaching", "forget_epochs": 1},
    {"method": "eac_balanced"},
    {"method": "label_smoothing", "label_smoothing": 0.1},
    {"method": "cross_entropy", "balance": "loss"},
    {"method": "distill"},
    {"method": "eac", "ema_decay": 0.9},
    {"method": "gce"},
    {"method": "nla"},
    {"method": "scn", "relabel_epoch": 1, "relabel_margin": 0.0},
    {"method": "rul"},
]


def test_every_method_is_among_those_that_are_resumed_here():
    assert {options["method"] for options in METHOD_OPTIONS} == {
        name for name, spec in METHODS.items() if spec.bundled
    }


@pytest.mark.parametrize("options", METHOD_OPTIONS, ids=lambda options: options["method"])
@pytest.mark.slow
def test_every_method_resumes_to_the_record_of_an_unbroken_run(
    tiny_config, tiny_run, tmp_path, interrupt, options
):
    if options["method"] == "distill":
        options = {**options, "teachers": [str(tiny_run.path)]}
    config = tiny_config.change(data="synthetic?train=56&test=14", batch_size=14, **options)
    whole = run(config, tmp_path / "whole")
    restore = interrupt("augment", 6, RuntimeError("power cut"))  # in the second epoch
    with pytest.raises(RuntimeError, match="power cut"):
        run(config, tmp_path / "run")
    restore()
    assert_same_run(whole, run(config, tmp_path / "run", resume=True))
    assert whole.epochs[0]["train_loss"] != whole.epochs[1]["train_loss"]
    two_views = options["method"] in ("eac", "eac_balanced", "nla")
    assert (whole.epochs[0]["train_consistency_loss"] is not None) == two_views

import errno
import json
import math
import os
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.config import defaults_of, from_json
from fer_core.config.input_spec import from_json as spec_from_json
from fer_core.datasets import DataError, Decoding, Storage, load_data
from fer_core.datasets import prefetch as device_images
from fer_core.errors import Terminated
from fer_core.evaluation.inference import evaluate
from fer_core.io import files
from fer_core.methods import METHODS, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.models.feature_maps import BackboneError
from fer_core.models.pretrained import load_model
from fer_core.records.lock import LOCK_FILE, RunLockedError
from fer_core.records.predictions import read_predictions
from fer_core.records.run import RecordError, read_run, read_runs
from fer_core.training import accelerator, checkpoint_writer, engine, evaluator, recording
from fer_core.training import loader as batches
from fer_core.training.checkpoint import CheckpointError, load_checkpoint
from fer_core.training.engine import TrainingError, train
from fer_core.training.setup import prepare
from tests.project import PROJECT
from tests.version_1 import make_version_1

TIMES = {"train_seconds", "eval_seconds", "images_per_second", "seconds"}
DOCUMENT = PROJECT / "docs" / "run-records.md"


def run(config, folder, **options):
    return train(config, folder, device="cpu", progress=False, **options)


def without_times(values):
    return {key: value for key, value in values.items() if key not in TIMES}


def outcome(record):
    """All of a record that must not depend on when and how fast it was written."""
    return {
        "epochs": [without_times(epoch) for epoch in record.epochs],
        "result": without_times(record.result),
        "predictions": read_predictions(record.path),
        "facts": (record.config, record.classes, record.data, record.noise, record.model),
        # A commit to this checkout while the tests run is not a difference of two runs.
        "environment": {k: v for k, v in record.environment.items() if k != "commit"},
        "status": (record.status, record.error),
    }


def weights(record):
    return load_model(record.path / "model").model.state_dict()


def assert_same_run(first, second):
    assert outcome(first) == outcome(second)
    others = weights(second)
    for name, value in weights(first).items():
        assert torch.equal(value, others[name]), name


def documented_keys(heading):
    """Keys in the first column of the table under ``heading`` of docs/run-records.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.split(rf"^{re.escape(heading)}\s*$", text, flags=re.M)[1]
    rows = re.findall(r"^\|([^|\n]*`[^|\n]*)\|", section.split("\n## ")[0], flags=re.M)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


def documented_parts(key):
    """Names in the description of one key of run.json."""
    rows = re.findall(rf"^\| `{key}` \|.*$", DOCUMENT.read_text(encoding="utf-8"), flags=re.M)
    row = rows[0]  # further ones tell former names
    return set(re.findall(r"`(\w+)`", row)) - {key}


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


@pytest.fixture(scope="module")
def plain_run(tiny_config, tmp_path_factory):
    """The finished record of the plain model under the same noise; read it only."""
    config = replace(tiny_config, method="cross_entropy")
    return run(config, tmp_path_factory.mktemp("plain") / "run")


@pytest.fixture(params=["eac", "cross_entropy"])
def record(request, tiny_run, plain_run):
    return tiny_run if request.param == "eac" else plain_run


def test_a_run_leaves_every_documented_key(record):
    assert documented_keys("## epochs.jsonl") == set(record.epochs[0]) == set(record.epochs[-1])
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split("`result`:")[1].split("\n## ")[0]
    rows = re.findall(r"^\|([^|\n]*`[^|\n]*)\|", table, flags=re.M)
    assert {k for row in rows for k in re.findall(r"`(\w+)`", row)} == set(record.result)
    for name in ("data", "noise"):
        assert documented_parts(name) == set(getattr(record, name))
    assert set(record.model) == {
        *("parameters", "macs", "map_size", "input"),
        *("pretrained_sha256", "pretrained_match", "pretrained_origin"),
    }
    assert documented_parts("environment") | {"python", "torch", "timm", "fer_core"} == set(
        record.environment
    )
    assert set(record.config) == set(defaults_of(record.config["method"]))


def test_the_record_counts_the_multiplications_of_one_image(tiny_run):
    model = load_model(tiny_run.path / "model").model
    counts = []

    def count(module, _inputs, output):
        counts.append(output.shape[2] * output.shape[3] * module.weight.numel())

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    spec = spec_from_json(tiny_run.model["input"])
    with torch.no_grad():
        maps = model(torch.zeros(1, spec.channels, spec.size, spec.size)).maps
    counts.append(maps.shape[2] * maps.shape[3] * model.classifier.weight.numel())
    assert sum(counts) <= tiny_run.model["macs"] <= sum(counts) + model.classifier.weight.numel()


@pytest.mark.slow
def test_the_noisy_labels_are_exported_and_train_the_same_model_again(
    tiny_run, tiny_config, tmp_path
):
    given = tiny_run.path / "noisy_labels.txt"
    assert len(given.read_text(encoding="utf-8").splitlines()) == 70
    config = replace(tiny_config, noise="file", noise_rate=0.0, noise_file=str(given), epochs=1)
    again = run(config, tmp_path / "again")
    for name in ("noisy_labels_sha256", "transition", "noisy_label_count", "realised_rate"):
        assert again.noise[name] == tiny_run.noise[name]
    assert again.epochs[0]["train_loss"] == tiny_run.epochs[0]["train_loss"]


@pytest.mark.slow
def test_without_noise_no_labels_are_exported(tiny_config, tmp_path):
    record = run(replace(tiny_config, noise="none", noise_rate=0.0, epochs=1), tmp_path / "run")
    assert not (record.path / "noisy_labels.txt").exists()
    counts = record.noise["transition"]
    assert [counts[index][index] for index in range(7)] == [10] * 7


def test_a_finished_record_tells_what_was_run(tiny_run, tiny_config):
    assert tiny_run.status == "finished"
    assert tiny_run.error is None
    assert from_json(tiny_run.config) == tiny_config
    assert tiny_run.data["train_images"] == sum(tiny_run.data["train_counts"].values()) == 70
    assert tiny_run.data["eval_images"] == sum(tiny_run.data["eval_counts"].values()) == 28
    assert tiny_run.noise["realised_rate"] == 0.3
    assert tiny_run.noise["noisy_label_count"] == 21
    assert tiny_run.model["map_size"] == [2, 2]
    assert spec_from_json(tiny_run.model["input"]).size == 48
    assert tiny_run.environment["device"] == "cpu"
    assert tiny_run.environment["precision"] == "no"


def test_figures_of_every_epoch_are_in_their_range(record):
    assert [epoch["epoch"] for epoch in record.epochs] == [1, 2]
    for epoch in record.epochs:
        for key in ("train_accuracy_noisy_labels", "train_accuracy_true_labels", "memorised",
                    "recovered", "eval_accuracy", "eval_mean_class_accuracy"):  # fmt: skip
            assert 0 <= epoch[key] <= 1, key
        assert epoch["memorised"] + epoch["recovered"] <= 1
        for key in ("train_loss", "train_classification_loss", "eval_loss", *TIMES - {"seconds"}):
            assert epoch[key] > 0, key
    first, second = (epoch["learning_rate"] for epoch in record.epochs)
    assert first == pytest.approx(2e-3)
    assert second == pytest.approx(0.9 * first)


def test_the_loss_of_eac_is_its_two_parts(tiny_run):
    for epoch in tiny_run.epochs:
        total = epoch["train_classification_loss"] + 5 * epoch["train_consistency_loss"]
        assert epoch["train_loss"] == pytest.approx(total, rel=1e-5)
        assert epoch["train_consistency_loss"] > 0


def test_the_plain_model_has_no_consistency_loss(plain_run):
    for epoch in plain_run.epochs:
        assert epoch["train_consistency_loss"] is None
        assert epoch["train_loss"] == pytest.approx(epoch["train_classification_loss"], rel=1e-6)


def test_predictions_match_the_confusion_matrix_and_the_accuracy(record):
    confusion = np.zeros((7, 7), int)
    rows = read_predictions(record.path)
    for row in rows:
        confusion[row.true_label, row.predicted] += 1
        assert 1 / 7 - 1e-4 <= row.confidence <= 1
    assert confusion.tolist() == record.result["confusion"]
    assert np.trace(confusion) / len(rows) == record.result["final_accuracy"]
    assert record.result["final_accuracy"] == record.epochs[-1]["eval_accuracy"]
    assert [row.image for row in rows][:2] == ["test_00000", "test_00001"]


def test_the_result_is_the_mean_of_the_last_epochs(record):
    accuracies = [epoch["eval_accuracy"] for epoch in record.epochs]
    assert record.result["accuracy_last5"] == pytest.approx(sum(accuracies) / 2)
    assert record.result["best_accuracy"] == max(accuracies)
    assert accuracies[record.result["best_epoch"] - 1] == max(accuracies)


@pytest.mark.slow
def test_of_six_epochs_the_last_five_count(tiny_config, tmp_path):
    config = replace(
        tiny_config, data="synthetic?train=28&test=14", epochs=6, batch_size=14, learning_rate=5e-3
    )
    record = run(config, tmp_path / "run")
    accuracies = [epoch["eval_accuracy"] for epoch in record.epochs]
    assert len(accuracies) == 6
    assert record.result["accuracy_last5"] == pytest.approx(sum(accuracies[1:]) / 5)


@pytest.mark.slow
def test_without_noise_nothing_is_memorised_or_recovered(tiny_config, tmp_path):
    config = replace(tiny_config, noise="none", noise_rate=0.0, epochs=1)
    (epoch,) = run(config, tmp_path / "run").epochs
    assert epoch["memorised"] is None
    assert epoch["recovered"] is None
    assert epoch["train_accuracy_noisy_labels"] == epoch["train_accuracy_true_labels"]


@pytest.mark.slow
def test_a_model_that_learns_the_noise_has_memorised_it_and_recovered_nothing(
    tiny_config, tmp_path
):
    # Every face is given the label happiness, as a model soon answers.
    path = tmp_path / "noise.txt"
    path.write_text("".join(f"train_{index:05d} 4\n" for index in range(56)))
    config = replace(
        tiny_config, data="synthetic?train=56&test=14", noise="file", noise_rate=0.0,
        noise_file=str(path), epochs=3, batch_size=14, schedule="constant",
    )  # fmt: skip
    last = run(config, tmp_path / "run").epochs[-1]
    assert last["memorised"] > 0.9
    assert last["recovered"] < 0.1
    assert last["train_accuracy_noisy_labels"] > 0.9
    assert last["train_accuracy_true_labels"] < 0.3


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


@pytest.mark.slow
def test_a_model_learns_a_small_clean_set_by_heart(tiny_config, tmp_path):
    config = replace(
        tiny_config, data="synthetic?train=56&test=14", noise="none", noise_rate=0.0, epochs=25,
        batch_size=14, learning_rate=3e-3, schedule="constant", erase_probability=0.0,
        flip_probability=0.0, method="cross_entropy",
    )  # fmt: skip
    record = run(config, tmp_path / "run")
    assert record.epochs[-1]["train_accuracy_true_labels"] > 0.8
    assert record.epochs[-1]["train_loss"] < 0.5 * record.epochs[0]["train_loss"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_record_and_weights(tiny_config, tiny_run, tmp_path):
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "again"))


@pytest.mark.slow
def test_another_seed_gives_another_record(tiny_config, tiny_run, tmp_path):
    other = run(replace(tiny_config, seed=1), tmp_path / "other")
    assert other.data["sha256"] == tiny_run.data["sha256"]
    assert other.noise["noisy_labels_sha256"] != tiny_run.noise["noisy_labels_sha256"]
    assert other.epochs[0]["train_loss"] != tiny_run.epochs[0]["train_loss"]


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


@pytest.mark.parametrize("schedule", ["exponential", "constant"])
@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_run_and_the_record_says_so(
    tiny_config, tmp_path, schedule
):
    config = replace(tiny_config, learning_rate=1e30, schedule=schedule)
    with pytest.raises(TrainingError, match=r"no longer finite in epoch 1 \(learning_rate 1e\+30"):
        run(config, tmp_path / "run")
    record = read_run(tmp_path / "run")
    assert record.status == "failed"
    assert record.error.startswith("TrainingError: the loss is no longer finite in epoch 1")
    assert not (tmp_path / "run" / "model").exists()
    assert all(math.isfinite(epoch["train_loss"]) for epoch in record.epochs)


@pytest.mark.slow
def test_a_test_loss_that_is_not_finite_ends_the_run_alike(tiny_config, tmp_path):
    # One step an epoch: its loss is finite, the weights after it are not.
    config = replace(tiny_config, learning_rate=1e30, batch_size=70, method="cross_entropy")
    with pytest.raises(TrainingError, match="no longer finite in epoch 1"):
        run(config, tmp_path / "run")
    assert read_run(tmp_path / "run").status == "failed"


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(tiny_config, tiny_run):
    before = (tiny_run.path / "run.json").read_bytes()
    with pytest.raises(FileExistsError, match=r"already holds a run: resume it, delete it, or"):
        run(tiny_config, tiny_run.path)
    assert (tiny_run.path / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"batch_size": 71}, DataError, "batch_size 71 is larger than the training set of 70"),
        ({"data": "nosuch"}, DataError, "unknown data set 'nosuch'"),
        ({"backbone": "nosuch"}, BackboneError, "unknown timm backbone 'nosuch'"),
        (
            {"noise": "file", "noise_rate": 0.0, "noise_file": "absent.txt"},
            FileNotFoundError,
            "no noise list at absent.txt",
        ),
    ],
)
@pytest.mark.slow
def test_input_that_cannot_work_is_refused_before_anything_is_written(
    tiny_config, tmp_path, change, error, sentence
):
    with pytest.raises(error, match=sentence):
        run(replace(tiny_config, **change), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_resuming_with_another_configuration_is_refused(tiny_config, tiny_run):
    before = (tiny_run.path / "run.json").read_bytes()
    with pytest.raises(CheckpointError, match=r"learning_rate 0.002 -> 0.001"):
        run(replace(tiny_config, learning_rate=1e-3), tiny_run.path, resume=True)
    assert (tiny_run.path / "run.json").read_bytes() == before


def test_resuming_where_nothing_ran_is_refused(tiny_config, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        run(tiny_config, tmp_path / "run", resume=True)


@pytest.mark.slow
def test_the_saved_model_answers_as_the_record_says(record):
    trained = load_model(record.path / "model")
    split = load_data(record.config["data"], Decoding(48, 3)).eval
    answers = evaluate(trained.model, split)
    assert answers.confusion.tolist() == record.result["confusion"]
    assert answers.loss == pytest.approx(record.epochs[-1]["eval_loss"], rel=1e-5)
    for row, confidence in zip(read_predictions(record.path), answers.confidences, strict=True):
        assert row.confidence == pytest.approx(confidence, abs=1e-4)
    assert trained.classes == record.classes
    assert trained.facts["accuracy"] == record.result["final_accuracy"]
    assert trained.facts["method"] == record.config["method"]


@pytest.mark.slow
def test_the_loaded_model_gives_exactly_the_logits_of_the_trained_one(tiny_run, tiny_config):
    experiment = prepare(tiny_config)
    method = create_method(experiment.model, tiny_config, torch.from_numpy(experiment.targets))
    method.load_state_dict(load_checkpoint(tiny_run.path, tiny_config).method)
    images = torch.randn(4, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    loaded = load_model(tiny_run.path / "model").model
    assert torch.equal(experiment.model.eval()(images).logits, loaded(images).logits)


@pytest.mark.parametrize(
    "options",
    [
        {"views": "one_pass", "erased_region": "independent", "detach_classifier": False},
        {"channels": 1, "optimizer": "sgd", "schedule": "cosine", "learning_rate": 0.01},
        {"optimizer": "adamw", "warmup_epochs": 1, "label_smoothing": 0.1},
        {"rotation": 10.0, "zoom": 0.1, "shift": 0.1, "jitter": 0.2},
        {"backbone": "test_vit"},
        {"backbone": "test_efficientnet", "stride": 16},
    ],
)
@pytest.mark.slow
def test_a_run_finishes_with_every_kind_of_option(tiny_config, tmp_path, options):
    config = tiny_config.change(data="synthetic?train=28&test=14", batch_size=14, **options)
    record = run(config, tmp_path / "run")
    assert record.status == "finished"
    assert len(record.epochs) == 2


@pytest.mark.slow
def test_what_is_left_over_of_an_epoch_is_not_trained_on(tiny_config, tmp_path, monkeypatch):
    seen = []
    real = batches.augment

    def spy(images, *others):
        seen.append(len(images))
        return real(images, *others)

    monkeypatch.setattr(batches, "augment", spy)
    run(replace(tiny_config, epochs=1), tmp_path / "run")
    assert seen == [16, 16, 16, 16]  # of 70


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


@pytest.mark.slow
def test_a_device_without_room_leaves_no_record(tiny_config, tmp_path, monkeypatch):
    memory = device_images.psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(device_images.psutil, "virtual_memory", lambda: memory)
    with pytest.raises(DataError, match="storage 'device' needs"):
        run(tiny_config, tmp_path / "run", storage=Storage("device"))
    assert not (tmp_path / "run").exists()


def test_a_record_folder_that_is_a_file_is_refused_at_once(tiny_config, tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(FileExistsError, match="run is a file: name a folder for the record"):
        run(tiny_config, tmp_path / "run")


@pytest.mark.slow
def test_names_that_cannot_stand_in_a_list_fail_the_run_and_its_record(tiny_config, tmp_path):
    generator = np.random.default_rng(0)
    for place in ("train/anger", "train/fear", "test/anger", "test/fear"):
        (tmp_path / place).mkdir(parents=True)
        pixels = generator.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / place / "a\nb.png")
    config = replace(tiny_config, data=f"folder:{tmp_path}", batch_size=2)
    with pytest.raises(ValueError, match="cannot be in a noise list"):
        run(config, tmp_path / "run")
    assert read_run(tmp_path / "run").status == "failed"


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


@pytest.mark.slow
def test_labels_that_scn_changes_are_counted_and_stay_changed_over_the_epochs(
    tiny_config, tmp_path
):
    config = tiny_config.change(method="scn", relabel_epoch=2, relabel_margin=0.0, epochs=3)
    record = run(config, tmp_path / "run")
    for epoch in record.epochs:
        assert set(epoch["train_parts"]) == {"ranking", "relabelled", "relabelled_right"}
        total = epoch["train_classification_loss"] + epoch["train_parts"]["ranking"]
        assert epoch["train_loss"] == pytest.approx(total, rel=1e-5)
    first, second, third = (epoch["train_parts"] for epoch in record.epochs)
    assert first["relabelled"] == 0
    assert 0 < second["relabelled"] < third["relabelled"] < 1
    assert first["relabelled_right"] is None
    assert 0 <= third["relabelled_right"] < 1
    labels = load_checkpoint(record.path, config).method["labels"].numpy()
    assert 0 < (labels != prepare(config).targets).mean() < 1
    assert record.noise["noisy_label_count"] == 21  # the noise of the record is not touched


@pytest.mark.parametrize("method", ["gce", "rul"])
@pytest.mark.slow
def test_a_method_without_further_parts_records_none(tiny_config, tmp_path, method):
    (epoch,) = run(replace(tiny_config, method=method, epochs=1), tmp_path / "run").epochs
    assert epoch["train_parts"] is None
    assert epoch["train_loss"] == epoch["train_classification_loss"]


@pytest.mark.parametrize("method", ["scn", "rul"])
@pytest.mark.slow
def test_what_a_method_learns_beside_the_model_is_not_saved_with_it(tiny_config, tmp_path, method):
    record = run(replace(tiny_config, method=method, epochs=1), tmp_path / "run")
    assert set(weights(record)) == set(AttentionModel("test_resnet", 7, image_size=48).state_dict())


@pytest.mark.parametrize("method", ["scn", "rul"])
def test_methods_that_compare_images_refuse_processes_of_a_single_one(
    tiny_config, tmp_path, monkeypatch, method
):
    eight = SimpleNamespace(num_processes=8, device=torch.device("cpu"))
    monkeypatch.setattr(accelerator, "Accelerator", lambda **options: eight)
    with pytest.raises(ValueError, match="batch_size must be at least 16 with 8 processes, got 8"):
        run(replace(tiny_config, method=method, batch_size=8), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_co_teaching_trains_two_networks_and_keeps_the_first(tiny_config, tmp_path):
    config = replace(
        tiny_config, data="synthetic?train=56&test=14", batch_size=14, method="co_teaching"
    )
    record = run(config, tmp_path / "run")
    checkpoint = load_checkpoint(record.path, config)
    peer = {n: v for n, v in checkpoint.method.items() if n.startswith("peer.")}
    for name, value in weights(record).items():
        assert torch.equal(value, checkpoint.method[f"model.{name}"]), name
    start = prepare(config).model.state_dict()
    assert not torch.equal(checkpoint.method["model.classifier.weight"], start["classifier.weight"])
    fresh = create_method(prepare(config).model, config, torch.arange(7)).state_dict()
    assert not any(torch.equal(v, fresh[n]) for n, v in peer.items() if n.endswith("weight"))
    assert record.model["parameters"] == sum(p.numel() for p in prepare(config).model.parameters())
    for epoch in record.epochs:
        assert epoch["train_loss"] > epoch["train_classification_loss"]


@pytest.mark.slow
def test_both_networks_of_co_teaching_are_made_fast_alike(tiny_config, tmp_path, monkeypatch):
    calls = []
    real = AttentionModel.channels_last

    def channels_last(model):
        calls.append(("channels_last", model))
        return real(model)

    monkeypatch.setattr(AttentionModel, "channels_last", channels_last)
    monkeypatch.setattr(
        AttentionModel, "speed_up_training", lambda model: calls.append(("compile", model))
    )
    config = replace(tiny_config, method="co_teaching", epochs=1, compile=True)
    run(config, tmp_path / "run")
    for name in ("channels_last", "compile"):
        assert len({id(model) for kind, model in calls if kind == name}) == 2


@pytest.mark.slow
def test_with_an_average_it_is_the_average_that_is_tested_and_saved(tiny_config, tmp_path):
    config = replace(tiny_config, ema_decay=0.9)
    record = run(config, tmp_path / "run")
    checkpoint = load_checkpoint(record.path, config)
    saved = weights(record)
    assert checkpoint.average.keys() == saved.keys()
    for name, value in saved.items():
        assert torch.equal(value, checkpoint.average[name]), name
        if name.endswith("weight"):
            assert not torch.equal(value, checkpoint.method[f"model.{name}"]), name
    split = load_data(config.data, Decoding(48, 3)).eval
    answers = evaluate(load_model(record.path / "model").model, split)
    assert answers.confusion.tolist() == record.result["confusion"]
    assert answers.loss == pytest.approx(record.epochs[-1]["eval_loss"], rel=1e-5)


@pytest.mark.slow
def test_the_average_changes_no_step_of_training(tiny_config, tiny_run, tmp_path):
    averaged = run(replace(tiny_config, ema_decay=0.9), tmp_path / "run")
    for epoch, plain in zip(averaged.epochs, tiny_run.epochs, strict=True):
        assert epoch["train_loss"] == plain["train_loss"]
        assert epoch["eval_loss"] != plain["eval_loss"]


@pytest.mark.slow
def test_with_test_mirror_the_record_is_of_both_sides_and_training_is_the_same(
    tiny_config, tiny_run, tmp_path
):
    record = run(replace(tiny_config, tta_flip=True), tmp_path / "run")
    plain = weights(tiny_run)
    assert all(torch.equal(value, plain[name]) for name, value in weights(record).items())
    split = load_data(tiny_config.data, Decoding(48, 3)).eval
    model = load_model(record.path / "model").model
    flipped = evaluate(model, split, mirror=True)
    assert flipped.confusion.tolist() == record.result["confusion"]
    assert flipped.loss == pytest.approx(record.epochs[-1]["eval_loss"], rel=1e-5)
    assert abs(evaluate(model, split).loss - flipped.loss) > 1e-4


@pytest.mark.slow
def test_a_run_with_a_small_stem_saves_a_model_that_has_it(tiny_config, tmp_path):
    config = replace(
        tiny_config, data="synthetic?train=28&test=14", image_size=32, stem="small", batch_size=14
    )
    record = run(config, tmp_path / "run")
    assert record.model["map_size"] == [4, 4]
    loaded = load_model(record.path / "model").model
    split = load_data(config.data, Decoding(32, 3)).eval
    assert evaluate(loaded, split).confusion.tolist() == record.result["confusion"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sync_batch_norm": True}, "sync_batch_norm works on GPUs, got device 'cpu'"),
        ({"precision": "fp16"}, "'fp16' works on GPUs, got device 'cpu': use 'bf16' or 'no'"),
    ],
)
def test_what_needs_a_gpu_is_refused_on_the_cpu_before_anything_is_written(
    tiny_config, tmp_path, options, sentence
):
    with pytest.raises(ValueError, match=sentence):
        run(replace(tiny_config, **options), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_written(
    tiny_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device 'cuda' was requested, but torch .* finds no GPU"):
        train(tiny_config, tmp_path / "run", device="cuda", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_runs_of_any_precision_follow_each_other_in_one_process(tiny_config, tiny_run, tmp_path):
    half = replace(tiny_config, data="synthetic?train=28&test=14", batch_size=14, precision="bf16")
    assert run(half, tmp_path / "half").environment["precision"] == "bf16"
    assert_same_run(tiny_run, run(tiny_config, tmp_path / "whole"))

"""What a run leaves, and what is refused."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_core.config import defaults_of, from_json
from fer_core.config.input_spec import from_json as spec_from_json
from fer_core.datasets import DataError, Decoding, Storage, load_data
from fer_core.datasets import prefetch as device_images
from fer_core.evaluation.inference import evaluate
from fer_core.methods import create_method
from fer_core.models.feature_maps import BackboneError
from fer_core.models.pretrained import load_model
from fer_core.records.predictions import read_predictions
from fer_core.records.run import read_run
from fer_core.training import loader as batches
from fer_core.training.checkpoint import load_checkpoint
from fer_core.training.engine import TrainingError, train
from fer_core.training.recording import OWN_FILES
from fer_core.training.setup import prepare
from tests.fer_core.training.engine_runs import TIMES, assert_same_run, run, weights
from tests.project import PROJECT

DOCUMENT = PROJECT / "docs" / "run-records.md"


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


def test_an_unknown_device_is_refused(tiny_config, tmp_path):
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, got 'gpu'"):
        train(tiny_config, tmp_path / "run", device="gpu")


@pytest.mark.parametrize("name", OWN_FILES)
def test_files_of_ones_own_are_kept_that_a_run_would_replace(tiny_config, tmp_path, name):
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(FileExistsError, match=f"holds no run, but {name}, .*: name another folder"):
        run(tiny_config, tmp_path)
    assert mine.read_text() == "mine"
    assert not (tmp_path / "run.json").exists()


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
def test_given_names_that_cannot_stand_in_a_list_fail_the_run_and_its_record(tiny_config, tmp_path):
    given = load_data(tiny_config.data, Decoding(48, 3))
    names = ("a\nb.png", *given.train.names[1:])
    given = replace(given, train=given.train._replace(names=names))
    with pytest.raises(ValueError, match="cannot be in a noise list"):
        train(tiny_config, tmp_path / "run", dataset=given, progress=False)
    assert read_run(tmp_path / "run").status == "failed"


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

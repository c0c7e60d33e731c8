"""What single methods do to a run."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from fer_core.datasets import Decoding, load_data
from fer_core.evaluation.inference import evaluate
from fer_core.methods import create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import load_model
from fer_core.training import accelerator
from fer_core.training.checkpoint import load_checkpoint
from fer_core.training.setup import prepare
from tests.fer_core.training.engine_runs import run, weights


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


@pytest.mark.slow
def test_a_run_too_short_for_its_method_says_so_in_its_log(tiny_config, tmp_path, caplog):
    config = tiny_config.change(method="scn", relabel_epoch=2, epochs=1)
    run(config, tmp_path / "run")
    (told,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert told.startswith("scn with epochs = 1: relabel_epoch is 2")


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

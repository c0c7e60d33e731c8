"""Gradient accumulation and clipping, in whole runs."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from fer_core.config import from_json
from fer_core.datasets import DataError
from fer_core.training.engine import train
from fer_core.training.loader import TrainingSet
from fer_core.training.optim import create_optimizer
from fer_core.training.setup import prepare

FIGURES = (
    "train_loss",
    "eval_loss",
    "eval_accuracy",
    "train_accuracy_noisy_labels",
    "learning_rate",
)


@pytest.fixture
def config(tiny_config):
    """Two steps of 28 images an epoch; the 7 images that are left over wait for another epoch."""
    return tiny_config.change(
        data="synthetic?train=63&test=14", backbone="test_vit", batch_size=28,
        schedule="cosine", optimizer="sgd", learning_rate=0.05, ramp_epochs=1, ema_decay=0.9,
        mixup=0.4, noise="none", noise_rate=0.0,
    )  # fmt: skip


def run(config, folder, **options):
    return train(config, folder, device="cpu", progress=False, **options)


def weights(folder):
    return load_file(folder / "model" / "model.safetensors")


@pytest.mark.slow
def test_without_batch_norm_accumulated_gradients_are_those_of_the_large_batch(config, tmp_path):
    large = run(config, tmp_path / "large")
    small = run(replace(config, batch_size=14, accumulate=2), tmp_path / "small")
    for one, other in zip(large.epochs, small.epochs, strict=True):
        assert [other[name] for name in FIGURES] == pytest.approx(
            [one[name] for name in FIGURES], rel=1e-4
        )
    got = weights(tmp_path / "small")
    for name, value in weights(tmp_path / "large").items():
        torch.testing.assert_close(got[name], value, rtol=1e-3, atol=1e-5)
    assert from_json(small.config).accumulate == 2


@pytest.mark.slow
def test_an_epoch_ends_with_a_whole_step_of_the_optimiser(config):
    experiment = prepare(replace(config, batch_size=14, accumulate=3))
    images = TrainingSet(experiment, torch.device("cpu"), "auto")
    assert images.steps == 3  # 63 images are 4 passes of 14, but only one step of three passes
    batches = list(images.batches(1, torch.Generator().manual_seed(0)))
    assert [batch.epoch for batch in batches] == [1.0, 1.0, 1.0]


@pytest.mark.slow
def test_a_run_with_accumulation_is_resumed_exactly(config, tmp_path, monkeypatch):
    config = replace(config, batch_size=14, accumulate=2, clip_norm=0.5, optimizer="nadamw",
                     learning_rate=1e-3, decay_norms=False)  # fmt: skip
    whole = run(config, tmp_path / "whole")
    calls = []

    def stop(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return train_epoch(*arguments, **options)

    from fer_core.training import engine

    train_epoch = engine.train_epoch
    monkeypatch.setattr(engine, "train_epoch", stop)
    with pytest.raises(RuntimeError, match="power cut"):
        run(config, tmp_path / "run")
    monkeypatch.setattr(engine, "train_epoch", train_epoch)
    again = run(config, tmp_path / "run", resume=True)
    for one, other in zip(whole.epochs, again.epochs, strict=True):
        assert [one[name] for name in FIGURES] == [other[name] for name in FIGURES]
    got = weights(tmp_path / "run")
    assert all(torch.equal(got[name], value) for name, value in weights(tmp_path / "whole").items())


@pytest.mark.slow
def test_a_set_smaller_than_one_accumulated_step_is_refused(config):
    with pytest.raises(
        DataError, match="batch_size 28 times accumulate 3 is larger than the training set of 63"
    ):
        prepare(replace(config, accumulate=3))


@pytest.mark.slow
def test_gradients_are_clipped_to_the_norm(config, tmp_path, monkeypatch):
    norms = []

    def watched(own, module):
        optimizer = create_optimizer(own, module)

        def note(*_):
            gradients = [weight.grad.norm() for weight in module.parameters()]
            norms.append(float(torch.stack(gradients).norm()))

        optimizer.register_step_pre_hook(note)
        return optimizer

    monkeypatch.setattr("fer_core.training.state.create_optimizer", watched)
    run(replace(config, batch_size=14, accumulate=2, epochs=1), tmp_path / "free")
    free, norms[:] = list(norms), []
    run(replace(config, batch_size=14, accumulate=2, epochs=1, clip_norm=0.01), tmp_path / "clip")
    assert len(free) == len(norms) == 2
    assert min(free) > 0.02
    assert norms == pytest.approx([0.01, 0.01], rel=1e-3)


def test_an_unknown_optimiser_is_refused_before_the_data_are_read(config, tmp_path):
    config = replace(config, data="rafdb:nowhere", optimizer="adamx")
    with pytest.raises(ValueError, match="got 'adamx'; did you mean"):
        run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()

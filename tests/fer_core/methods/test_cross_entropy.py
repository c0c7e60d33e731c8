import numpy as np
import pytest
import torch

from fer_core.config import RunConfig
from fer_core.methods import METHODS, Batch, CrossEntropy, create_method
from fer_core.models import AttentionModel
from fer_core.transforms import hole_masks, sample_holes


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AttentionModel("test_resnet", 7, image_size=64).eval()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 7, (6,), generator=generator)
    images = torch.randn(6, 3, 64, 64, generator=generator)
    return Batch(images, labels, (labels + 1) % 7, torch.arange(6))


def step(model, batch, **options):
    config = RunConfig(method="cross_entropy", **options)
    fresh = batch._replace(images=batch.images.clone())  # a method may write on its images
    return CrossEntropy(model, config)(fresh, torch.Generator().manual_seed(2))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_cross_entropy_of_the_erased_images(model, batch, smoothing):
    output = step(model, batch, label_smoothing=smoothing, erase_probability=1.0)
    config = RunConfig(erase_probability=1.0)
    holes = sample_holes(batch.images, config, torch.Generator().manual_seed(2))
    masks = hole_masks(holes, 64, 64).numpy()
    erased = torch.from_numpy(np.where(masks, 0, batch.images.numpy()))
    logits = model(erased).logits.detach().numpy().astype(float)
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    targets = np.eye(7)[batch.labels] * (1 - smoothing) + smoothing / 7
    expected = -(targets * logarithms).sum(1).mean()
    assert output.loss.item() == pytest.approx(expected, rel=1e-6)
    assert output.parts["classification"].item() == output.loss.item()
    assert np.allclose(output.logits, logits, atol=1e-5)


def test_the_output_tells_nothing_of_the_clean_labels(model, batch):
    other = batch._replace(clean_labels=(batch.clean_labels + 3) % 7)
    assert step(model, batch).loss.item() == step(model, other).loss.item()


def test_only_the_loss_carries_a_gradient(model, batch):
    output = step(model, batch)
    assert output.loss.requires_grad
    assert not output.logits.requires_grad
    assert not output.parts["classification"].requires_grad


def test_every_method_can_be_created_by_its_name(model):
    for name, kind in METHODS.items():
        method = create_method(model, RunConfig(method=name))
        assert type(method) is kind
        assert method.model is model

from functools import partial

import numpy as np
import pytest
import torch

from fer_core.config import RunConfig
from fer_core.methods import METHODS, create_method
from fer_core.transforms.functional import region_masks


@pytest.fixture
def plain_step(step):
    return partial(step, method="cross_entropy")


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_cross_entropy_of_the_erased_images(
    model, batch, plain_step, with_regions, smoothing
):
    output = plain_step(model, batch, label_smoothing=smoothing, erase_probability=1.0)
    config = RunConfig(erase_probability=1.0)
    masks = region_masks(with_regions(batch, config).regions, 64, 64).numpy()
    erased = torch.from_numpy(np.where(masks, 0, batch.images.numpy()))
    logits = model(erased).logits.detach().numpy().astype(float)
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    targets = np.eye(7)[batch.noisy_labels] * (1 - smoothing) + smoothing / 7
    expected = -(targets * logarithms).sum(1).mean()
    assert output.loss.item() == pytest.approx(expected, rel=1e-6)
    assert output.parts["classification"].item() == output.loss.item()
    assert np.allclose(output.logits, logits, atol=1e-5)


def test_the_output_tells_nothing_of_the_clean_labels(model, batch, plain_step):
    other = batch._replace(true_labels=(batch.true_labels + 3) % 7)
    assert plain_step(model, batch).loss.item() == plain_step(model, other).loss.item()


def test_only_the_loss_carries_a_gradient(model, batch, plain_step):
    output = plain_step(model, batch)
    assert output.loss.requires_grad
    assert not output.logits.requires_grad
    assert not output.parts["classification"].requires_grad


def test_label_smoothing_is_the_plain_model_with_smoothed_labels(model, batch, step, plain_step):
    assert METHODS["label_smoothing"].source == METHODS["cross_entropy"].source
    smooth = step(model, batch, method="label_smoothing", label_smoothing=0.2)
    assert smooth.loss.item() == plain_step(model, batch, label_smoothing=0.2).loss.item()
    assert smooth.loss.item() != plain_step(model, batch).loss.item()


def test_smoothing_pulls_a_sure_answer_back_and_a_plain_label_never_does(model):
    logits = torch.zeros(1, 7).index_fill_(1, torch.tensor([2]), 9.0).requires_grad_()
    pulls = []
    for smoothing in (0.0, 0.2):
        config = RunConfig(method="cross_entropy", label_smoothing=smoothing)
        method = create_method(model, config, torch.arange(7))
        loss = method.classification_loss(logits, torch.tensor([2]))
        pulls.append(torch.autograd.grad(loss, logits)[0][0, 2].item())
    assert pulls[0] < 0 < pulls[1]  # a step goes against the gradient


def test_every_method_can_be_created_by_its_name(model):
    for name, spec in METHODS.items():
        if not spec.bundled:
            continue
        config = RunConfig(method=name, label_smoothing=0.1 * (name == "label_smoothing"))
        method = create_method(model, config, torch.arange(7))
        assert type(method).__name__ == spec.source.partition(":")[2]
        assert type(config.options) is spec.options
        assert method.model is model

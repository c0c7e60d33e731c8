"""The loss against a transcription of Zhang and Sabuncu, NeurIPS 2018 (arXiv 1805.07836)."""

import math

import pytest
import torch
import torch.nn.functional as F

from fer_core.config.methods.gce import GCEOptions
from fer_core.methods.gce import generalised_cross_entropy


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(9, 7, dtype=torch.double, generator=generator)


@pytest.fixture
def labels():
    return torch.randint(0, 7, (9,), generator=torch.Generator().manual_seed(1))


def transcription(logits, labels, exponent):
    """Mean of (1 - p^q) / q, one image after the other."""
    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        exponentials = [math.exp(value) for value in row]
        probability = exponentials[label] / sum(exponentials)
        total += (1 - probability**exponent) / exponent
    return total / len(logits)


@pytest.mark.parametrize("exponent", [0.1, 0.5, 0.7, 1.0])
def test_the_loss_is_the_equation_of_the_paper(logits, labels, exponent):
    loss = generalised_cross_entropy(logits, labels, exponent)
    assert loss.item() == pytest.approx(transcription(logits, labels, exponent), rel=1e-12)


@pytest.mark.parametrize("exponent", [0.3, 1.0])
def test_a_step_has_the_loss_of_the_erased_images(model, batch, step, exponent):
    options = {"gce_exponent": exponent, "erase_probability": 1.0}
    output = step(model, batch, method="gce", **options)
    seen = step(model, batch, method="cross_entropy", erase_probability=1.0).logits
    assert torch.equal(output.logits, seen)
    expected = transcription(seen.double(), batch.noisy_labels, exponent)
    assert output.loss.item() == pytest.approx(expected, rel=1e-6)
    assert output.parts["classification"].item() == output.loss.item()
    assert set(output.parts) == {"classification"}
    assert not output.logits.requires_grad


def test_towards_zero_it_is_the_cross_entropy(logits, labels):
    plain = F.cross_entropy(logits, labels).item()
    gaps = [
        abs(generalised_cross_entropy(logits, labels, exponent).item() - plain)
        for exponent in (1e-2, 1e-4, 1e-6)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-4
    # In single precision 1 - p^q alone would have lost its digits by here.
    loss = generalised_cross_entropy(logits.float(), labels, 1e-6).item()
    assert loss == pytest.approx(plain, rel=1e-4)


def test_at_one_it_is_half_the_absolute_error(logits, labels):
    errors = (F.one_hot(labels, 7) - logits.softmax(1)).abs().sum(1)
    loss = generalised_cross_entropy(logits, labels, 1.0)
    assert loss.item() == pytest.approx(errors.mean().item() / 2, rel=1e-12)


def test_the_gradient_is_that_of_the_cross_entropy_times_a_power_of_the_probability(logits, labels):
    gradients = []
    for loss in (lambda z: generalised_cross_entropy(z, labels, 0.7),
                 lambda z: F.cross_entropy(z, labels)):  # fmt: skip
        leaf = logits.clone().requires_grad_()
        loss(leaf).backward()
        gradients.append(leaf.grad)
    own = logits.softmax(1).gather(1, labels[:, None])
    assert torch.allclose(gradients[0], own**0.7 * gradients[1], rtol=1e-9, atol=1e-15)


def test_a_wrong_label_that_the_model_is_sure_against_costs_no_more_than_one_over_q():
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    loss = generalised_cross_entropy(logits, torch.tensor([1]), 0.7)
    loss.backward()
    assert loss.item() == pytest.approx(1 / 0.7, rel=1e-6)
    assert logits.grad.isfinite().all()


def test_backbone_and_classifier_learn(model, batch, step):
    step(model, batch, method="gce").loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert model.classifier.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("exponent", [0.0, -0.1, 1.01, math.nan])
def test_an_exponent_outside_its_range_is_refused(exponent):
    with pytest.raises(ValueError, match=r"gce_exponent must be in \(0, 1\], got"):
        GCEOptions(gce_exponent=exponent)

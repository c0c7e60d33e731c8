import numpy as np
import pytest
import torch

from fer_core.config import RunConfig
from fer_core.methods.nla import ambiguity_weights, jensen_shannon, normal_density


def softmax(rows):
    exponents = np.exp(rows - rows.max(1, keepdims=True))
    return exponents / exponents.sum(1, keepdims=True)


def numpy_weights(logits, labels, progress):
    """The paper's weights: one of two bivariate normal densities at (p_GT, p_NN)."""
    weights = []
    for row, label in zip(softmax(logits), labels, strict=True):
        given, strongest = row[label], np.delete(row, label).max()
        growth = 1 - np.exp(-15 * progress)
        mean, off = ([0.5, 0.5], -0.4 * growth)
        variance = 0.8
        if given < strongest:
            mean, variance, off = [0.3, 0.15], 0.91, 0.91 / 6
        covariance = np.array([[variance, off], [off, variance]])
        gap = np.array([given, strongest]) - mean
        exponent = -gap @ np.linalg.inv(covariance) @ gap / 2
        weights.append(np.exp(exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance))))
    return np.array(weights)


@pytest.mark.parametrize("progress", [0.0, 0.1, 1.0])
def test_the_weights_are_the_papers_densities(progress):
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(40, 7, generator=generator)
    labels = torch.randint(0, 7, (40,), generator=generator)
    expected = numpy_weights(logits.double().numpy(), labels.numpy(), progress)
    found = ambiguity_weights(logits, labels, progress)
    assert found.numpy() == pytest.approx(expected, rel=1e-5)


def test_an_ambiguous_image_weighs_more_than_an_easy_one_and_than_a_doubtful_label():
    ambiguous = torch.tensor([[1.0, 1.0, -9.0]])
    easy, doubtful = torch.tensor([[9.0, 0.0, 0.0]]), torch.tensor([[0.0, 9.0, 0.0]])
    label = torch.tensor([0])
    middle, certain, wrong = (
        ambiguity_weights(logits, label, 1.0).item() for logits in (ambiguous, easy, doubtful)
    )
    assert middle > certain
    assert middle > wrong


def test_a_density_integrates_to_one():
    axis = torch.linspace(-6, 7, 400, dtype=torch.float64)
    points = torch.cartesian_prod(axis, axis)
    area = normal_density(points, (0.5, 0.5), 0.8, -0.5).sum() * (axis[1] - axis[0]) ** 2
    assert area.item() == pytest.approx(1.0, abs=1e-4)


def test_the_divergence_is_jensen_shannons():
    generator = torch.Generator().manual_seed(2)
    one, other = torch.randn(2, 5, 7, generator=generator).double()
    p, q = softmax(one.numpy()), softmax(other.numpy())
    m = (p + q) / 2
    expected = ((p * np.log(p / m)).sum(1) + (q * np.log(q / m)).sum(1)).mean() / 2
    assert jensen_shannon(one, other).item() == pytest.approx(expected, rel=1e-9)
    assert jensen_shannon(one, one).item() == pytest.approx(0.0, abs=1e-12)


def test_the_loss_weighs_both_parts_and_no_gradient_passes_the_weights(step, model, batch):
    output = step(model, batch, method="nla", ambiguity_share=0.7)
    parts = {name: value.item() for name, value in output.parts.items()}
    expected = 0.7 * parts["classification"] + 0.3 * parts["consistency"]
    assert output.loss.item() == pytest.approx(expected, rel=1e-6)
    weights = numpy_weights(output.logits.double().numpy(), batch.noisy_labels.numpy(), 0.0)
    p = softmax(output.logits.double().numpy())
    losses = -np.log(p[np.arange(len(p)), batch.noisy_labels])
    assert parts["classification"] == pytest.approx(((1 + weights) * losses).mean(), rel=1e-5)
    assert not ambiguity_weights(
        output.logits.requires_grad_(), batch.noisy_labels, 0.5
    ).requires_grad


def test_the_mirrored_view_shows_the_same_erased_region(step, model, batch):
    # A model that looks at the mean of the image alone cannot tell the two views apart.
    seen = []
    real = model.features
    model.features = lambda images: seen.append(images.clone()) or real(images)
    step(model, batch, method="nla")
    assert torch.equal(seen[1], seen[0].flip(-1))


def test_whole_labels_are_asked_for():
    with pytest.raises(ValueError, match="'nla' needs hard labels"):
        RunConfig(method="nla", mixup=0.4)

"""The loss against a numpy transcription of Zhang et al., NeurIPS 2023 (arXiv 2310.19636)."""

from functools import partial

import numpy as np
import pytest
import torch

from fer_core.config import RunConfig, from_json
from fer_core.config.methods.eac_balanced import BalancedEACOptions
from fer_core.methods.eac_balanced import (
    BalancedEAC,
    balanced_consistency_loss,
    rare_first_labels,
)
from fer_core.transforms.functional import erase_, mirror

COUNTS = np.array([40, 3, 10, 100, 20, 5, 30])
TARGETS = torch.from_numpy(np.repeat(np.arange(7), COUNTS))
# RAF-DB's training labels, and the constants that the official code has for them.
RAF_COUNTS = [1290, 281, 717, 4772, 1982, 705, 2524]
RAF_WEIGHTS = [0.95124031, 4.36690391, 1.71143654, 0.25714585, 0.6191221, 1.74056738, 0.48617274]


@pytest.fixture
def balanced_step(step):
    return partial(step, method="eac_balanced", targets=TARGETS)


def numpy_class_weights(beta):
    return np.array([(1 - beta) / (1 - beta**n) for n in COUNTS])


def numpy_smooth_label(label, weights, smoothing):
    """1 - e for the label; e is shared by the others in proportion to their weights."""
    others = sum(weights[j] for j in range(7) if j != label)
    return [1 - smoothing if j == label else smoothing * weights[j] / others for j in range(7)]


def as_double(tensor):
    return tensor.detach().numpy().astype(np.float64)


@pytest.mark.parametrize("erased_region", ["same", "independent"])
@pytest.mark.parametrize(("beta", "smoothing"), [(0.9, 0.1), (0.999, 0.3), (0.5, 0.0)])
@pytest.mark.slow
def test_all_losses_follow_the_equations(
    balanced_step, with_regions, model, batch, erased_region, beta, smoothing
):
    options = {"erased_region": erased_region, "erase_probability": 1.0}
    output = balanced_step(
        model, batch, balance_beta=beta, rare_smoothing=smoothing, consistency_weight=3.0, **options
    )
    drawn = with_regions(batch, from_json(options))
    original = erase_(drawn.images.clone(), drawn.regions)
    flipped = mirror(original)
    if erased_region == "independent":
        flipped = erase_(mirror(drawn.images), drawn.other_regions)
    answer, other = model(original), model(flipped)
    logits, maps, flipped_maps = map(as_double, (answer.logits, answer.maps, other.maps))
    weights = numpy_class_weights(beta)
    scaled = weights / weights.mean()
    count, classes, height, width = maps.shape
    consistency = 0.0
    for n, j, h, w in np.ndindex(maps.shape):
        gap = maps[n, j, h, w] - flipped_maps[n, j, h, width - 1 - w]
        consistency += scaled[j] * gap**2
    consistency /= count * classes * height * width
    classification = 0.0
    for row, label in zip(logits, batch.noisy_labels.tolist(), strict=True):
        logarithms = row - np.log(np.exp(row).sum())
        classification -= logarithms @ numpy_smooth_label(label, weights, smoothing) / count
    assert output.parts["consistency"].item() == pytest.approx(consistency, rel=1e-5)
    assert output.parts["classification"].item() == pytest.approx(classification, rel=1e-5)
    assert output.loss.item() == pytest.approx(classification + 3 * consistency, rel=1e-5)


@pytest.mark.slow
def test_with_equal_weights_and_no_smoothing_it_learns_as_eac_to_the_last_bit(step, model, batch):
    results = []
    same = {"consistency_weight": 5.0}
    unbalanced = {"balance_beta": 0.0, "targets": TARGETS}
    for options in (
        {"method": "eac"},
        {"method": "eac_balanced", "rare_smoothing": 0.0, **same},
        {"method": "eac_balanced", "rare_smoothing": 0.0, **same, **unbalanced},
    ):
        model.zero_grad()
        output = step(model, batch, **options)
        output.loss.backward()
        gradients = [parameter.grad.clone() for parameter in model.parameters()]
        results.append((output, gradients))
    expected, learnt = results[0]
    for output, gradients in results[1:]:
        assert all(torch.equal(*pair) for pair in zip(gradients, learnt, strict=True))
        assert output.parts["consistency"] == expected.parts["consistency"]
        assert output.loss.item() == pytest.approx(expected.loss.item(), rel=1e-6)


def test_the_official_weights_of_raf_db_are_the_limit_of_ours(model):
    targets = torch.repeat_interleave(torch.arange(7), torch.tensor(RAF_COUNTS))
    config = RunConfig(method="eac_balanced", balance_beta=1 - 1e-9)
    weights = BalancedEAC(model, config, targets).map_weights.numpy()
    assert np.allclose(weights, np.array(RAF_WEIGHTS) / np.mean(RAF_WEIGHTS), rtol=1e-4)


def test_a_smoothed_label_keeps_its_share_and_gives_the_rest_to_rare_classes_first():
    labels = rare_first_labels(torch.tensor([1.0, 4.0, 0.5, 2.0]), 0.3)
    assert torch.allclose(labels.sum(1), torch.ones(4))
    assert torch.allclose(labels.diagonal(), torch.full((4,), 0.7))
    assert labels[0].argsort(descending=True).tolist() == [0, 1, 3, 2]
    assert labels[0, 1] / labels[0, 2] == pytest.approx(8)
    assert torch.equal(rare_first_labels(torch.rand(4), 0.0), torch.eye(4))


def test_equal_classes_share_the_smoothing_equally():
    labels = rare_first_labels(torch.ones(5), 0.2)
    assert torch.allclose(labels, 0.8 * torch.eye(5) + 0.05 * (1 - torch.eye(5)))


def test_the_maps_of_a_rare_class_pull_harder_whatever_the_labels(balanced_step, model, batch):
    other = batch._replace(noisy_labels=(batch.noisy_labels + 3) % 7)
    first, second = (balanced_step(model, given) for given in (batch, other))
    assert first.parts["consistency"].item() == second.parts["consistency"].item()
    maps, flipped = torch.randn(2, 4, 7, 3, 3)
    maps.requires_grad_()
    weights = torch.tensor([1.0, 4.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    balanced_consistency_loss(maps, flipped, weights).backward()
    expected = 2 * weights[:, None, None] * (maps - flipped.flip(-1)) / maps.numel()
    assert torch.allclose(maps.grad, expected)


def test_the_map_loss_keeps_its_size(balanced_step, step, model, batch):
    maps = torch.randn(1, 1, 3, 3).expand(4, 7, 3, 3)
    weights = BalancedEAC(model, RunConfig(method="eac_balanced"), TARGETS).map_weights
    weighted = balanced_consistency_loss(maps, torch.zeros(4, 7, 3, 3), weights)
    assert weighted.item() == pytest.approx(maps.square().mean().item(), rel=1e-5)


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 7, 2, 2\) and \(1, 7, 2, 3\)"):
        balanced_consistency_loss(torch.zeros(1, 7, 2, 2), torch.zeros(1, 7, 2, 3), torch.ones(7))


def test_a_class_without_labels_is_left_out_of_both_losses(model):
    config = RunConfig(method="eac_balanced", options=BalancedEACOptions(rare_smoothing=0.3))
    method = BalancedEAC(model, config, torch.tensor([0, 0, 2, 3, 4, 5, 6]))
    assert method.map_weights[1] == 0
    assert method.smooth_labels[0, 1] == 0
    assert torch.isfinite(method.smooth_labels).all()
    assert torch.allclose(method.smooth_labels.sum(1), torch.ones(7))


def test_labels_of_one_class_alone_are_refused(model):
    config = RunConfig(method="eac_balanced")
    with pytest.raises(ValueError, match="labels of at least two classes"):
        BalancedEAC(model, config, torch.full((9,), 3))


def test_nothing_of_the_balance_is_kept_in_the_state(model):
    method = BalancedEAC(model, RunConfig(method="eac_balanced"), TARGETS)
    assert all(name.startswith("model.") for name in method.state_dict())


@pytest.mark.slow
def test_a_detached_classifier_learns_from_the_labels_alone(balanced_step, model, batch):
    gradients = []
    for weight in (0.0, 50.0):
        model.zero_grad()
        balanced_step(model, batch, consistency_weight=weight).loss.backward()
        gradients.append(model.classifier.weight.grad.clone())
    assert torch.allclose(*gradients, rtol=1e-5, atol=1e-8)


@pytest.mark.slow
def test_the_loss_knows_nothing_of_the_clean_labels(balanced_step, model, batch):
    other = batch._replace(true_labels=(batch.true_labels + 3) % 7)
    assert balanced_step(model, batch).loss.item() == balanced_step(model, other).loss.item()


def test_only_the_loss_carries_a_gradient(balanced_step, model, batch):
    output = balanced_step(model, batch)
    assert output.loss.requires_grad
    assert set(output.parts) == {"classification", "consistency"}
    assert not any(part.requires_grad for part in (*output.parts.values(), output.logits))

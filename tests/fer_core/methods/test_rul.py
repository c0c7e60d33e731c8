"""The loss against a transcription of Zhang, Wang, Deng, NeurIPS 2021, and its official code."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_core.config import RunConfig
from fer_core.methods import create_method
from fer_core.methods.rul import HEAD_EPS, add_up_loss, mix, shares_in_mixture
from fer_core.transforms.functional import erase_
from fer_core.transforms.sampling import draw_erased_regions


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.double, generator=generator)


@pytest.fixture
def rul(model):
    torch.manual_seed(3)
    return create_method(model, RunConfig(method="rul"), torch.arange(7)).eval()


@pytest.fixture
def labels():
    return torch.tensor([3, 0, 6, 2, 3])


def transcription(features, log_variances, weight, bias, labels):
    """The loss, pair by pair: features are mixed, then classified, then meet both labels."""
    uncertainties = [np.exp(row).mean() for row in log_variances]
    total = 0.0
    for i in range(len(features)):
        j = (i - 1) % len(features)
        whole = uncertainties[i] + uncertainties[j]
        mixed = uncertainties[i] / whole * features[i] + uncertainties[j] / whole * features[j]
        logits = weight @ mixed + bias
        logarithms = logits - np.log(np.exp(logits).sum())
        total += 0.5 * -logarithms[labels[i]] + 0.5 * -logarithms[labels[j]]
    return total / len(features)


def loss_of(logits, log_variances, labels):
    return add_up_loss(mix(logits, shares_in_mixture(log_variances)), labels)


def test_the_loss_of_mixed_features_is_the_equations_of_the_paper_in_double_precision(labels):
    features, log_variances = random(5, 4), random(5, 8, seed=1)
    weight, bias = random(7, 4, seed=2), random(7, seed=3)
    loss = loss_of(features @ weight.T + bias, log_variances, labels)
    expected = transcription(*(t.numpy() for t in (features, log_variances, weight, bias, labels)))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_mixing_logits_is_mixing_features():
    features, shares = random(5, 4), torch.sigmoid(random(5, seed=1))
    weight, bias = random(7, 4, seed=2), random(7, seed=3)
    of_mixed = mix(features, shares) @ weight.T + bias
    assert torch.allclose(of_mixed, mix(features @ weight.T + bias, shares), rtol=1e-12)


def test_a_step_follows_the_equations_with_a_real_backbone(rul, model, batch, with_regions):
    normalise, _, linear, last = rul.log_variances
    for layer in (normalise, last):  # as if they had seen images
        layer.running_mean.copy_(random(len(layer.running_mean), seed=4))
        layer.running_var.copy_(random(len(layer.running_var), seed=5).exp())
    nn.init.normal_(last.weight)
    config = RunConfig(method="rul", erase_probability=1.0)
    output = rul(with_regions(batch, config))
    seen = with_regions(batch, config)
    features = model.features(erase_(seen.images, seen.regions)).mean((2, 3))

    def double(tensor):
        return tensor.detach().double().numpy()

    def batch_norm(values, layer):
        return (values - double(layer.running_mean)) / np.sqrt(double(layer.running_var) + HEAD_EPS)

    hidden = batch_norm(double(features), normalise) @ double(linear.weight).T
    log_variances = batch_norm(hidden + double(linear.bias), last) * double(last.weight)
    expected = transcription(
        double(features),
        log_variances + double(last.bias),
        double(model.classifier.weight),
        double(model.classifier.bias),
        batch.noisy_labels.numpy(),
    )
    assert output.loss.item() == pytest.approx(expected, rel=1e-5)
    assert output.parts["classification"].item() == output.loss.item()
    assert set(output.parts) == {"classification"}


def test_both_shares_of_a_pair_make_a_whole_and_the_more_uncertain_takes_the_larger():
    pair = torch.tensor([[2.0, 2.0], [0.0, 1.0]], dtype=torch.double)
    first, second = shares_in_mixture(pair)
    assert first + second == pytest.approx(1)
    assert first > 0.5 > second
    uncertainties = pair.exp().mean(1)
    assert first.item() == pytest.approx((uncertainties[0] / uncertainties.sum()).item())


def test_images_of_one_uncertainty_are_mixed_half_and_half(labels):
    logits = random(5, 7)
    shares = shares_in_mixture(torch.full((5, 8), 0.3))
    assert torch.allclose(shares, torch.full((5,), 0.5))
    assert torch.allclose(mix(logits, shares.double()), (logits + logits.roll(1, 0)) / 2)


def test_only_the_ratio_of_uncertainties_counts():
    log_variances = random(5, 8)
    assert torch.allclose(shares_in_mixture(log_variances), shares_in_mixture(log_variances + 3))
    # Hundreds would overflow as variances.
    assert shares_in_mixture(log_variances + 1000).isfinite().all()


def test_the_loss_does_not_depend_on_which_of_a_pair_comes_first(labels):
    logits, log_variances = random(5, 7), random(5, 8, seed=1)
    loss = loss_of(logits, log_variances, labels)
    # Backwards the neighbours are the same; every pair is the other way round.
    swapped = loss_of(logits.flip(0), log_variances.flip(0), labels.flip(0))
    assert swapped.item() == pytest.approx(loss.item(), rel=1e-12)


def test_the_mixture_meets_both_labels():
    mixed = torch.tensor([[5.0, 5.0, -5.0], [5.0, 5.0, -5.0]])
    both = add_up_loss(mixed, torch.tensor([0, 1]))
    one = add_up_loss(mixed, torch.tensor([0, 0]))
    wrong = add_up_loss(mixed, torch.tensor([0, 2]))
    assert both.item() == pytest.approx(one.item())
    assert wrong > both + 4


def test_the_head_learns_to_give_a_wrongly_answered_image_the_larger_share():
    # The first is answered with its label by far, the second with too little strength.
    logits = torch.tensor([[9.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    log_variances = torch.zeros(2, 4, requires_grad=True)
    loss_of(logits, log_variances, torch.tensor([0, 1])).backward()
    assert (log_variances.grad[0] > 0).all()  # a step against it makes the first more certain
    assert (log_variances.grad[1] < 0).all()


def test_the_logits_are_those_of_the_single_images(rul, model, batch):
    output = rul(batch._replace(images=batch.images.clone()))
    assert torch.equal(output.logits, model(batch.images).logits)
    assert not output.logits.requires_grad


def test_backbone_classifier_and_head_learn_together(rul, batch):
    rul.train()
    rul(batch).loss.backward()
    for name, parameter in rul.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert rul.log_variances[2].weight.grad.abs().sum() > 0


def test_the_head_is_no_part_of_the_model(rul, model):
    own = {name for name in rul.state_dict() if not name.startswith("model.")}
    assert own
    assert all(name.startswith("log_variances.") for name in own)
    assert {f"model.{name}" for name in model.state_dict()} | own == set(rul.state_dict())


def test_the_loss_knows_nothing_of_the_clean_labels(rul, batch):
    other = batch._replace(true_labels=(batch.true_labels + 3) % 7)
    copies = (item._replace(images=item.images.clone()) for item in (batch, other))
    first, second = (rul(item).loss.item() for item in copies)
    assert first == second


def test_a_pair_is_enough(model, batch):
    few = batch._replace(**{n: getattr(batch, n)[:2] for n in batch._fields[:6]})
    method = create_method(model, RunConfig(method="rul"), torch.arange(7))
    model.eval()
    assert method(few).loss.isfinite()


def test_holes_are_taken_from_the_batch(rul, batch):
    config = RunConfig(erase_probability=1.0)
    regions = draw_erased_regions(6, 64, 64, config, torch.Generator().manual_seed(0))
    with_them = rul(batch._replace(images=batch.images.clone(), regions=regions))
    without = rul(batch._replace(images=batch.images.clone()))
    assert with_them.loss.item() != without.loss.item()

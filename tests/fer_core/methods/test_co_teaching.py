"""The loss against a numpy transcription of Han et al., NeurIPS 2018 (arXiv 1804.06872)."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fer_core.config import from_json
from fer_core.methods import create_method
from fer_core.methods.co_teaching import exchange, keep_rate
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import region_masks

OPTIONS = {
    "method": "co_teaching",
    "backbone": "test_resnet",
    "image_size": 64,
    "noise": "symmetric",
    "noise_rate": 0.5,
    "forget_epochs": 2,
}


@pytest.fixture
def create(model):
    """``create(**options)``: the method over `model`, in evaluation mode."""

    def make(model=model, **options):
        config = from_json({**OPTIONS, **options})
        return create_method(model, config, torch.arange(7)).eval()

    return make


def numpy_losses(model, images, labels):
    logits = model(images).logits.detach().numpy().astype(float)
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return [-row[label] for row, label in zip(logarithms, labels.tolist(), strict=True)]


def easiest(losses, count):
    """Positions of the smallest losses, by hand."""
    return sorted(range(len(losses)), key=lambda place: losses[place])[:count]


@pytest.mark.parametrize(("epoch", "count"), [(0.0, 6), (0.9, 6), (1.0, 5), (1.8, 5), (2.0, 3)])
@pytest.mark.slow
def test_each_network_has_its_loss_on_the_other_ones_smallest_losses(
    create, with_regions, batch, epoch, count
):
    method = create(erase_probability=1.0)
    drawn = with_regions(batch._replace(epoch=epoch), method.config)
    masks = region_masks(drawn.regions, 64, 64).numpy()
    images = torch.from_numpy(np.where(masks, 0, batch.images.numpy()))
    first, second = (
        numpy_losses(network, images, batch.noisy_labels) for network in (method.model, method.peer)
    )
    own = np.mean([first[place] for place in easiest(second, count)])
    peer = np.mean([second[place] for place in easiest(first, count)])
    output = method(drawn)
    assert output.parts["classification"].item() == pytest.approx(own, rel=1e-5)
    assert output.parts["peer"].item() == pytest.approx(peer, rel=1e-5)
    assert output.loss.item() == pytest.approx(own + peer, rel=1e-5)
    assert torch.equal(output.logits, method.model(images).logits)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.45])
@pytest.mark.parametrize("gradual", [1, 5, 10])
def test_the_share_that_is_kept_falls_as_in_the_paper(rate, gradual):
    for epoch in range(20):
        expected = 1 - min(epoch / gradual * rate, rate)
        assert keep_rate(rate, gradual, epoch) == pytest.approx(expected, rel=1e-12)


def test_without_gradual_epochs_images_are_left_out_from_the_start():
    assert keep_rate(0.3, 0, 0) == pytest.approx(0.7)


@pytest.mark.parametrize("count", [1, 4, 8])
def test_a_gradient_reaches_the_other_ones_choice_alone_and_not_the_choosing(count):
    generator = torch.Generator().manual_seed(count)
    first, second = (torch.rand(8, generator=generator, requires_grad=True) for _ in range(2))
    own, peer = exchange(first, second, count)
    assert torch.autograd.grad(own, second, retain_graph=True, allow_unused=True) == (None,)
    (own + peer).backward()
    for losses, chooser in ((first, second), (second, first)):
        chosen = torch.zeros(8)
        chosen[easiest(chooser.tolist(), count)] = 1 / count
        assert torch.equal(losses.grad, chosen)


@pytest.mark.slow
def test_each_network_learns_as_if_it_was_shown_the_other_ones_choice_alone(
    create, with_regions, batch
):
    method = create(erase_probability=0.0)
    drawn = with_regions(batch._replace(epoch=2.0), method.config)
    method(drawn).loss.backward()
    networks = (method.model, method.peer)
    learnt = [[p.grad.clone() for p in network.parameters()] for network in networks]
    choices = [easiest(numpy_losses(n, batch.images, batch.noisy_labels), 3) for n in networks]
    assert sorted(choices[0]) != sorted(choices[1])
    for network, gradients, choice in zip(networks, learnt, choices[::-1], strict=True):
        network.zero_grad()
        logits = network(batch.images[choice]).logits
        torch.nn.functional.cross_entropy(logits, batch.noisy_labels[choice]).backward()
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            assert torch.allclose(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_where_nothing_is_left_out_the_model_learns_as_the_plain_one(
    create, step, model, batch, with_regions
):
    method = create(noise_rate=0.0)
    method(with_regions(batch._replace(epoch=9.0), method.config)).loss.backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    step(model, batch, method="cross_entropy").loss.backward()
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert torch.allclose(parameter.grad, gradient, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({}, 0.5),
        ({"noise": "asymmetric", "noise_rate": 0.2}, 0.2),
        ({"forget_rate": 0.1}, 0.1),
        ({"forget_rate": 0.0}, 0.0),
        ({"noise": "none", "noise_rate": 0.0}, 0.0),
        ({"noise": "rater", "noise_rate": 0.0, "forget_rate": 0.22}, 0.22),
    ],
)
def test_the_share_left_out_is_the_noise_unless_another_is_given(create, options, rate):
    assert create(**options).forget_rate == rate


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.55, 0.7, 0.99])
def test_at_least_the_share_and_never_nothing_is_kept(create, with_regions, batch, rate):
    method = create(forget_rate=rate, erase_probability=0.0)
    count = max(1, math.ceil(round(6 * (1 - rate), 6)))
    first, second = (
        numpy_losses(n, batch.images, batch.noisy_labels) for n in (method.model, method.peer)
    )
    expected = np.mean([first[place] for place in easiest(second, count)])
    output = method(with_regions(batch._replace(epoch=2.0), method.config))
    assert output.parts["classification"].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_the_peer_is_a_network_of_the_same_kind_with_other_weights():
    network = {"backbone": "resnet18", "image_size": 32, "stride": 8, "stem": "small"}
    config = from_json({**OPTIONS, **network, "channels": 1})
    model = AttentionModel("resnet18", 5, image_size=32, channels=1, stride=8, stem="small")
    peer = create_method(model, config, torch.arange(5)).peer
    shapes, others = (
        {name: value.shape for name, value in network.state_dict().items()}
        for network in (model, peer)
    )
    assert shapes == others
    images = torch.randn(2, 1, 32, 32)
    maps, peer_maps = (network.eval()(images).maps for network in (model, peer))
    assert maps.shape == peer_maps.shape == (2, 5, 4, 4)
    assert not torch.allclose(maps, peer_maps)


def test_the_seed_decides_the_peer_and_nothing_else_changes(create, model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = create(seed=5).peer.state_dict()
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    again, other = create(seed=5).peer.state_dict(), create(seed=6).peer.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])
    assert not torch.equal(first["classifier.weight"], before["classifier.weight"])


def test_from_trained_weights_only_the_classifier_of_the_peer_differs(create, model, tmp_path):
    file = tmp_path / "model.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, file)
    for name, value in create(pretrained=str(file)).peer.state_dict().items():
        same = torch.equal(value, model.state_dict()[name])
        assert same == name.startswith("backbone."), name


def test_both_networks_are_trained_and_kept_and_the_model_is_free_of_the_peer(create, model):
    method = create()
    own = list(model.state_dict())
    assert set(method.state_dict()) == {f"{kind}.{n}" for kind in ("model", "peer") for n in own}
    assert len(list(method.parameters())) == 2 * len(list(model.parameters()))
    assert method.model is model


def test_the_loss_knows_nothing_of_the_clean_labels(create, with_regions, batch):
    method = create()
    losses = [
        method(with_regions(given, method.config)).loss.item()
        for given in (batch, batch._replace(true_labels=(batch.true_labels + 3) % 7))
    ]
    assert losses[0] == losses[1]


def test_only_the_loss_carries_a_gradient(create, with_regions, batch):
    method = create()
    output = method(with_regions(batch, method.config))
    assert output.loss.requires_grad
    assert set(output.parts) == {"classification", "peer"}
    assert not any(part.requires_grad for part in (*output.parts.values(), output.logits))

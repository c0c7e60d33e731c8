import copy
import io
import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from fer_core.config import RunConfig
from fer_core.models.attention_model import AttentionModel
from fer_core.training.optim import (
    check_optimizer,
    create_optimizer,
    learning_rate,
    state_copies,
)


def rates(epochs, **options):
    config = RunConfig(learning_rate=0.1, epochs=10, **options)
    return [learning_rate(config, epoch) for epoch in epochs]


def test_the_exponential_schedule_falls_by_gamma_once_an_epoch():
    got = rates([0, 0.5, 1, 1.99, 2, 9], schedule="exponential", gamma=0.9)
    assert got == pytest.approx([0.1, 0.1, 0.09, 0.09, 0.081, 0.1 * 0.9**9])


def test_the_cosine_schedule_falls_from_the_peak_to_zero():
    got = rates([0, 2.5, 5, 7.5, 10], schedule="cosine")
    half = 0.05 * math.sqrt(0.5)
    assert got == pytest.approx([0.1, 0.05 + half, 0.05, 0.05 - half, 0.0], abs=1e-12)


def test_the_constant_schedule_stays():
    assert rates([0, 3.3, 9.9], schedule="constant") == [0.1, 0.1, 0.1]


@pytest.mark.parametrize("schedule", ["exponential", "cosine", "constant"])
def test_warm_up_rises_linearly_from_above_zero(schedule):
    first, *got = rates([0, 0.5, 1, 1.5], schedule=schedule, warmup_epochs=2)
    assert 0 < first < 0.01
    assert got == pytest.approx([0.025, 0.05, 0.075])


def test_cosine_starts_at_its_peak_after_the_warm_up_and_still_ends_at_zero():
    got = rates([2, 6, 10], schedule="cosine", warmup_epochs=2)
    assert got == pytest.approx([0.1, 0.05, 0.0], abs=1e-12)


@pytest.mark.parametrize(("name", "kind"), [("adam", Adam), ("adamw", AdamW), ("sgd", SGD)])
def test_the_optimiser_has_every_weight_and_the_settings_of_the_run(name, kind):
    model = AttentionModel("test_resnet", 7, image_size=64)
    config = RunConfig(optimizer=name, learning_rate=0.03, weight_decay=0.02)
    optimizer = create_optimizer(config, model)
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert {id(p) for p in group["params"]} == {id(p) for p in model.parameters()}
    assert group["lr"] == 0.03
    assert group["weight_decay"] == 0.02
    if name == "sgd":
        assert (group["momentum"], group["nesterov"]) == (0.9, True)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_fused_steps_are_the_steps_of_the_plain_optimiser(name):
    torch.manual_seed(0)
    config = RunConfig(optimizer=name, learning_rate=0.03, weight_decay=0.02)
    fused = nn.Linear(4, 3)
    plain = copy.deepcopy(fused)
    optimizers = create_optimizer(config, fused), create_optimizer(config, plain)
    (group,) = optimizers[1].param_groups
    assert all(o.param_groups[0]["fused"] for o in optimizers)
    group["fused"] = False
    for step in range(5):
        images = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        for module, optimizer in zip((fused, plain), optimizers, strict=True):
            optimizer.zero_grad()
            module(images).square().mean().backward()
            optimizer.step()
    for value, expected in zip(fused.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(value, expected)


def test_devices_without_fused_kernels_have_plain_steps():
    optimizer = create_optimizer(RunConfig(), nn.Linear(4, 3, device="meta"))
    assert not optimizer.param_groups[0]["fused"]


def test_the_step_schedule_falls_by_gamma_every_few_epochs():
    got = rates([0, 2.9, 3, 5.9, 6, 9], schedule="step", gamma=0.5, decay_epochs=3)
    assert got == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.0125])


def test_the_polynomial_schedule_falls_to_zero_with_gamma_as_its_exponent():
    got = rates([0, 2.5, 5, 10], schedule="poly", gamma=2.0)
    assert got == pytest.approx([0.1, 0.1 * 0.75**2, 0.1 * 0.5**2, 0], abs=1e-12)


def test_the_tanh_schedule_stays_high_for_long_and_falls_towards_zero():
    got = rates([0, 5, 9.99], schedule="tanh")
    assert got == pytest.approx([0.1, 0.1 * (1 - math.tanh(-2)) / 2, 0.1 * 0.0025], abs=1e-4)
    assert sorted(got, reverse=True) == got


@pytest.mark.parametrize("schedule", ["step", "poly", "tanh"])
def test_schedules_of_timm_begin_after_the_warm_up_and_do_not_depend_on_what_was_asked_before(
    schedule,
):
    options = {"schedule": schedule, "warmup_epochs": 2}
    forwards, backwards = rates(range(10), **options), rates(range(9, -1, -1), **options)
    assert forwards == backwards[::-1]
    assert forwards[1] == pytest.approx(0.05)
    assert forwards[2] == pytest.approx(0.1, abs=1e-5)


def learn(module, optimizer, steps):
    """Steps on images that follow from the number of the step."""
    for step in steps:
        images = torch.randn(8, 3, 9, 9, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        module(images).square().mean().backward()
        optimizer.step()


def small_network():
    torch.manual_seed(0)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), head)


@pytest.mark.parametrize("name", ["adan", "lamb", "lion", "madgrad", "muon", "nadamw", "sgdp"])
def test_an_optimiser_of_timm_learns_and_goes_on_exactly_from_a_checkpoint(name):
    config = RunConfig(optimizer=name, learning_rate=3e-3, weight_decay=0.02)
    whole, part = small_network(), small_network()
    optimizer = create_optimizer(config, whole)
    assert type(optimizer).__module__.startswith("timm.optim")
    assert {group["lr"] for group in optimizer.param_groups} == {0.003}
    learn(whole, optimizer, range(4))
    interrupted = create_optimizer(config, part)
    learn(part, interrupted, range(2))
    file = io.BytesIO()
    torch.save(interrupted.state_dict(), file)
    file.seek(0)
    resumed = create_optimizer(config, part)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    learn(part, resumed, range(2, 4))
    for got, expected in zip(part.parameters(), whole.parameters(), strict=True):
        assert torch.equal(got, expected)
    fresh = [value.clone() for value in small_network().parameters()]
    moved = [not torch.equal(a, b) for a, b in zip(fresh, whole.parameters(), strict=True)]
    assert any(moved)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("adamv", "optimizer must be adam, adamw, sgd or one of .*got 'adamv'; did you mean 'adam"),
        ("lyon", "did you mean 'lion'"),
        ("Adam", "got 'Adam'; did you mean "),
        ("xyzzy", "see timm.optim"),
        ("adahessian", "'adahessian' needs second derivatives"),
    ],
)
def test_an_optimiser_that_cannot_train_is_refused_with_the_near_names(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_optimizer(RunConfig(optimizer=name))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_optimiser_for_gpus_alone_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match="optimizer 'bnbadam' cannot work here: "):
        check_optimizer(RunConfig(optimizer="bnbadam"))


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "lion"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_norms_and_biases_can_be_spared_from_weight_decay(name, backbone):
    model = AttentionModel(backbone, 7, image_size=64)
    config = RunConfig(optimizer=name, weight_decay=0.02, decay_norms=False)
    optimizer = create_optimizer(config, model)
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    assert set(decay.values()) == {0.0, 0.02}
    for weight_name, weight in model.named_parameters():
        embedding = weight_name.rpartition(".")[2] in ("pos_embed", "cls_token")
        assert decay[id(weight)] == (0.0 if weight.ndim <= 1 or embedding else 0.02), weight_name


def test_a_matrix_decays_and_a_norm_without_gradient_stays_where_it_is():
    module = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3))
    config = RunConfig(optimizer="sgd", learning_rate=0.1, weight_decay=0.5, decay_norms=False)
    optimizer = create_optimizer(config, module)
    before = copy.deepcopy(module.state_dict())
    for weight in module.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert torch.allclose(module[0].weight, 0.905 * before["0.weight"])  # with Nesterov
    assert torch.equal(module[1].weight, before["1.weight"])


@pytest.mark.parametrize(("name", "copies"), [("adam", 2), ("sgd", 1), ("lion", 1), ("adan", 4)])
def test_the_state_of_an_optimiser_is_measured_in_copies_of_the_weights(name, copies):
    assert state_copies(name) == pytest.approx(copies, abs=0.01)

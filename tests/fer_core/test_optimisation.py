import copy
import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from fer_core.config import RunConfig
from fer_core.models import AttentionModel
from fer_core.optimisation import create_optimizer, learning_rate


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

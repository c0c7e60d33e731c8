"""What a CUDA graph needs of a training step: no number of the host in it changes.

A graph repeats the operations that were captured, with the numbers that they had then. So the
operations of two steps are noted here, with all that is not a tensor, and must be the same.
"""

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from fer_core.config import from_json
from fer_core.methods import Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.training.ema import WeightAverage, move_towards
from fer_core.training.optim import (
    create_optimizer,
    learning_rate,
    move_learning_rate,
    set_learning_rate,
)

IMAGES, SIDE = 6, 64


class Operations(TorchDispatchMode):
    """Notes every operation with its arguments; of tensors, shape and kind."""

    def __init__(self):
        super().__init__()
        self.noted = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.noted.append((str(func), described(args), described(kwargs or {})))
        return func(*args, **(kwargs or {}))


def described(value):
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), str(value.dtype)
    if isinstance(value, dict):
        return {name: described(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [described(one) for one in value]
    return str(value)


def config_of(optimizer, **changes):
    return from_json(
        {
            **{"method": "eac", "ramp_epochs": 4, "epochs": 8, "schedule": "cosine"},
            **{"optimizer": optimizer, "backbone": "test_resnet", "image_size": SIDE},
            **changes,
        }
    )


class Step:
    """A run's step, in two parts: the numbers that change, and what a graph would capture."""

    def __init__(self, config):
        torch.manual_seed(0)
        self.config = config
        labels = torch.arange(IMAGES) % 7
        model = AttentionModel("test_resnet", 7, image_size=SIDE)
        self.method = create_method(model, config, labels).train()
        self.optimizer = create_optimizer(config, self.method)
        self.average = WeightAverage(model, 0.999)
        none = torch.zeros(IMAGES, 4, dtype=torch.int64)
        pixels = torch.randn(IMAGES, 3, SIDE, SIDE)
        self.batch = Batch(pixels, labels, labels, torch.arange(IMAGES), none, none)

    def set_numbers(self, number):
        epoch = number / 3
        set_learning_rate(self.optimizer, learning_rate(self.config, epoch))
        self.method.schedule_at(epoch)
        self.average.set_step(number)

    def captured(self, number):
        output = self.method(self.batch._replace(epoch=number / 3))
        output.loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.move()

    def operations(self, number):
        with Operations() as operations:
            self.captured(number)
        # As on the GPU while a graph is captured: the loss's own number was set before.
        return [noted for noted in operations.noted if "fill_" not in noted[0]]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.slow
def test_no_number_of_the_host_changes_from_step_to_step(optimizer):
    step = Step(config_of(optimizer))
    step.captured(0)  # the optimiser creates its state
    noted = []
    for number in (1, 5, 40):
        step.set_numbers(number)
        noted.append(step.operations(number))
    assert noted[0] == noted[1] == noted[2]
    assert len(noted[0]) > 100


def test_a_number_of_the_host_would_be_seen():
    values = torch.ones(3)
    noted = []
    for rate in (0.1, 0.2):
        with Operations() as operations:
            values.mul_(rate)
        noted.append(operations.noted)
    assert noted[0] != noted[1]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.slow
def test_weights_are_bit_by_bit_those_of_rates_that_are_plain_numbers(optimizer):
    config = replace(config_of(optimizer), weight_decay=0.01)
    weights = []
    for plain in (False, True):
        step = Step(config)
        for number in range(6):
            step.set_numbers(number)
            if plain:
                for group in step.optimizer.param_groups:
                    group["lr"] = learning_rate(config, number / 3)
            step.captured(number)
        weights.append([weight.detach().clone() for weight in step.method.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))


@pytest.mark.parametrize("number", [0, 3, 5000])
def test_the_average_is_bit_by_bit_that_of_a_share_that_is_a_plain_number(number):
    step = Step(config_of("adam"))
    step.captured(0)
    before = [value.clone() for value in step.average.model.parameters()]
    step.average.update(number)
    share = 1 - min(0.999, (1 + number) / (10 + number))
    weights = [weight.detach() for weight in step.method.model.parameters()]
    torch._foreach_lerp_(before, weights, share)
    got = step.average.model.parameters()
    assert all(torch.equal(a, b) for a, b in zip(got, before, strict=True))


def test_an_average_on_the_gpu_moves_as_one_on_the_cpu():
    torch.manual_seed(0)
    averages, weights = ([torch.randn(5, 3), torch.randn(4)] for _ in range(2))
    expected = [torch.lerp(a, w, 0.25) for a, w in zip(averages, weights, strict=True)]
    move_towards(averages, weights, torch.tensor(0.25))
    for average, wanted in zip(averages, expected, strict=True):
        torch.testing.assert_close(average, wanted)


def test_a_learning_rate_that_was_set_stays_in_its_place():
    step = Step(config_of("adam"))
    (group,) = step.optimizer.param_groups
    place = group["lr"].data_ptr()
    set_learning_rate(step.optimizer, 0.125)
    assert group["lr"] == 0.125
    assert group["lr"].data_ptr() == place


def test_a_plain_learning_rate_of_an_earlier_checkpoint_becomes_a_tensor_again():
    step = Step(config_of("adam"))
    state = step.optimizer.state_dict()
    state["param_groups"][0]["lr"] = 0.25
    step.optimizer.load_state_dict(state)
    move_learning_rate(step.optimizer)
    (group,) = step.optimizer.param_groups
    assert isinstance(group["lr"], torch.Tensor)
    assert group["lr"] == 0.25


def test_optimisers_of_timm_keep_a_plain_number():
    optimizer = Step(config_of("lion")).optimizer
    set_learning_rate(optimizer, 0.5)
    assert {type(group["lr"]) for group in optimizer.param_groups} == {float}


def test_a_loss_keeps_its_own_weight_when_the_next_step_has_another():
    step = Step(config_of("adam"))
    first, second = (
        step.method(step.batch._replace(images=step.batch.images.clone(), epoch=epoch))
        for epoch in (1.0, 2.0)  # of a ramp of four
    )
    (first.loss + second.loss).backward()
    ratio = (second.loss - second.parts["classification"]) / second.parts["consistency"]
    assert ratio.item() == pytest.approx(2.5)

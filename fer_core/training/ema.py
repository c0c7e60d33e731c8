"""An exponential moving average (EMA) of the weights, which is what is tested and kept."""

import copy

import torch
from torch import Tensor

from fer_core.models.attention_model import AttentionModel

Tensors = tuple[Tensor, ...] | list[Tensor]


class WeightAverage:
    """Average of a model's weights and BatchNorm statistics over its steps.

    After step t (from 0) the average moves by ``1 - d`` towards the weights, where d is the decay,
    or (1 + t) / (10 + t) while that is smaller: the first, worst weights are soon forgotten.
    """

    def __init__(self, model: AttentionModel, decay: float) -> None:
        """Start from the model as it is.

        Args:
            model: on the device where it will be trained.
            decay: in [0, 1).
        """
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        # How far a step moves the average: on the device, so that a captured step reads each value.
        self._share = torch.ones((), device=model.classifier.weight.device)
        current = model.state_dict(keep_vars=True)
        pairs = [
            (value, current[name]) for name, value in self.model.state_dict(keep_vars=True).items()
        ]
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the model's weights in, ``step`` steps after the start of the run."""
        self.set_step(step)
        self.move()

    def set_step(self, step: int) -> None:
        """Say how many steps after the start of the run the next `move` is."""
        self._share.fill_(1 - min(self.decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def move(self) -> None:
        """Take the model's weights in; the same operations whatever the step."""
        averages: tuple[Tensor, ...]
        averages, weights = zip(*self._floats, strict=True)
        if self._share.device.type == "cpu":
            shares = [self._share] * len(averages)
            torch._foreach_lerp_(averages, weights, shares)  # pyright: ignore[reportPrivateImportUsage]
        else:
            move_towards(averages, weights, self._share)
        if self._counts:  # of the batches that BatchNorm has seen
            averages, weights = zip(*self._counts, strict=True)
            torch._foreach_copy_(averages, weights)  # pyright: ignore[reportPrivateImportUsage]


def move_towards(averages: Tensors, weights: Tensors, share: Tensor) -> None:
    """Move all averages by a share of their distance from the weights, in three kernels.

    PyTorch has no kernel for the interpolation of many tensors whose share is on the GPU.

    Args:
        averages: changed in place.
        weights: one for each, of its shape.
        share: () on their device.
    """
    distances = torch._foreach_sub(weights, averages)  # pyright: ignore[reportPrivateImportUsage]
    torch._foreach_mul_(distances, share)  # pyright: ignore[reportPrivateImportUsage]
    torch._foreach_add_(averages, distances)  # pyright: ignore[reportPrivateImportUsage]

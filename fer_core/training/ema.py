"""An exponential moving average (EMA) of the weights, which is what is tested and kept."""

import copy

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fer_core.models.attention_model import AttentionModel


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
        current = model.state_dict(keep_vars=True)
        pairs = [
            (value, current[name]) for name, value in self.model.state_dict(keep_vars=True).items()
        ]
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the model's weights in, ``step`` steps after the start of the run."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages: tuple[Tensor, ...]
        averages, weights = zip(*self._floats, strict=True)
        get_ema_multi_avg_fn(decay)(averages, weights, None)
        if self._counts:  # of the batches that BatchNorm has seen
            averages, weights = zip(*self._counts, strict=True)
            torch._foreach_copy_(averages, weights)  # pyright: ignore[reportPrivateImportUsage]

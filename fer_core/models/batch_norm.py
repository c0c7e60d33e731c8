"""BatchNorm of weights whose statistics were folded away: measuring them again.

Where an exporter folds BatchNorm into the convolutions, its statistics are lost. Any statistics
give the same network in evaluation mode once weight and bias make up for them, but training
normalises with those of the batch: with mean 0 and variance 1 in place of the true ones, the first
training step would compute something else altogether.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def measure_batch_norm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give each BatchNorm the statistics of its input, and weights that keep its output the same.

    Args:
        network: in evaluation mode it computes the same before and after.
        batches: of normalised images (B, C, H, W), of the kind that it is to be trained on.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    sums = {norm: torch.zeros(2, norm.num_features, dtype=torch.float64) for norm in norms}
    counts = dict.fromkeys(norms, 0)

    def add(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        values = inputs[0].double()  # (B, C, h, w)
        sums[norm] += torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
        counts[norm] += values.numel() // values.shape[1]

    was_training = network.training
    network.eval()
    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    for batch in batches:
        network(batch)
    for hook in hooks:
        hook.remove()
    network.train(was_training)
    for norm in norms:
        mean, square = (sums[norm] / counts[norm]).unbind()
        _restate(norm, mean, (square - mean.square()).clamp(min=0))


def _restate(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """New statistics (C,), and the weight and bias with which they give the same output."""
    old_mean, old_variance = norm.running_mean, norm.running_var
    assert old_mean is not None
    assert old_variance is not None
    slope = norm.weight.double() / (old_variance.double() + norm.eps).sqrt()
    norm.bias.copy_(norm.bias.double() + slope * (mean - old_mean.double()))
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    old_mean.copy_(mean)
    old_variance.copy_(variance)

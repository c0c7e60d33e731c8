"""ReLU6 whose backward pass needs its result alone; MobileNets have one after most layers.

The numbers are the same. PyTorch keeps the input of a ReLU6 for the backward pass, and copies it
first where the activation is computed in place. But the result lies in (0, 6) exactly where the
input does, so it says just as well where the gradient passes: no copy, and nothing kept that the
next layer does not keep anyway. docs/experiments.md has the figures.
"""

from typing import Any

import torch
from torch import Tensor, nn


def keep_results_of_relu6(network: nn.Module) -> None:
    """Let the network's ReLU6 layers work in this way."""
    for module in network.modules():
        if type(module) is nn.ReLU6:
            module.__class__ = ReLU6


class ReLU6(nn.ReLU6):
    """min(max(x, 0), 6)."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape; in place where PyTorch's layer would be."""
        needless = not torch.is_grad_enabled() or not input.requires_grad
        if needless or torch.compiler.is_compiling() or input._is_view():
            return super().forward(input)
        result = _ReLU6.apply(input, self.inplace)
        assert isinstance(result, Tensor)
        return result


class _ReLU6(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, inplace: bool) -> Tensor:  # noqa: ANN401 - as torch has it
        if inplace:
            ctx.mark_dirty(input)
        result = input.clamp_(0, 6) if inplace else input.clamp(0, 6)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (gradient,) = grad_outputs
        (result,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(gradient, result, 0.0, 6.0), None

"""Depthwise convolutions of stride 2, with a backward pass that CPUs compute quickly.

The numbers are the same. In bfloat16 the gradient of the input of a strided depthwise convolution
falls to a slow kernel. It is therefore computed as a convolution of stride 1, with the kernel
turned by half a turn, of the output's gradient spread over every second point of a map of zeros.
In a compiled pass it is quicker still to compute at stride 1 and to keep every second point, which
the compiler joins with what follows. docs/experiments.md has the figures; in float32 the strided
kernel is the faster one.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def speed_up_depthwise(network: nn.Module) -> None:
    """Make the network's depthwise convolutions of stride 2 quick ones; weights and names stay."""
    for module in network.modules():
        if (
            type(module) is nn.Conv2d
            and module.groups == module.in_channels == module.out_channels > 1
            and module.stride == (2, 2)
            and module.dilation == (1, 1)
            and module.padding_mode == "zeros"
            and not isinstance(module.padding, str)
            and all(p < size for p, size in zip(module.padding, module.kernel_size, strict=True))
            and module.bias is None
        ):
            module.__class__ = StridedDepthwise


class StridedDepthwise(nn.Conv2d):
    """A depthwise convolution of stride 2."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, h, w)."""
        if input.device.type != "cpu" or not torch.is_grad_enabled():
            return super().forward(input)
        if torch.compiler.is_compiling():
            dense = F.conv2d(input, self.weight, None, 1, self.padding, 1, self.groups)
            return dense[..., ::2, ::2]
        if torch.get_autocast_dtype("cpu") != torch.bfloat16 or not torch.is_autocast_enabled(
            "cpu"
        ):
            return super().forward(input)
        result = _Strided.apply(input.bfloat16(), self.weight.bfloat16(), self.padding)
        assert isinstance(result, Tensor)
        return result


class _Strided(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, padding: tuple[int, int]) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(images, weight)
        ctx.padding = padding
        return F.conv2d(images, weight, None, 2, padding, 1, images.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # noqa: ANN401
        images, weight = ctx.saved_tensors
        (gradient,), padding = gradients, ctx.padding
        count, channels, height, width = images.shape
        of_images = of_weight = None
        if ctx.needs_input_grad[0]:
            low, high = (
                size - 1 - pad for size, pad in zip(weight.shape[2:], padding, strict=True)
            )
            tall, wide = height - low + padding[0], width - high + padding[1]  # of the dense output
            dense = images.new_zeros((count, tall, wide, channels)).permute(0, 3, 1, 2)
            dense[..., ::2, ::2] = gradient
            turned = weight.flip(2, 3)
            of_images = F.conv2d(dense, turned, None, 1, (low, high), 1, channels)
        if ctx.needs_input_grad[1]:
            _, of_weight, _ = torch.ops.aten.convolution_backward(
                *(gradient, images, weight, None, (2, 2), padding, (1, 1), False, (0, 0)),
                *(channels, (False, True, False)),
            )
        return of_images, of_weight, None

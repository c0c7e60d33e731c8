"""A smaller receptive field: every place of the last map sees a part of the face, not all of it.

A map of a network whose receptive field is larger than the face adds up to the score, but a place
in it may speak for any other place. BagNets (Brendel, Bethge: "Approximating CNNs with
Bag-of-local-Features Models Works Surprisingly Well on ImageNet", ICLR 2019) bound the field by
making deep convolutions pointwise. Here that is done to any convolutional network of timm, and
pretrained weights stay in use.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from fer_core.models.feature_maps import BackboneError, evaluating

ADVICE = "Take another backbone, such as mobilenetv2_100 or resnet50"
WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


class _Window(NamedTuple):
    """A layer that looks at several pixels.

    Attributes:
        module: the layer.
        reach: by how many pixels of the image it widens the receptive field.
    """

    module: nn.Module
    reach: int


def receptive_field(network: nn.Module, channels: int, image_size: int) -> int:
    """Side in pixels of the square of the image that a place of the last map can depend on.

    It is the sum over all layers, so for networks with branches of several depths an upper bound.
    Layers that see the whole map (attention, squeeze-and-excitation) are not counted.

    Args:
        network: maps (B, C, H, W) to its last map.
        channels: of its input.
        image_size: side of its input.
    """
    return 1 + sum(window.reach for window in _windows(network, channels, image_size))


def limit_receptive_field(
    network: nn.Module, name: str, pixels: int, channels: int, image_size: int
) -> None:
    """Make the deepest convolutions pointwise until the receptive field is small enough.

    A pointwise kernel is the sum of the weights of the one it replaces, which answers alike where
    the image is even. Strides stay.

    Args:
        network: changed in place.
        name: of the network, for messages.
        pixels: largest side of the receptive field.
        channels: of the network's input.
        image_size: side of its input, at which strides are measured.

    Raises:
        BackboneError: when a layer that is not a convolution is too wide, or one sees the whole
            image whatever the convolutions see.
    """
    windows = _windows(network, channels, image_size)
    field = 1 + sum(window.reach for window in windows)
    for window in reversed(windows):
        if isinstance(window.module, nn.Conv2d) and field > pixels:
            _make_pointwise(window.module)
            field -= window.reach
    if field > pixels:
        raise BackboneError(
            f"the pooling layers of {name} alone have a receptive field of {field} pixels, it "
            f"cannot be limited to {pixels}"
        )
    _refuse_global_layers(network, name, channels, pixels)


def _make_pointwise(layer: nn.Conv2d) -> None:
    layer.weight = nn.Parameter(layer.weight.detach().sum((2, 3), keepdim=True))
    layer.kernel_size, layer.padding, layer.dilation = (1, 1), (0, 0), (1, 1)
    layer._reversed_padding_repeated_twice = [0, 0, 0, 0]  # what padding modes other than zeros use


def _windows(network: nn.Module, channels: int, image_size: int) -> list[_Window]:
    """The layers with a kernel of more than one pixel, in the order in which they work."""
    met: list[_Window] = []

    def look(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        side = inputs[0].shape[-1]
        jump = 2 ** round(math.log2(image_size / side))
        kernel, dilation = _side(layer, "kernel_size"), _side(layer, "dilation")
        if kernel > 1:
            met.append(_Window(layer, (kernel - 1) * dilation * jump))

    hooks = [
        layer.register_forward_pre_hook(look)
        for layer in network.modules()
        if isinstance(layer, WINDOWS)
    ]
    with evaluating(network):
        network(torch.zeros(1, channels, image_size, image_size))
    for hook in hooks:
        hook.remove()
    return met


def _side(layer: nn.Module, name: str) -> int:
    value = getattr(layer, name, 1)
    return int(max(value)) if isinstance(value, tuple) else int(value)


def _refuse_global_layers(network: nn.Module, name: str, channels: int, pixels: int) -> None:
    """Refuse a network whose first place still answers to the far corner of an image."""
    side = 2 * pixels
    one = torch.arange(channels * side * side).sin().reshape(1, channels, side, side)
    if one.is_meta:  # without values there is nothing to compare
        return
    other = one.clone()
    other[..., -pixels:, -pixels:] = 0
    try:
        with evaluating(network):
            first, second = (network(image)[..., 0, 0] for image in (one, other))
    except Exception as error:  # networks of timm raise what their layers raise
        raise BackboneError(
            f"{name} takes images of one size alone, not of {side} pixels: its receptive field "
            f"cannot be limited. {ADVICE}"
        ) from error
    if not torch.equal(first, second):
        raise BackboneError(
            f"{name} has layers that see the whole image (squeeze-and-excitation, attention): its "
            f"receptive field cannot be limited. {ADVICE}"
        )

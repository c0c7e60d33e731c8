"""What a backbone is: a network without its head, and its last feature map (B, D, h, w)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from fer_core.errors import FerError
from fer_core.models.starting_weights import Match

MapLayout = Literal["NCHW", "NHWC", "tokens"]


class BackboneError(FerError, ValueError):
    """A backbone that is unknown, has no usable feature map, or whose weights are not available."""


class Backbone(NamedTuple):
    """A network without its head.

    Attributes:
        network: gives the last feature map in ``layout``.
        layout: NCHW, NHWC or tokens.
        features: channels D of the map.
        mean: per input channel, from the network's own configuration.
        std: per input channel, likewise.
        match: what a file of starting weights gave; None without a file.
    """

    network: nn.Module
    layout: MapLayout
    features: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    match: Match | None


def to_map(output: Tensor, network: nn.Module, layout: MapLayout) -> Tensor:
    """The network's output as a map (B, D, h, w)."""
    if layout == "NCHW":
        return output
    if layout == "NHWC":
        return output.permute(0, 3, 1, 2)
    tokens: Any = network  # timm's transformers carry these two attributes
    height, width = tokens.patch_embed.grid_size
    patches = output[:, tokens.num_prefix_tokens :]  # (B, h * w, D)
    return patches.transpose(1, 2).unflatten(2, (height, width))


def find_layout(network: nn.Module, name: str, channels: int, image_size: int) -> MapLayout:
    """How the network gives its last feature map, tried on one image.

    Raises:
        BackboneError: when it gives no single map, pools before its last layer, or its map is a
            single point.
    """
    output = probe(network, name, channels, image_size)
    if isinstance(output, Tensor) and output.ndim == 4:
        layout: MapLayout = "NHWC" if getattr(network, "output_fmt", "NCHW") == "NHWC" else "NCHW"
    elif isinstance(output, Tensor) and output.ndim == 3 and _has_token_grid(network, output):
        layout = "tokens"
    else:
        raise BackboneError(f"{name} gives no single feature map: choose another backbone")
    maps = to_map(output, network, layout)
    if maps.shape[1] != head_size(network):
        raise BackboneError(
            f"{name} pools before its last layer (map of {maps.shape[1]} channels, head of "
            f"{head_size(network)}): class attention maps would not be exact"
        )
    if maps.shape[2] * maps.shape[3] == 1:
        raise BackboneError(
            f"the last map of {name} at {image_size}x{image_size} is a single point, so it has "
            "no attention map: use a larger image_size, a smaller stride, or another backbone"
        )
    return layout


def head_size(network: nn.Module) -> int:
    """Channels that timm's own head would take."""
    size: Any = network.head_hidden_size
    return int(size)


def _has_token_grid(network: nn.Module, output: Tensor) -> bool:
    grid = getattr(getattr(network, "patch_embed", None), "grid_size", None)
    prefix = getattr(network, "num_prefix_tokens", 0)
    return grid is not None and output.shape[1] - prefix == grid[0] * grid[1]


def probe(network: nn.Module, name: str, channels: int, image_size: int) -> object:
    """What the network gives for one black image; its mode stays as it is.

    Raises:
        BackboneError: when it does not take images of this size.
    """
    try:
        with evaluating(network):
            return network(torch.zeros(1, channels, image_size, image_size))
    except Exception as error:  # networks of timm raise what their layers raise
        reason = str(error).splitlines()[0] if str(error) else "a layer of it refuses that size"
        usual = getattr(network, "default_cfg", {}).get("input_size", (0, 0))[-1]
        hint = f"; it is made for {usual}x{usual}" if usual and usual != image_size else ""
        raise BackboneError(
            f"{name} takes no {image_size}x{image_size} input: {reason}{hint}"
        ) from error


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode and without gradients; its mode comes back."""
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(was_training)


def per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """A statistic of the input for each channel; of colours for grey, their mean."""
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels

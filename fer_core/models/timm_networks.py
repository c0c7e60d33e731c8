"""Networks of timm by their names, with random weights or those of a file."""

import difflib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models._efficientnet_blocks import InvertedResidual
from torch import Tensor, nn

from fer_core.io.hub_reach import is_not_downloaded
from fer_core.models.feature_maps import BackboneError
from fer_core.models.own_backbones import OWN
from fer_core.models.same_padding import REGISTERED_HERE
from fer_core.models.starting_weights import (
    Match,
    WeightsError,
    adapt_channels,
    judge,
    read_weights,
    refuse_larger,
    unwrap,
)


def check_known(name: str) -> None:
    """Refuse a name that timm does not know.

    Raises:
        BackboneError: with near names, or with how a module of your own is passed.
    """
    if name.startswith(OWN):
        raise BackboneError(
            f"{name} is a module of your own, which no file holds: pass it as backbone=, for "
            f"example backbone={name.removeprefix(OWN)}()"
        )
    if name not in REGISTERED_HERE and not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 5)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise BackboneError(f"unknown timm backbone {name!r}{hint}")
    base, _, tag = name.partition(".")
    if tag and name not in REGISTERED_HERE:
        tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{base}.*")]
        if tag not in tags:
            raise BackboneError(
                f"timm has no weights {tag!r} of {base}: use {base} alone, or one of "
                f"{', '.join(tags) or 'none'}"
            )


def input_arguments(name: str, channels: int, image_size: int) -> dict[str, Any]:
    """What ``timm.create_model`` must be told of the input; the size only where it is fixed."""
    settings = timm.get_pretrained_cfg(name)
    fixed = settings is not None and settings.fixed_input_size
    return {"in_chans": channels, **({"img_size": image_size} if fixed else {})}


def count_parameters(name: str, channels: int, image_size: int, *, pointwise: bool = False) -> int:
    """Parameters of a timm network without its head, found without making room for them.

    Args:
        name: timm model name.
        channels: input channels, 1 or 3.
        image_size: side of the input in pixels.
        pointwise: as if all its convolutions were 1x1, the fewest that a limited receptive field
            can leave.

    Raises:
        BackboneError: for an unknown name, or a size that the network does not take.
    """
    check_known(name)
    with torch.device("meta"):
        network = create_network(name, "none", channels, image_size)
    return sum(
        parameter.numel() // (parameter[0, 0].numel() if pointwise and parameter.ndim == 4 else 1)
        for parameter in network.parameters()
    )


def create_network(
    name: str,
    pretrained: str,
    channels: int,
    image_size: int,
    state: dict[str, Tensor] | None = None,
) -> nn.Module:
    """A timm network without head and pooling.

    Args:
        name: timm model name.
        pretrained: ``none``, ``hub``, or the file that ``state`` comes from.
        channels: input channels, 1 or 3.
        image_size: side of the input in pixels.
        state: weights in place of timm's own.

    Raises:
        BackboneError: when timm cannot make it, or has no such weights.
    """
    try:
        options = {"num_classes": 0, "global_pool": ""}
        options |= input_arguments(name, channels, image_size)
        if state is not None:
            options["pretrained_cfg_overlay"] = {"state_dict": dict(state), "custom_load": False}
        return timm.create_model(name, pretrained=pretrained != "none", **options)
    except Exception as error:
        raise BackboneError(_creation_problem(name, pretrained, image_size, error)) from error


def load_network(name: str, file: str, channels: int, image_size: int) -> tuple[nn.Module, Match]:
    """A network with the weights of a file, and what of them fits."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        wanted = create_network(name, "none", channels, image_size).state_dict()
    drawn = torch.get_rng_state()
    try:
        state = adapt_channels(unwrap(read_weights(Path(file)), wanted), wanted)
        with _quiet():  # timm lists every name; `judge` says what matters of it
            network = create_network(name, file, channels, image_size, state)
        settings: Any = network.pretrained_cfg
        settings.pop("state_dict", None)  # timm would keep all weights a second time
        sizes = {key: value.numel() for key, value in network.named_parameters()}
        missing = _not_loaded(network, state, drawn, (name, "none", channels, image_size))
        match = judge(name, file, sizes, missing, state)
        refuse_larger(name, network.state_dict(), state)
        return network, match
    except WeightsError as error:
        raise BackboneError(_creation_problem(name, file, image_size, error)) from error


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("timm.models")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _not_loaded(
    network: nn.Module, state: dict[str, Tensor], drawn: Tensor, arguments: tuple[Any, ...]
) -> list[str]:
    """Tensors that have their initial values still.

    timm renames and reshapes what other formats hold, so for names that the file does not have a
    network without weights, from the same random numbers, is what tells.
    """
    loaded = network.state_dict()
    doubtful = [
        key
        for key, value in loaded.items()
        if not key.endswith("num_batches_tracked")
        and (key not in state or state[key].shape != value.shape)
    ]
    if not doubtful:
        return []
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(drawn)
        blank = create_network(*arguments).state_dict()
    return [key for key in doubtful if torch.equal(loaded[key], blank[key])]


def prepare_for_scratch(network: nn.Module) -> None:
    """Initial weights with which inverted residual networks learn at once from few images.

    Convolutions get He initialisation by their inputs, and each residual block starts as the
    identity (its last BatchNorm scale is 0). With timm's own initial weights MobileNetV2 stays
    near the majority class for more than an epoch of FERPlus: docs/experiments.md has the figures.
    """
    blocks = [module for module in network.modules() if isinstance(module, InvertedResidual)]
    for block in blocks:
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        if block.has_skip:
            last: Any = block.bn3
            nn.init.zeros_(last.weight)


# As PyTorch tells the shapes that do not fit.
OTHER_SHAPE = re.compile(
    r"size mismatch for ([\w.]+): .* shape torch\.Size\((\[[\d, ]*\])\) from checkpoint, "
    r"the shape in current model is torch\.Size\((\[[\d, ]*\])\)"
)


def _creation_problem(name: str, pretrained: str, image_size: int, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    if other := OTHER_SHAPE.findall(str(error)):
        shown = "; ".join(f"{tensor} {held} for {wanted}" for tensor, held, wanted in other[:3])
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        reason = (
            f"{len(other)} tensors have another shape than those of {name}: {shown}{more}. Name "
            "the backbone that the file was made with"
        )
    if pretrained == "none":
        return f"timm cannot make {name} for {image_size}x{image_size} input: {reason}"
    if is_not_downloaded(error):
        reason = "the Hub cannot be reached, and they have not been downloaded before"
    source = "from the hub" if pretrained == "hub" else f"from {pretrained}"
    return (
        f"no pretrained weights of {name} {source}: {reason}. "
        "Use --pretrained none (train from scratch) or --pretrained PATH (a local weights file)."
    )

"""A model under timm's own weight names, and the check that timm alone gives the same logits.

This project's networks end in one linear layer on the mean of the last feature map. Where timm's
network of that name ends so too, its weights differ in their names alone; where it does not (a
layer after the pooling, a class token, a changed stride), or has no network of that name, timm
cannot rebuild the model.
"""

import logging
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from fer_core.models.attention_model import AttentionModel
from fer_core.models.same_padding import REGISTERED_HERE
from fer_core.models.timm_networks import input_arguments

logger = logging.getLogger(__name__)
TOLERANCE = 1e-6  # of the logits in float64, where rounding is far below
_IMAGES = 4
_REFUSALS = (  # of timm, for arguments or weights that a network does not take
    *(AssertionError, AttributeError, FileNotFoundError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)
_POOLINGS: tuple[dict[str, Any], ...] = (
    {},
    {"global_pool": "avg"},
    {"global_pool": "avg", "fc_norm": False},  # the mean of the patches, for transformers
)


def to_timm(state: Mapping[str, Tensor], classifier: str) -> dict[str, Tensor]:
    """Weights of an `AttentionModel` under timm's names.

    Args:
        state: by this project's names.
        classifier: what timm calls the last layer.
    """
    return {
        f"{classifier}.{name.removeprefix('classifier.')}"
        if name.startswith("classifier.")
        else name.removeprefix("backbone."): value
        for name, value in state.items()
    }


def from_timm(state: Mapping[str, Tensor], classifier: str) -> dict[str, Tensor]:
    """Weights under timm's names as an `AttentionModel` has them: the inverse of `to_timm`."""
    start = f"{classifier}."
    names = {
        name: f"classifier.{name.removeprefix(start)}"
        if name.startswith(start)
        else f"backbone.{name}"
        for name in state
    }
    return {names[name]: value for name, value in state.items()}


def layer_names(backbone: str) -> dict[str, Any]:
    """What timm says of its network of that name: its first and last layer, if its size is fixed.

    Returns:
        ``classifier`` and ``first_conv``, None where there is none or several, and
        ``fixed_input_size``.
    """
    settings = timm.get_pretrained_cfg(backbone)
    names = {key: getattr(settings, key, None) for key in ("classifier", "first_conv")}
    single = {key: name if isinstance(name, str) else None for key, name in names.items()}
    return {**single, "fixed_input_size": bool(getattr(settings, "fixed_input_size", False))}


def possible_arguments(
    backbone: str, channels: int, image_size: int, stride: int | None
) -> Iterator[dict[str, Any]]:
    """Arguments of ``timm.create_model`` that may give the same network, the likeliest first.

    None for the names that this project adds to timm.
    """
    if backbone in REGISTERED_HERE:
        return
    given = input_arguments(backbone, channels, image_size)
    if stride is not None:
        given["output_stride"] = stride
    for pooling in _POOLINGS:
        yield given | pooling


def timm_rebuilds(folder: Path, model: AttentionModel, image_size: int) -> bool:
    """Whether plain ``timm.create_model`` gives this model's logits from the files in a folder.

    Both networks answer random images in float64; the largest difference must be below `TOLERANCE`
    times the largest logit, without the bias, that both of them share.
    """
    try:
        network = timm.create_model(f"local-dir:{folder}", pretrained=True)
        difference = _difference(model, network, image_size)
    except _REFUSALS as error:
        logger.debug("timm cannot rebuild %s: %r", folder, error)
        return False
    logger.debug("logits of timm's network differ by %.2g", difference)
    return difference <= TOLERANCE


@torch.no_grad()
def _difference(model: AttentionModel, network: nn.Module, image_size: int) -> float:
    exact = deepcopy(model).double().eval()
    channels = len(exact.mean)
    generator = torch.Generator().manual_seed(0)
    shape = (_IMAGES, channels, image_size, image_size)
    images = torch.randn(shape, generator=generator, dtype=torch.float64)
    pooled = exact.features(images).mean((2, 3))  # (B, D)
    evidence = pooled @ exact.classifier.weight.T  # (B, K): the logits without their bias
    answers = network.double().eval()(images) - exact.classifier.bias
    return float((answers - evidence).abs().max() / evidence.abs().max())

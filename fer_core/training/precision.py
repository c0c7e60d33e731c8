"""Which precision a run takes: what ``auto`` means on this machine, and why.

A GPU says what it multiplies natively. A CPU that only emulates bfloat16 is slower with it; one
that has it is not faster for every backbone and size, so there a training step is timed in both.
"""

import copy
import logging
import os
import time
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fer_core.config import Precision, RunConfig
from fer_core.machine import Device, has_bf16
from fer_core.models.attention_model import create_model

logger = logging.getLogger(__name__)
NATIVE_BF16 = (8, 0)  # compute capability from which tensor cores multiply bfloat16
LEAST_SECONDS = 0.5  # that each precision is timed for, in at least one step
CLASSES = 8  # of the network that is timed


class PrecisionChoice(NamedTuple):
    """What a run computes in.

    Attributes:
        precision: ``no`` (float32), ``bf16`` or ``fp16``.
        reason: why, for the log and the record.
    """

    precision: Precision
    reason: str


def choose_precision(
    config: RunConfig, device: Device, backbone: nn.Module | None = None
) -> PrecisionChoice:
    """The precision of a run; ``auto`` is the fastest that the device has, of float32 and bfloat16.

    Args:
        config: of the run.
        device: as for `fer_core.training.engine.train`.
        backbone: the module that ``config.backbone`` names, when that is none of timm's.

    Raises:
        BackboneError, OSError: where a step has to be timed, and the network cannot be built.
    """
    on_gpu = device != "cpu" and torch.cuda.is_available()
    emulated = not on_gpu and has_bf16() is False
    if config.precision == "bf16" and emulated and _decides():
        ratio = bf16_ratio(config, backbone)
        logger.warning(
            "this CPU only emulates bfloat16 (it has neither avx512_bf16 nor amx_bf16): a step in "
            "precision 'bf16' takes %.1f times as long as in float32: use --precision auto or no",
            ratio,
        )
    if config.precision != "auto":
        return PrecisionChoice(config.precision, "asked for")
    if on_gpu:
        return _gpus_choice()
    if device != "cpu" and torch.backends.mps.is_available():
        return PrecisionChoice("no", "float32 on mps")
    if emulated:
        return PrecisionChoice("no", "this CPU only emulates bfloat16")
    if not _decides():  # all processes of a run must choose alike, and times differ
        native = has_bf16() is True
        said = "this CPU multiplies bfloat16" if native else "nothing says that this CPU has bf16"
        return PrecisionChoice("bf16" if native else "no", said)
    ratio = bf16_ratio(config, backbone)
    return PrecisionChoice(
        "bf16" if ratio < 1 else "no",
        f"a timed step in bf16 took {ratio:.2f} times as long as in float32",
    )


def bf16_ratio(config: RunConfig, backbone: nn.Module | None = None) -> float:
    """Time of a training step in bfloat16 on this CPU, as a multiple of that in float32."""
    with torch.random.fork_rng(devices=[]):
        model = create_model(
            replace(config, precision="no", pretrained="none"), CLASSES, copy.deepcopy(backbone)
        ).train()
        images = torch.rand(
            config.batch_size, config.channels, config.image_size, config.image_size
        )
        labels = torch.arange(config.batch_size) % CLASSES
    model.channels_last()
    float32, bf16 = (_step_seconds(model, images, labels, half) for half in (False, True))
    return bf16 / float32


def _step_seconds(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, half: bool
) -> float:
    """Seconds of the fastest step, after one for warm-up."""
    times = []
    while len(times) < 2 or sum(times[1:]) < LEAST_SECONDS:
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = cross_entropy(model(images).logits, labels)
        loss.backward()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def _gpus_choice() -> PrecisionChoice:
    capability = torch.cuda.get_device_capability()
    native = capability >= NATIVE_BF16
    said = "multiplies" if native else "only emulates"
    return PrecisionChoice(
        "bf16" if native else "no",
        f"{torch.cuda.get_device_name()} {said} bfloat16 (compute capability "
        f"{'.'.join(map(str, capability))})",
    )


def _decides() -> bool:
    """Whether this process alone trains the run."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1

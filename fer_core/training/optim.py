"""Optimisers and learning rates: PyTorch's Adam, AdamW and SGD, and all that timm has."""

# timm marks none of its names as exported.
# pyright: reportPrivateImportUsage=false

import difflib
import math
from functools import lru_cache
from typing import Any

import torch
from timm.optim import (
    create_optimizer_v2,
    get_optimizer_info,
    list_optimizers,
    param_groups_weight_decay,
)
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler import Scheduler
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from fer_core.config import RunConfig

PLAIN = {"adam": Adam, "adamw": AdamW, "sgd": SGD}  # fused kernels of PyTorch
NEAR_NAMES = 5  # that an unknown optimiser is answered with
PROBE = 64  # side of the weight on which the state of an optimiser is measured


def check_optimizer(config: RunConfig) -> None:
    """Refuse an optimiser that cannot train here, before anything is loaded.

    Raises:
        ValueError: for an unknown name, with the near ones; for an optimiser that needs second
            derivatives, or a package or device that is not there.
    """
    name = config.optimizer
    if name in PLAIN:
        return
    known = sorted({*PLAIN, *list_optimizers()})
    if name not in known:
        near = difflib.get_close_matches(name, known, NEAR_NAMES)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see timm.optim"
        raise ValueError(
            f"optimizer must be adam, adamw, sgd or one of the {len(known)} names of "
            f"timm.optim.list_optimizers(), got {name!r}; {hint}"
        )
    if get_optimizer_info(name).second_order:
        raise ValueError(f"optimizer {name!r} needs second derivatives, which a step does not give")
    state_copies(name)


def create_optimizer(config: RunConfig, module: nn.Module) -> Optimizer:
    """The optimiser that ``config.optimizer`` names, over all weights of the module.

    On CPUs and NVIDIA GPUs a step of adam, adamw and sgd is one fused kernel, and their learning
    rate is a tensor on the device, so that a captured step can be replayed with another. Without
    ``decay_norms`` weight decay spares what timm spares: vectors (norms and biases) and what a
    backbone itself names, for example position embeddings.

    Raises:
        ValueError: see `check_optimizer`.
    """
    check_optimizer(config)
    groups = weight_groups(config, module)
    rate, decay = config.learning_rate, config.weight_decay
    kind = PLAIN.get(config.optimizer)
    if kind is None:
        return create_optimizer_v2(groups, config.optimizer, lr=rate, weight_decay=decay)
    devices = {parameter.device.type for parameter in module.parameters()}
    own: dict[str, Any] = {"capturable": devices == {"cuda"}}
    if kind is SGD:
        own = {"momentum": 0.9, "nesterov": True}
    optimizer = kind(groups, rate, weight_decay=decay, fused=devices <= {"cpu", "cuda"}, **own)
    move_learning_rate(optimizer)
    return optimizer


def move_learning_rate(optimizer: Optimizer) -> None:
    """Make the learning rate of a fused optimiser a tensor on its device, where it is none yet.

    The optimisers of timm compute with a Python number.
    """
    for group in optimizer.param_groups:
        if group.get("fused"):
            device = group["params"][0].device
            # A fused kernel reads double on the CPU and float on a GPU.
            kind = torch.float64 if device.type == "cpu" else torch.float32
            group["lr"] = torch.as_tensor(group["lr"], dtype=kind, device=device)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Give all weights this learning rate; where it is a tensor, that tensor keeps its place."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def weight_groups(config: RunConfig, module: nn.Module) -> list[Any]:
    """All weights of the module; without ``decay_norms`` in a group with and one without decay."""
    if config.decay_norms:
        return list(module.parameters())
    spared = [
        f"{prefix}.{name}" if prefix else name
        for prefix, part in module.named_modules()
        for name in getattr(part, "no_weight_decay", set)()
    ]
    return param_groups_weight_decay(module, config.weight_decay, no_weight_decay_list=spared)


@lru_cache
def state_copies(optimizer: str) -> float:
    """Size of an optimiser's state, in copies of the weights: measured in one step on a matrix.

    Raises:
        ValueError: when timm cannot make the optimiser here, with the reason.
    """
    if optimizer in PLAIN:
        return 1 if optimizer == "sgd" else 2
    device = "cuda" if torch.cuda.is_available() else "cpu"  # some work on GPUs alone
    weight = nn.Parameter(torch.ones(PROBE, PROBE, device=device))
    try:
        probe = create_optimizer_v2([weight], optimizer, lr=1e-3)
        weight.grad = torch.ones_like(weight)
        probe.step()
    except (AssertionError, ImportError, RuntimeError, ValueError, TypeError) as error:
        raise ValueError(f"optimizer {optimizer!r} cannot work here: {error}") from error
    return _bytes(probe.state_dict()["state"]) / weight.nbytes


def learning_rate(config: RunConfig, epoch: float) -> float:
    """The learning rate after ``epoch`` epochs, which may have a fraction."""
    if epoch < config.warmup_epochs:
        # Half a step ahead of zero, so that the very first step already learns.
        return config.learning_rate * max(epoch, 0.01) / config.warmup_epochs
    since, length = epoch - config.warmup_epochs, config.epochs - config.warmup_epochs
    match config.schedule:
        case "exponential":
            return config.learning_rate * config.gamma ** math.floor(since)
        case "cosine":
            return config.learning_rate * (1 + math.cos(math.pi * since / length)) / 2
        case "constant":
            return config.learning_rate
        case "step" | "poly" | "tanh":
            # A plain function of the time, so that a resumed run goes on exactly.
            timms = _timm_scheduler(config.schedule, length, config.gamma, config.decay_epochs)
            timms.step(since)  # pyright: ignore[reportArgumentType] - of any time
            return config.learning_rate * timms.optimizer.param_groups[0]["lr"]


@lru_cache
def _timm_scheduler(schedule: str, length: int, gamma: float, decay_epochs: int) -> Scheduler:
    """A schedule of timm from a peak of 1, over ``length`` epochs, on an optimiser of its own."""
    scheduler, _ = create_scheduler_v2(
        SGD([torch.zeros(1)], 1.0),
        schedule,
        num_epochs=length,
        decay_epochs=decay_epochs,
        decay_rate=gamma,  # of poly: the exponent
    )
    assert scheduler is not None
    return scheduler


def _bytes(state: object) -> int:
    """Of all tensors in an optimiser's state."""
    if isinstance(state, Tensor):
        return state.nbytes
    if isinstance(state, dict):
        return sum(map(_bytes, state.values()))
    return sum(map(_bytes, state)) if isinstance(state, list | tuple) else 0

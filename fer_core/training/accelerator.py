"""The accelerator of a run: device, precision and processes, after the checks that need them."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs

from fer_core.config import RunConfig
from fer_core.machine import Device, keep_freed_memory
from fer_core.methods import METHODS
from fer_core.training.optim import check_optimizer
from fer_core.training.trackers import FOLDER

# DistributedDataParallel would send the first process's buffers to all others before each step, but
# these train with the statistics of their own batch: evaluation shares buffers, once an epoch.
BUFFERS = DistributedDataParallelKwargs(broadcast_buffers=False)
logger = logging.getLogger(__name__)


def create_accelerator(
    config: RunConfig, device: Device, trackers: Sequence[str], folder: Path
) -> Accelerator:
    """Start Accelerate for one run, and prepare PyTorch for its device.

    Args:
        config: of the run; its precision is not ``auto``.
        device: ``cpu``, ``cuda``, or ``auto``: the GPU where there is one.
        trackers: names of `fer_core.training.trackers.choose_trackers`.
        folder: of the run.

    Raises:
        ValueError: when the device, the precision or the number of processes does not fit the
            configuration.
    """
    # Accelerate holds on to device and precision of the first run in a process.
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(
        mixed_precision=config.precision,
        cpu=device == "cpu",
        gradient_accumulation_steps=config.accumulate,
        log_with=[*trackers] or None,
        project_dir=folder / FOLDER,
        kwargs_handlers=[BUFFERS],
    )
    _check_batch(config, accelerator.num_processes)
    _check_device(config, accelerator.device)
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    if accelerator.device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32 where it exists
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    if accelerator.is_main_process:
        logger.info("training on %s, %d process(es)", accelerator.device, accelerator.num_processes)
    return accelerator


def check_start(config: RunConfig, device: Device) -> None:
    """Refuse what cannot start on this machine, before anything is built.

    Raises:
        ValueError: when the optimiser cannot work, for an unknown device, or an absent GPU.
    """
    check_optimizer(config)
    if device not in get_args(Device):
        raise ValueError(f"device must be one of {', '.join(get_args(Device))}, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device 'cuda' was requested, but torch {torch.__version__} finds no GPU: use device "
            "'auto' or 'cpu', or see what nvidia-smi says"
        )


def _check_batch(config: RunConfig, processes: int) -> None:
    """Refuse a batch that the processes cannot share."""
    if config.batch_size % processes:
        raise ValueError(
            f"batch_size must be a multiple of the {processes} processes that share it, got "
            f"{config.batch_size}"
        )
    if config.mixup and config.batch_size // processes % 2 and processes > 1:
        raise ValueError(
            f"mixup mixes pairs: batch_size must be a multiple of {2 * processes} with {processes} "
            f"processes, got {config.batch_size}"
        )
    least = METHODS[config.method].least_images * processes
    if config.batch_size < least:
        raise ValueError(
            f"method {config.method!r} compares images: batch_size must be at least {least} with "
            f"{processes} processes, got {config.batch_size}"
        )


def _check_device(config: RunConfig, device: torch.device) -> None:
    """Refuse what works on GPUs alone."""
    if device.type == "cuda":
        return
    if config.sync_batch_norm:
        raise ValueError(f"sync_batch_norm works on GPUs, got device {device.type!r}")
    if config.precision == "fp16":
        raise ValueError(
            f"precision 'fp16' works on GPUs, got device {device.type!r}: use 'bf16' or 'no'"
        )

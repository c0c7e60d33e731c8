"""The last state of a run, written atomically, from which ``--resume`` goes on."""

import io
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from fer_core.config import RunConfig, from_json, to_json
from fer_core.errors import FerError
from fer_core.io.files import write_whole
from fer_core.training.optim import state_copies

CHECKPOINT_FILE = Path("checkpoint") / "state.pt"
CHOSEN_FILE = Path("checkpoint") / "chosen.safetensors"  # weights of the chosen epoch


class CheckpointError(FerError, ValueError):
    """A checkpoint that is absent, broken, or of another configuration."""


class Checkpoint(NamedTuple):
    """State after a completed epoch.

    Attributes:
        epoch: completed epochs.
        method: state of the method: the model, and what the method learns besides it.
        optimizer: the optimiser's state.
        average: state of the averaged model; None without ``ema_decay``.
        scaler: of the loss; None without fp16.
        selection: of `fer_core.training.holdout.EpochSelection`; None in earlier versions.
    """

    epoch: int
    method: dict[str, Any]
    optimizer: dict[str, Any]
    average: dict[str, Any] | None
    scaler: dict[str, Any] | None
    selection: dict[str, Any] | None = None


def save_checkpoint(folder: Path, checkpoint: Checkpoint, config: RunConfig) -> None:
    """Write the checkpoint of the run in ``folder``; the old one stays until the new is whole."""
    file = folder / CHECKPOINT_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save({**checkpoint._asdict(), "config": to_json(config)}, buffer)
    write_whole(file, buffer.getbuffer())


def save_chosen(folder: Path, model: nn.Module) -> None:
    """Keep the weights of the chosen epoch of the run in ``folder``, written whole."""
    file = folder / CHOSEN_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    write_whole(file, save(state))


def load_chosen(folder: Path, model: nn.Module) -> None:
    """Put the weights of the chosen epoch of the run in ``folder`` into the model.

    Raises:
        CheckpointError: when they are absent or broken.
    """
    file = folder / CHOSEN_FILE
    try:
        model.load_state_dict(load_file(file))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"the chosen weights at {file} cannot be read: {error}") from error


def refuse_full_disk(folder: Path, config: RunConfig, weights: int) -> None:
    """Stop before the first step where the disk has no room for what the run will write.

    Args:
        folder: of the run; need not exist.
        config: of the run.
        weights: bytes of the method's weights.

    Raises:
        OSError: saying how much is free and how much is needed.
    """
    checkpoint = weights * (1 + state_copies(config.optimizer) + (config.ema_decay > 0))
    # The old one stays until the new is whole; and the model, the weights of the chosen epoch too.
    needed = 2 * checkpoint + weights * (3 if config.holdout else 1)
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise OSError(
            f"the disk of {folder} has {free / 1e6:,.0f} MB free, checkpoints and model of "
            f"{config.backbone} need {needed / 1e6:,.0f} MB: free some space, or name another "
            "folder"
        )


def read_checkpoint(folder: Path) -> tuple[Checkpoint, RunConfig]:
    """The checkpoint of the run in ``folder`` and the configuration it was written under.

    Raises:
        CheckpointError: when there is none, or it is broken.
    """
    file = folder / CHECKPOINT_FILE
    if not file.is_file():
        raise CheckpointError(
            f"no checkpoint at {file}: no run has completed an epoch there; "
            "start it without --resume (delete the folder first if it is there)"
        )
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        config = from_json(state.pop("config"))
        return Checkpoint(**state), config
    except Exception as error:  # torch.load raises many kinds on a broken file
        raise CheckpointError(f"the checkpoint at {file} cannot be read: {error}") from error


def load_checkpoint(folder: Path, config: RunConfig) -> Checkpoint:
    """Read the checkpoint of the run in ``folder``, which must be one of ``config``.

    Raises:
        CheckpointError: when there is none, it is broken, or it belongs to another configuration.
    """
    checkpoint, written = read_checkpoint(folder)
    if written != config:
        before, now = to_json(written), to_json(config)
        changed = [
            f"{name} {before[name]!r} -> {now[name]!r}"
            for name in now  # of two methods, what both have: the method says the rest
            if name in before and before[name] != now[name]
        ]
        raise CheckpointError(
            f"the run in {folder} has another configuration ({'; '.join(changed)}): resume it as "
            "it was, or start a new run"
        )
    return checkpoint

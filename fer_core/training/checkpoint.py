"""The last state of a run, written atomically, from which ``--resume`` goes on.

The file ends with the SHA-256 of what is before it: PyTorch itself reads a file with a wrong byte
without a word. The state one epoch earlier stays beside it, for such a case.
"""

import hashlib
import io
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from fer_core.config import RunConfig, from_json, settled, to_json
from fer_core.errors import FerError
from fer_core.io.files import write_whole
from fer_core.training.optim import state_copies

logger = logging.getLogger(__name__)

CHECKPOINT_FILE = Path("checkpoint") / "state.pt"
PREVIOUS_FILE = Path("checkpoint") / "previous.pt"  # one epoch earlier
NEXT_FILE = Path("checkpoint") / "next.pt"  # while it is written
DIGESTED = "digested"  # key of a state behind which its digest stands
MARK = b"\nsha256 "
TRAILER = len(MARK) + 64  # bytes


# Schedules whose learning rate does not depend on the number of epochs, and methods that do.
OF_ANY_LENGTH = ("exponential", "step", "constant")
BY_LENGTH = ("nla",)


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
    """Write the checkpoint of the run in ``folder``; the one before it stays as the previous."""
    write_checkpoint(folder, pack_checkpoint(checkpoint, config))


def pack_checkpoint(checkpoint: Checkpoint, config: RunConfig) -> io.BytesIO:
    """The bytes of a checkpoint, all but its digest: a copy, whatever becomes of the tensors."""
    content = io.BytesIO()
    torch.save({**checkpoint._asdict(), "config": to_json(config), DIGESTED: True}, content)
    return content


def write_checkpoint(folder: Path, content: io.BytesIO) -> None:
    """Write what `pack_checkpoint` gave, with its digest, as the last of the run in ``folder``.

    Raises:
        OSError: when it cannot be written; the checkpoints there stay as they are.
    """
    file = folder / CHECKPOINT_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    content.seek(0, io.SEEK_END)
    content.write(MARK + digest.encode())
    write_whole(folder / NEXT_FILE, content.getbuffer())
    if file.is_file():
        file.replace(folder / PREVIOUS_FILE)
    (folder / NEXT_FILE).replace(file)


def has_checkpoint(folder: Path) -> bool:
    """Whether a run in ``folder`` has completed an epoch."""
    return any((folder / name).is_file() for name in (CHECKPOINT_FILE, PREVIOUS_FILE))


def remove_checkpoint(folder: Path) -> None:
    """Delete the checkpoints of the run in ``folder``."""
    for name in (CHECKPOINT_FILE, PREVIOUS_FILE, NEXT_FILE):
        (folder / name).unlink(missing_ok=True)


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
    # The one before stays, and the old one until the new is whole; of the weights of the chosen
    # epoch likewise; and the model.
    needed = 3 * checkpoint + weights * (4 if config.holdout else 1)
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

    Where the last one is broken, that is logged, and the one before it is taken.

    Raises:
        CheckpointError: when there is none, or all are broken.
    """
    files = [folder / name for name in (CHECKPOINT_FILE, PREVIOUS_FILE)]
    there = [file for file in files if file.is_file()]
    if not there:
        raise CheckpointError(
            f"no checkpoint at {files[0]}: no run has completed an epoch there; "
            "start it without --resume (delete the folder first if it is there)"
        )
    faults: list[str] = []
    for file in there:
        try:
            found = _read(file)
        except Exception as error:  # torch.load raises many kinds on a broken file
            faults.append(f"the checkpoint at {file} cannot be read: {error}")
            continue
        if faults:
            logger.warning("%s; going on after epoch %d instead", faults[0], found[0].epoch)
        return found
    raise CheckpointError("; ".join(faults))


def _read(file: Path) -> tuple[Checkpoint, RunConfig]:
    content = file.read_bytes()
    body, trailer = content[:-TRAILER], content[-TRAILER:]
    marked = trailer.startswith(MARK)  # not in files of earlier versions
    if marked:
        digest = hashlib.sha256(body).hexdigest()
        if trailer[len(MARK) :] != digest.encode():
            raise ValueError("its bytes are not those that were written (SHA-256)")
        content = body
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if state.pop(DIGESTED, False) and not marked:
        raise ValueError("its end, the digest, is missing")
    config = from_json(state.pop("config"))
    return Checkpoint(**state), config


def load_checkpoint(folder: Path, config: RunConfig) -> Checkpoint:
    """Read the checkpoint of the run in ``folder``, which must be one of ``config``.

    It may have fewer epochs, where the learning rate of an epoch does not depend on their number.

    Raises:
        CheckpointError: when there is none, it is broken, or it belongs to another configuration.
    """
    checkpoint, written = read_checkpoint(folder)
    config = settled(config, to_json(written))
    longer = config.epochs > written.epochs and replace(written, epochs=config.epochs) == config
    if longer and (config.schedule not in OF_ANY_LENGTH or config.method in BY_LENGTH):
        what = f"method {config.method}" if config.method in BY_LENGTH else "schedule"
        raise CheckpointError(
            f"the run in {folder} cannot be trained longer: its {what} "
            f"{'' if config.method in BY_LENGTH else repr(config.schedule) + ' '}depends on the "
            f"number of epochs, {written.epochs}; schedules that do not are "
            f"{', '.join(OF_ANY_LENGTH)}. Start a new run from its weights, with --pretrained "
            f"{folder}"
        )
    if written != config and not longer:
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

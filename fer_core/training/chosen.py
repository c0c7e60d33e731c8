"""The weights of the chosen epoch of a run, beside its checkpoint."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from fer_core.io.files import write_whole
from fer_core.training.checkpoint import CheckpointError

CHOSEN_FILE = Path("checkpoint") / "chosen.safetensors"
PREVIOUS_CHOSEN_FILE = Path("checkpoint") / "previous.safetensors"  # of the choice before it
EPOCH, DIGEST = "epoch", "sha256"  # in the files' metadata


def save_chosen(folder: Path, model: nn.Module, epoch: int) -> None:
    """Keep the weights of the chosen epoch of the run in ``folder``, written whole.

    Those of the choice before stay until the next one: a run that was killed before it wrote the
    epoch's checkpoint goes on with them.
    """
    file = folder / CHOSEN_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    content = save(state, {EPOCH: str(epoch), DIGEST: _digest(state)})
    if file.is_file() and _epoch(file) != epoch:
        file.replace(folder / PREVIOUS_CHOSEN_FILE)
    write_whole(file, content)


def load_chosen(folder: Path, model: nn.Module, epoch: int) -> None:
    """Put the weights of the chosen epoch of the run in ``folder`` into the model.

    Raises:
        CheckpointError: when they are absent or broken.
    """
    model.load_state_dict(read_chosen(folder, epoch))


def read_chosen(folder: Path, epoch: int) -> dict[str, Tensor]:
    """The weights of the chosen epoch of the run in ``folder``.

    Raises:
        CheckpointError: when they are absent or broken.
    """
    faults: list[str] = []
    for name in (CHOSEN_FILE, PREVIOUS_CHOSEN_FILE):
        file = folder / name
        try:
            with safe_open(file, framework="pt") as content:
                facts = content.metadata() or {}
                # Files of earlier versions have neither.
                if int(facts.get(EPOCH, epoch)) != epoch:
                    faults.append(f"{file} is of epoch {facts[EPOCH]}")
                    continue
                state = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError) as error:
            faults.append(f"{file}: {error}")
            continue
        if facts.get(DIGEST, _digest(state)) == _digest(state):
            return state
        faults.append(f"the bytes of {file} are not those that were written")
    raise CheckpointError(
        f"the chosen weights of epoch {epoch} cannot be read ({'; '.join(faults)}): start the run "
        "again in another folder"
    )


def _epoch(file: Path) -> int:
    try:
        with safe_open(file, framework="pt") as content:
            return int((content.metadata() or {}).get(EPOCH, 0))
    except (SafetensorError, ValueError):
        return 0


def _digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 of names and values."""
    total = hashlib.sha256()
    for name in sorted(state):
        total.update(name.encode())
        total.update(state[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()

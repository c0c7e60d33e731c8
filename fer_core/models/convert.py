"""Weights of other projects under timm's names.

Networks of one architecture register the same tensors in the same order, whatever they call them;
the tensors are therefore matched by their order and their shape.
"""

import pickle
from pathlib import Path

import timm
import torch
from safetensors.torch import save
from timm.models import remap_state_dict
from torch import Tensor

from fer_core.errors import FerError
from fer_core.io.files import write_whole


class ForeignWeightsError(FerError, ValueError):
    """A file that does not hold the weights of the backbone."""


def convert_weights(backbone: str, file: Path, out: Path) -> int:
    """Write the weights of another project as a file that ``pretrained`` takes.

    Args:
        backbone: timm model name of the same architecture.
        file: a state dictionary written by ``torch.save`` (safetensors files have lost the order);
            a final classifier is dropped.
        out: ``.safetensors`` file to write.

    Returns:
        Number of tensors written.

    Raises:
        ForeignWeightsError: when the file cannot be read, or is of another architecture.
    """
    if not timm.is_model(backbone):
        raise ForeignWeightsError(f"unknown timm backbone {backbone!r}")
    if out.suffix != ".safetensors":
        raise ForeignWeightsError(f"the file to write must end in .safetensors, got {out.name}")
    network = timm.create_model(backbone, num_classes=0)
    wanted = network.state_dict()
    found = _read(file)
    if len(found) > len(wanted):  # a classifier comes last: the weights and the bias of each layer
        found = dict(list(found.items())[: len(wanted)])
    try:
        state = remap_state_dict(found, network, allow_reshape=False)
        network.load_state_dict(state)
    except (AssertionError, RuntimeError) as error:
        raise ForeignWeightsError(
            f"{file} is no {backbone}: its {len(found)} tensors do not match the {len(wanted)} "
            "expected ones in order and shape"
        ) from error
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_whole(out, save(state))
    return len(state)


def _read(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ForeignWeightsError(f"{file} holds no weights that can be read: {reason}") from error
    nested = state.get("state_dict", state) if isinstance(state, dict) else None
    if not isinstance(nested, dict) or not all(isinstance(v, Tensor) for v in nested.values()):
        raise ForeignWeightsError(f"{file} holds no state dictionary")
    return nested

"""The network that a stranger's configuration declares, looked at before it is made."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import nn

from fer_core.models.saved_model import WEIGHTS_FILE

LABELS = 1000
LONGEST_LABEL = 100  # characters
LAYERS = 200
MOST_VALUE = 1_000_000  # of any whole number: widths, sizes, numbers of tokens
# What transformers' configurations call the number of layers: of all, or of each stage.
DEPTHS = ("num_hidden_layers", "num_layers", "n_layers", "num_encoder_layers", "depth", "depths")
MOST_UNUSED = 0.05  # share of a file's values that the network may leave out, such as a pooler's


def check_transformers(config: Mapping[str, Any]) -> None:
    """See that a configuration of transformers names classes and layers in numbers that are read.

    Raises:
        ValueError: naming the entry, its value and what is allowed.
    """
    labels = config.get("id2label")
    if labels is not None:
        if not isinstance(labels, dict) or not 1 <= len(labels) <= LABELS:
            raise ValueError(
                f"id2label must be an object of 1 to {LABELS} names, got {_of(labels)}"
            )
        for place, name in labels.items():
            if not str(place).isdecimal() or len(str(name)) > LONGEST_LABEL:
                raise ValueError(
                    f"id2label must have numbers with names of at most {LONGEST_LABEL} characters, "
                    f"got {str(place)[:40]!r}: {str(name)[:40]!r}"
                )
    for field, value in config.items():
        if field in DEPTHS:
            for depth in value if isinstance(value, list) else [value]:
                if type(depth) is not int or not 1 <= depth <= LAYERS:
                    raise ValueError(
                        f"{field} must be whole numbers from 1 to {LAYERS}, got {_of(depth)}"
                    )
        elif field.endswith("_size") and type(value) is int and not 1 <= value <= MOST_VALUE:
            raise ValueError(f"{field} must be in [1, {MOST_VALUE:,}], got {value}")


def _of(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)[:60]


def refuse_unused(folder: Path, module: nn.Module, unused: Collection[str]) -> None:
    """Refuse weights of which the network leaves out more than a little: they are of another one.

    Values are counted, since transformers renames the tensors of earlier versions.

    Args:
        folder: of the weights.
        module: that has taken its own from them.
        unused: tensors of the file that it does not have.

    Raises:
        ValueError: naming one of them.
    """
    with safe_open(folder / WEIGHTS_FILE, framework="numpy") as file:
        names = list(file.keys())
        held = sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    taken = sum(value.numel() for value in module.state_dict().values())
    if unused and held - taken > MOST_UNUSED * held:
        raise ValueError(
            f"its weights hold {len(unused)} tensors that its configuration has no place for, such "
            f"as {min(unused)}: they are of another network"
        )

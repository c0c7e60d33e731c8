"""Files of starting weights: reading what people have, and judging how much of it fits.

Others save a state dictionary under a key of a checkpoint, with the names of a wrapper before every
tensor, or with a classifier of other classes. All of that is looked through; a file that does not
fit the backbone is refused, for a run from it would be one from random weights in disguise.
"""

import logging
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from fer_core.errors import FerError

logger = logging.getLogger(__name__)
LEAST = 0.95  # share of the backbone's parameters, counted one by one, that a file must hold
# Where checkpoints keep the weights, the likeliest first; averaged ones before the others, as timm.
NESTS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "net", "weights")
WRAPPERS = ("", "module.", "_orig_mod.", "model.", "backbone.", "encoder.", "network.", "net.")
NAMED = 5  # tensors that a message names


class WeightsError(FerError, ValueError):
    """A file without weights, or with those of another network."""


@dataclass(frozen=True)
class Match:
    """What of a file became the starting weights.

    Attributes:
        share: of the backbone's parameters, counted one by one, in [0, 1].
        missing: tensors of the backbone that the file lacks; they start at random.
        classifier: whether the classifier was taken over as well.
    """

    share: float
    missing: tuple[str, ...]
    classifier: bool

    def to_json(self) -> dict[str, Any]:
        """The match as a record has it."""
        return {
            "share": round(self.share, 4),
            "missing": list(self.missing),
            "classifier": self.classifier,
        }


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a checkpoint that ``torch.save`` wrote.

    Raises:
        WeightsError: when the file cannot be read, or holds no state dictionary.
    """
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise WeightsError(f"{file} is no safetensors file: {error}") from error
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{file} holds no weights that can be read: {reason}") from error
    while isinstance(content, dict):
        nested = next((content[key] for key in NESTS if isinstance(content.get(key), dict)), None)
        if nested is None:
            break
        content = nested
    found = content.items() if isinstance(content, dict) else ()
    state = {name: value for name, value in found if isinstance(value, Tensor)}
    if not state:
        raise WeightsError(f"{file} holds no state dictionary: save model.state_dict() in it")
    return state


def unwrap(state: Mapping[str, Tensor], wanted: Iterable[str]) -> dict[str, Tensor]:
    """The tensors without the wrapper's name before each, as ``module.`` or ``model.backbone.``.

    Args:
        state: as it was read.
        wanted: names that most of the tensors should have; where no wrapper's name leads to them
            the state stays as it is.
    """
    names = set(wanted)

    def fitting(start: str) -> int:
        return sum(name.startswith(start) and name[len(start) :] in names for name in state)

    starts = {outer + inner for outer in WRAPPERS for inner in WRAPPERS}
    best = max(sorted(starts, key=len), key=fitting)
    return {name.removeprefix(best): value for name, value in state.items()}


def judge(
    backbone: str, file: str, sizes: Mapping[str, int], missing: Iterable[str], held: Iterable[str]
) -> Match:
    """How much of a backbone a file holds.

    Args:
        backbone: its name.
        file: of the weights.
        sizes: name and number of values of each parameter of the backbone.
        missing: tensors of the backbone that the file lacks, or has in another shape.
        held: names of the tensors in the file.

    Raises:
        WeightsError: when the file lacks more than 5 % of the parameters.
    """
    absent = tuple(missing)
    share = 1 - sum(sizes.get(tensor, 0) for tensor in absent) / sum(sizes.values())
    if share < LEAST:
        raise WeightsError(
            f"the file fits {share:.1%} of the parameters of {backbone}, at least {LEAST:.0%} are "
            f"needed. It has {_named(held)}; {backbone} needs {_named(absent)}: name the backbone "
            "that the file was made with, or convert another project's weights "
            "with fer-core convert-weights"
        )
    logger.info("%s holds %.1f %% of the parameters of %s", file, 100 * share, backbone)
    if absent:
        logger.warning("%s lacks %s: they start at random", file, _named(absent))
    return Match(share, absent, classifier=False)


def _named(tensors: Iterable[str]) -> str:
    names = list(tensors)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

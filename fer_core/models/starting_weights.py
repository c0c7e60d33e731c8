"""Files of starting weights: reading what people have, and judging how much of it fits.

Others save a state dictionary under a key of a checkpoint, with the names of a wrapper before every
tensor, or with a classifier of other classes. All of that is looked through; a file that does not
fit the backbone is refused, for a run from it would be one from random weights in disguise.
"""

import logging
import pickle
import re
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
# Values beyond the backbone's own, as a share of these, that its modules may have in the file:
# position tables of a larger input. A deeper network of the same family has many more.
MOST_SURPLUS = 0.05
HEADS = ("head", "heads", "fc", "classifier", "last_linear")  # first name of a classifier's tensors
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
        if _starts_as_pickle(file):
            raise pickle.UnpicklingError("a plain pickle")
        content = torch.load(file, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise WeightsError(f"{file} is not a safetensors file: {error}") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(_pickled(file)) from error
    except (OSError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise WeightsError(_unreadable(file, error)) from error
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


def _pickled(file: Path) -> str:
    """That a file is a pickle of code or arrays, with the lines that make it a safe one."""
    if _starts_as_pickle(file):
        read = f"values = pickle.load(open({str(file)!r}, 'rb'))"
    elif file.suffix == ".npy":
        read = f"values = numpy.load({str(file)!r}, allow_pickle=True).item()"
    else:
        read = f"values = torch.load({str(file)!r}, map_location='cpu', weights_only=False)"
    write = (
        "state = values.state_dict() if hasattr(values, 'state_dict') else "
        "values.get('state_dict', values)\n  "
        "torch.save({name: torch.as_tensor(value) for name, value in state.items()}, 'weights.pth')"
    )
    return (
        f"{file} holds no weights that can be read: it is a pickle of a whole model or of numpy "
        "arrays, and opening one can run any program in it. If you trust where it comes from, "
        f"convert it with the packages that it was made with:\n  {read}\n  {write}"
    )


def _starts_as_pickle(file: Path) -> bool:
    """Whether the file is a plain pickle: no archive of torch, no array of numpy."""
    with file.open("rb") as stream:
        start = stream.read(2)
    return start[:1] == b"\x80" and start[1:] > b"\x02"  # torch writes protocol 2


def _unreadable(file: Path, error: Exception) -> str:
    if file.suffix == ".npz":
        return (
            f"{file} holds arrays of numpy. Convert them:\n  values = numpy.load({str(file)!r})\n  "
            "torch.save({name: torch.from_numpy(value) for name, value in values.items()}, "
            "'weights.pth')"
        )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", load_fault(error))
    return f"{file} holds no weights that can be read: {plain}"


def load_fault(error: Exception) -> str:
    """Why `torch.load` cannot read a file, in one line, by what it raised."""
    if isinstance(error, KeyError):  # of a code that no pickle has
        return "it is no file of torch"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


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


def adapt_channels(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with first convolutions of grey images made ones of colour images, and back.

    As timm does it: summed over the channels for grey images, repeated and divided by three for
    colour ones, so that an image of equal channels gives the same.

    Args:
        state: of a file.
        wanted: the tensors of the network.
    """
    return {
        name: _with_channels(value, wanted[name].shape[1])
        if name in wanted and _other_channels(value.shape, wanted[name].shape)
        else value
        for name, value in state.items()
    }


def _with_channels(weight: Tensor, channels: int) -> Tensor:
    """A first convolution of 1 or 3 input channels as one of the other number."""
    values = weight.float()
    made = values.sum(1, keepdim=True) if channels == 1 else values.repeat(1, channels, 1, 1) / 3
    return made.to(weight.dtype)


def _other_channels(held: torch.Size, wanted: torch.Size) -> bool:
    same = len(held) == len(wanted) == 4 and (held[0], *held[2:]) == (wanted[0], *wanted[2:])
    return same and {held[1], wanted[1]} == {1, 3}


def refuse_larger(
    backbone: str, network: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> None:
    """Refuse the file of a larger network of the same family, as of ResNet-34 for ResNet-18.

    All that the smaller one needs is in it by name, but between layers that it does not have.
    Values are counted, not names, since timm renames those of other formats.

    Args:
        backbone: its name.
        network: the backbone's tensors.
        state: tensors of the file.

    Raises:
        WeightsError: naming tensors of the file that the backbone lacks.
    """
    modules = {name.partition(".")[0] for name in network} - {*HEADS}
    held = {n: v for n, v in state.items() if n.partition(".")[0] in modules}
    needed = sum(v.numel() for n, v in network.items() if n.partition(".")[0] in modules)
    surplus = sum(value.numel() for value in held.values()) - needed
    if surplus > MOST_SURPLUS * needed:
        raise WeightsError(
            f"the file is of a larger network than {backbone}: its modules have {surplus:,} values "
            f"more, such as {_named(name for name in held if name not in network)}. Name the "
            "backbone that the file was made with"
        )


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

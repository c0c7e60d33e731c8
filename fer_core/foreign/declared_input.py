"""The input that a stranger's model declares, checked before an image is made of that size."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fer_core.config.input_spec import LARGEST_SIDE
from fer_core.hub.contents import PROCESSOR_FILES, read_json
from fer_core.models.planned import USUAL_SIDE, refuse_costly

SIZES = ("size", "crop_size", "pad_size")  # of an image processor
INPUTS = ("input_size", "test_input_size", "min_input_size")  # of timm, each (channels, H, W)
CROP_SHARES = ("crop_pct", "test_crop_pct")  # of timm: by which the image is larger than the input
LEAST_SHARE = 0.05
STATISTICS = {"mean": "mean", "std": "std", "image_mean": "mean", "image_std": "std"}


def check_processor(folder: Path) -> None:
    """See that an image processor of transformers asks for images of a size that can be made.

    Raises:
        ValueError: naming the entry, its value and what is allowed.
        ModelError: when the file is not JSON.
    """
    for file in PROCESSOR_FILES:
        if not (folder / file).is_file():
            continue
        values = read_json(folder.name, folder / file)
        if not isinstance(values, dict):
            raise ValueError(f"{file} must hold an object, got {type(values).__name__}")
        inner = values.get("image_processor")
        for settings in (values, inner if isinstance(inner, dict) else {}):
            for name in SIZES:
                for place, side in _sides(name, settings.get(name)):
                    _check_side(f"{place} of {file}", side)
            _check_statistics(settings, file)


def check_timm(config: Mapping[str, Any]) -> None:
    """See that a configuration of timm asks for images of a size that can be made.

    Raises:
        ValueError: as `check_processor`.
    """
    settings = config.get("pretrained_cfg") or {}
    options = config.get("model_args") or {}
    for name, values in (("pretrained_cfg", settings), ("model_args", options)):
        if not isinstance(values, dict):
            raise ValueError(f"{name} must be an object, got {type(values).__name__}")
    for name in INPUTS:
        given = settings.get(name)
        if given is None:
            continue
        if not isinstance(given, list | tuple) or len(given) != 3 or given[0] not in (1, 3):
            raise ValueError(f"{name} must be [1 or 3, height, width], got {_short(given)}")
        for side in given[1:]:
            _check_side(name, side)
    for place, side in _sides("img_size", options.get("img_size")):
        _check_side(place, side)
    for name in CROP_SHARES:
        share = settings.get(name)
        if share is not None and not (_is_number(share) and LEAST_SHARE <= share <= 1):
            raise ValueError(
                f"{name} must be a number in [{LEAST_SHARE:g}, 1], got {_short(share)}"
            )
    _check_statistics(settings, "pretrained_cfg")


def check_pass(called: str, answer: Callable[[Tensor], object], shape: tuple[int, ...]) -> None:
    """Refuse a network of which a large input takes minutes, or gigabytes.

    Args:
        called: the network, for messages.
        answer: of the network, on PyTorch's meta device.
        shape: (1, C, H, W) of the input.

    Raises:
        ValueError: naming what it takes and the limit, or when that cannot be told.
    """
    if max(shape[2:]) <= USUAL_SIDE:
        return
    with torch.device("meta"):
        pixels = torch.zeros(shape)
    refuse_costly(f"{called} at {shape[3]} x {shape[2]}", lambda: answer(pixels))


def _sides(name: str, value: object) -> Iterator[tuple[str, object]]:
    """The sides that a size has, whichever way it is written, with their places."""
    if isinstance(value, dict):
        for key, side in value.items():
            yield f"{name}.{str(key)[:40]}", side
    elif isinstance(value, list | tuple):
        for side in value:
            yield name, side
    elif value is not None:
        yield name, value


def _check_side(place: str, side: object) -> None:
    if not (isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= LARGEST_SIDE):
        raise ValueError(
            f"{place} must be a whole number of pixels from 1 to {LARGEST_SIDE}, got {_short(side)}"
        )


def _check_statistics(settings: Mapping[str, Any], place: str) -> None:
    for name, kind in STATISTICS.items():
        values = settings.get(name)
        if values is None:
            continue
        numbers = values if isinstance(values, list | tuple) else [values]
        wrong = [one for one in numbers if not _is_number(one) or (kind == "std" and one <= 0)]
        if wrong or not 1 <= len(numbers) <= 4:
            above = " above 0" if kind == "std" else ""
            raise ValueError(
                f"{name} of {place} must be 1 to 4 finite numbers{above}, got {_short(values)}"
            )


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."

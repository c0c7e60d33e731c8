"""What a model expects at its input: the contract between training, saved models and prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

LARGEST_SIDE = 2048  # pixels
LARGEST_NUMBER = 1000.0  # of means, standard deviations and coordinates


@dataclass(frozen=True)
class InputSpec:
    """The network input.

    Attributes:
        size: side of the square input in pixels.
        channels: 1 (grey) or 3 (RGB).
        mean: per channel, of pixels in [0, 1].
        std: per channel, of pixels in [0, 1].
        source_size: side of the training images before they were resized to ``size``; a face
            is brought to this sharpness first.
        grey: whether the training images were grey; a colour face is made grey first.
        landmarks: where the training crops show the eye on the image's left, the eye on its
            right and the mouth centre: (x, y) as shares of the side.
    """

    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source_size: int
    grey: bool
    landmarks: tuple[tuple[float, float], ...]


def to_json(spec: InputSpec) -> dict[str, Any]:
    """The specification as plain JSON values."""
    return asdict(spec)


def from_json(values: Mapping[str, Any]) -> InputSpec:
    """The specification that `to_json` wrote.

    Raises:
        ValueError: when a field is missing or unknown, or no network can have such an input.
    """
    fields = set(InputSpec.__dataclass_fields__)
    if set(values) != fields:
        raise ValueError(
            f"input specification must have exactly the fields {sorted(fields)}, "
            f"got {sorted(values)}"
        )
    for name, kind in (("size", int), ("channels", int), ("source_size", int), ("grey", bool)):
        if type(values[name]) is not kind:
            raise ValueError(f"input {name} must be of type {kind.__name__}, got {values[name]!r}")
    sequences: dict[str, Any] = {
        "mean": _numbers("mean", values["mean"]),
        "std": _numbers("std", values["std"]),
        "landmarks": tuple(_point(point) for point in _sequence("landmarks", values["landmarks"])),
    }
    spec = InputSpec(**{**values, **sequences})
    _check(spec)
    return spec


def _check(spec: InputSpec) -> None:
    """Saved models come from anywhere: a giant input would take all memory."""
    for name, side in (("size", spec.size), ("source_size", spec.source_size)):
        if not 1 <= side <= LARGEST_SIDE:
            raise ValueError(f"input {name} must be in [1, {LARGEST_SIDE}], got {side}")
    if spec.channels not in (1, 3):
        raise ValueError(f"input channels must be 1 or 3, got {spec.channels}")
    if not len(spec.mean) == len(spec.std) == spec.channels:
        raise ValueError(f"input mean and std must have {spec.channels} values, one per channel")
    if min(spec.std) <= 0:
        raise ValueError(f"input std must be above 0, got {spec.std}")
    if len(spec.landmarks) != 3:
        raise ValueError(f"input landmarks must be 3 points, got {len(spec.landmarks)}")
    if len(set(spec.landmarks)) != 3:
        raise ValueError(f"input landmarks must be 3 distinct points, got {spec.landmarks}")


def _sequence(name: str, value: object) -> list[Any]:
    items = list(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else None
    if items is None or len(items) > 3:
        raise ValueError(
            f"input {name} must be a list of at most 3, got {_short(cast('Any', value))}"
        )
    return items


def _numbers(name: str, value: object) -> tuple[float, ...]:
    numbers = _sequence(name, value)
    for number in numbers:
        usual = isinstance(number, int | float) and not isinstance(number, bool)
        if not usual or not -LARGEST_NUMBER <= number <= LARGEST_NUMBER:  # nan as well
            raise ValueError(
                f"input {name} must be numbers in [-{LARGEST_NUMBER:g}, {LARGEST_NUMBER:g}], got "
                f"{_short(number)}"
            )
    return tuple(float(number) for number in numbers)


def _point(value: object) -> tuple[float, float]:
    point = _numbers("landmarks", value)
    if len(point) != 2:
        raise ValueError(f"input landmarks must be points (x, y), got {_short(value)}")
    return point[0], point[1]


def _short(value: object) -> str:
    return repr(value)[:60]

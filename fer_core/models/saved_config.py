"""The schema of a saved model's ``config.json``, checked as a whole before anything is built.

Models come from strangers: a file that asks for a million classes, a stride of 0 or a standard
deviation of NaN is refused for that, not met as a traceback or an endless computation later.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from fer_core import taxonomy as taxonomies
from fer_core.config.input_spec import InputSpec, from_json
from fer_core.io.files import parse_json
from fer_core.taxonomy import Taxonomy

Stem = Literal["own", "small"]
WeightLayout = Literal["own", "timm"]
LARGEST = 2_000_000  # bytes of the file
DEEPEST = 16  # objects and lists in one another
MOST_VALUES = 50_000  # in all objects and lists together
MOST_CLASSES = 1000
LONGEST_NAME = 100  # characters of a class name
LONGEST_ARCHITECTURE = 200
LARGEST_STRIDE = 64
LARGEST_FIELD = 256


@dataclass(frozen=True)
class SavedConfig:
    """What ``config.json`` says of a model of this project, checked.

    Attributes:
        architecture: timm's name of the backbone, or `own_name` of a module.
        taxonomy: the classes.
        input: what the network expects.
        stride: of the backbone where it was changed.
        stem: ``own`` or ``small``.
        receptive_field: of the backbone where it was limited, in pixels.
        weights: whose names the weights have.
        classifier: what timm calls the last layer; needed for its names alone.
        facts: how it was trained and what it reaches, as saved.
    """

    architecture: str
    taxonomy: Taxonomy
    input: InputSpec
    stride: int | None
    stem: Stem
    receptive_field: int | None
    weights: WeightLayout
    classifier: str
    facts: dict[str, Any]


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file of limited size, depth and number of values, all finite.

    Raises:
        ValueError: when it is none.
        OSError: when it cannot be read.
    """
    size = file.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{file.name} must have at most {LARGEST:,} bytes, it has {size:,}")
    content: object = parse_json(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} must hold a JSON object, got {_short(content)}")
    _check_shape(content, file.name)
    return cast("dict[str, Any]", content)


def check_config(config: Mapping[str, Any]) -> SavedConfig:
    """What a configuration says, every value of the type and in the range that it must have.

    Raises:
        ValueError: naming the field, its value, and what is allowed.
    """
    own = _field(config, "fer_core", dict)
    architecture = _field(config, "architecture", str)
    if not 1 <= len(architecture) <= LONGEST_ARCHITECTURE:
        raise ValueError(f"architecture must have 1 to {LONGEST_ARCHITECTURE} characters")
    names = _check_names(_field(config, "label_names", list))
    count = config.get("num_classes", len(names))
    if count != len(names):
        raise ValueError(f"num_classes is {_short(count)}, label_names has {len(names)} names")
    stride = own.get("stride")
    if stride is not None and not (_is_int(stride) and 1 <= stride <= LARGEST_STRIDE):
        raise ValueError(
            f"stride must be null or an integer in [1, {LARGEST_STRIDE}], got {_short(stride)}"
        )
    field = own.get("receptive_field")
    if field is not None and not (_is_int(field) and 3 <= field <= LARGEST_FIELD):
        raise ValueError(
            f"receptive_field must be null or an integer in [3, {LARGEST_FIELD}], got "
            f"{_short(field)}"
        )
    weights = _one_of(own.get("weights", "own"), "weights", get_args(WeightLayout))
    return SavedConfig(
        architecture,
        taxonomies.from_json(names, own.get("taxonomy")),  # earlier versions have none
        from_json(_field(own, "input", dict)),
        stride,
        cast("Stem", _one_of(own.get("stem", "own"), "stem", get_args(Stem))),
        field,
        cast("WeightLayout", weights),
        "" if weights == "own" else _classifier(config),
        _field(own, "facts", dict),
    )


def _check_shape(content: object, name: str) -> None:
    """Limit depth and number of values, and refuse numbers that are not finite."""
    level, seen = [content], 0
    for _ in range(DEEPEST):
        following: list[object] = []
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} must hold finite numbers, got {value}")
            if isinstance(value, dict):
                following += value.values()
            elif isinstance(value, list):
                following += value
        seen += len(following)
        if seen > MOST_VALUES:
            raise ValueError(f"{name} must hold at most {MOST_VALUES:,} values")
        level = following
        if not level:
            return
    raise ValueError(f"{name} is nested more than {DEEPEST} deep")


def _check_names(names: list[Any]) -> list[str]:
    if not 1 <= len(names) <= MOST_CLASSES:
        raise ValueError(f"label_names must have 1 to {MOST_CLASSES} names, got {len(names)}")
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
            raise ValueError(
                f"label_names must be texts of 1 to {LONGEST_NAME} characters, got {_short(name)}"
            )
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ValueError(f"label_names must be distinct, {twice!r} is there twice")
    return names


def _classifier(config: Mapping[str, Any]) -> str:
    name = _field(_field(config, "pretrained_cfg", dict), "classifier", str)
    if not name:
        raise ValueError("pretrained_cfg must name the classifier")
    return name


def _field(values: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - of that type
    if name not in values:
        raise ValueError(f"it has no {name}")
    value = values[name]
    if not isinstance(value, kind):
        words = {dict: "an object", list: "a list", str: "a text"}
        raise ValueError(f"{name} must be {words[kind]}, got {_short(value)}")
    return value


def _one_of(value: object, name: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {_short(value)}")
    return str(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."

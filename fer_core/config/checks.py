"""Checks of single values; each raises a ValueError that says what is allowed."""

import dataclasses
import difflib
import math
from types import NoneType, UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "None",
}


def at_least(name: str, value: float, least: float) -> None:
    """Refuse a value below ``least``, and nan."""
    if not value >= least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def above(name: str, value: float, low: float) -> None:
    """Refuse a value that is not above ``low``."""
    if not value > low:
        raise ValueError(f"{name} must be above {low}, got {value}")


def finite(name: str, value: float) -> None:
    """Refuse nan and infinity."""
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}")


def in_range(name: str, value: float, low: float, high: float, *, closed: bool = False) -> None:
    """Refuse a value outside [low, high), or outside [low, high] when ``closed``."""
    inside = low <= value <= high if closed else low <= value < high
    if not inside:
        raise ValueError(f"{name} must be in [{low}, {high}{']' if closed else ')'}, got {value}")


def in_open_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a value outside (low, high]."""
    if not low < value <= high:
        raise ValueError(f"{name} must be in ({low}, {high}], got {value}")


def pair(name: str, value: tuple[float, float], high: float) -> None:
    """Refuse anything but 0 < least <= largest <= ``high``."""
    if not (0 < value[0] <= value[1] <= high and math.isfinite(value[1])):
        raise ValueError(f"{name} must be two numbers, 0 < least <= largest <= {high}, got {value}")


def choices(config: Any) -> None:  # noqa: ANN401 - any dataclass instance
    """Refuse a value of a Literal field that is not among its choices."""
    for name, kind in _types(config).items():
        given = getattr(config, name)
        values = (given,)
        if _of_any_length(kind):
            kind, values = get_args(kind)[0], given
        if get_origin(kind) is not Literal:
            continue
        allowed = get_args(kind)
        for value in values:
            if value not in allowed:
                near = difflib.get_close_matches(str(value), [str(item) for item in allowed], 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"{name} must be one of {allowed}, got {value!r}{hint}")


def kinds(config: Any) -> None:  # noqa: ANN401 - any dataclass instance
    """Refuse a value that is not of its field's type, as a file may hold it; see also `choices`."""
    for name, kind in _types(config).items():
        value = getattr(config, name)
        if not _is_a(kind, value):
            raise ValueError(f"{name} must be {_words(kind)}, got {value!r}")


def _types(config: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass instance
    """Type of each field; also where the file of the class has its annotations as text."""
    hints = get_type_hints(cast("type[object]", type(config)))
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def _of_any_length(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)


def _is_a(kind: Any, value: Any) -> bool:  # noqa: ANN401
    if isinstance(kind, UnionType):
        return any(_is_a(one, value) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return True  # `choices` judges it
    if _of_any_length(kind):
        items = cast("tuple[Any, ...]", value)
        return isinstance(value, tuple) and all(_is_a(get_args(kind)[0], one) for one in items)
    if get_origin(kind) is tuple:
        kinds, values = get_args(kind), cast("tuple[Any, ...]", value)
        return (
            isinstance(value, tuple)
            and len(values) == len(kinds)
            and all(map(_is_a, kinds, values))
        )
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _words(kind: Any) -> str:  # noqa: ANN401
    if isinstance(kind, UnionType):
        return " or ".join(_words(one) for one in get_args(kind))
    if _of_any_length(kind):
        inner = get_args(kind)[0]
        return "a list" if get_origin(inner) is Literal else f"a list of {_words(inner)}"
    if get_origin(kind) is tuple:
        return f"{len(get_args(kind))} numbers"
    return _WORDS.get(kind, f"of class {kind.__name__}")

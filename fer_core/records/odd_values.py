"""Values of a record that no run has: of another type than the option, or beyond all figures."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from fer_core.config import RunConfig

LONGEST = 1000  # characters of a text


def odd_values(run: Mapping[str, Any]) -> list[str]:
    """Names of what cannot be of a run, as ``config.seed``; pages would fail on it.

    Args:
        run: content of ``run.json`` whose sections have been seen to be objects.
    """
    defaults = {field.name: field.default for field in fields(RunConfig)}
    odd = [
        f"config.{name}"
        for name, value in run["config"].items()
        if not _fits(value, defaults.get(name))
    ]
    odd += [f"noise.{name}" for name in ("kind",) if not _is_text(run["noise"].get(name))]
    odd += [f"data.{name}" for name in ("name", "sha256") if not _is_text(run["data"].get(name))]
    odd += [f"result.{name}" for name in _infinite(run["result"])]
    return odd


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST)


def _fits(value: object, default: object) -> bool:
    """Whether an option may have a value, by the type of its default; None states nothing."""
    if value is None:
        return True
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        return _is_number(value)
    if isinstance(default, str):
        return _is_text(value)
    inner = value if isinstance(value, list) else [value]
    if isinstance(default, tuple):
        return isinstance(value, list) and all(map(_is_plain, inner))
    return all(map(_is_plain, inner)) or (isinstance(value, dict) and _plain_object(value))


def _plain_object(value: Mapping[str, object]) -> bool:
    """The options of a method stand in an object of their own in some versions."""
    return all(one is None or _is_plain(one) or isinstance(one, list) for one in value.values())


def _is_plain(value: object) -> bool:
    return isinstance(value, bool) or _is_number(value) or (value is not None and _is_text(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _infinite(values: Mapping[str, Any]) -> Iterator[str]:
    """Names of the figures that are beyond all numbers; nan is a figure that there is not."""
    waiting = list(values.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(name, inner) for inner in value]
        elif isinstance(value, float) and abs(value) > 1e300:
            yield name

"""Values that a plan gives to the fields of a run, checked before `RunConfig` sees them."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from fer_core.config import RunConfig, field_types, from_json
from fer_core.config.renamed import current_name

WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
PLURALS = {str: "texts", int: "whole numbers", float: "numbers"}


def near(name: str, known: Sequence[str]) -> str:
    """The hint behind an unknown name: the nearest known one, or nothing."""
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def faults(values: Mapping[str, Any]) -> list[str]:
    """One sentence for each unknown field and each value of a wrong kind."""
    fields = field_types()
    found = [
        f"unknown field {name!r}{near(name, list(fields))}" for name in values if name not in fields
    ]
    for name, value in values.items():
        if name in fields and not _fits(value, fields[name]):
            found.append(f"{name} must be {_words(fields[name])}, got {value!r}")
    return found


def configuration(values: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run with these values, all others as they are by default.

    Raises:
        ValueError: with one sentence, when a value is not allowed. `faults` must be none.
    """
    fields = field_types()
    return from_json({name: _exact(value, fields[name]) for name, value in values.items()})


def read_setting(text: str) -> tuple[str, Any]:
    """The field and the value of ``FIELD=VALUE``; text needs no quotes.

    Raises:
        ValueError: when it is not such a pair, or the value is none of the field's.
    """
    written, equals, raw = text.partition("=")
    name = current_name(written)
    if not equals:
        raise ValueError(f"--set takes FIELD=VALUE, got {text!r}")
    fields = field_types()
    if name not in fields:
        raise ValueError(f"--set {text}: unknown field {name!r}{near(name, list(fields))}")
    if _fits(raw, fields[name]):
        return name, raw
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        value = raw
    if not _fits(value, fields[name]):
        raise ValueError(f"--set {text}: {name} must be {_words(fields[name])}, got {raw!r}")
    return name, value


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type hint may be anything
    """Whether a value of a TOML file can be one of a field."""
    parts = get_args(hint)
    if get_origin(hint) is Literal:
        return any(type(value) is type(part) for part in parts)  # which one: `RunConfig` says it
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if get_origin(hint) is tuple:
        return (
            isinstance(value, list | tuple)
            and (len(value) == len(parts) or parts[-1] is Ellipsis)
            and all(_fits(item, parts[0]) for item in value)
        )
    return type(value) is hint or (hint is float and type(value) is int)


def _exact(value: Any, hint: Any) -> Any:  # noqa: ANN401 - as above
    """The value as the configuration holds it: a whole number as a float where one belongs."""
    parts = get_args(hint)
    if get_origin(hint) is tuple:
        return [_exact(item, parts[0]) for item in value]
    if get_origin(hint) in (Union, UnionType):
        return _exact(value, next(part for part in parts if _fits(value, part)))
    return float(value) if hint is float else value


def _words(hint: Any) -> str:  # noqa: ANN401 - as above
    """What a field may hold, for a sentence."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(repr, parts))}"
    if get_origin(hint) is tuple:
        count = "" if parts[-1] is Ellipsis else f"{len(parts)} "
        return f"a list of {count}{PLURALS.get(parts[0], 'values')}"
    if parts:
        return " or ".join(_words(part) for part in parts)
    return WORDS.get(hint, str(hint))

"""Names of planned runs: made of what the plan varies, readable, fit for a folder.

A name depends on the run's own values alone, so a value more in a plan renames no other run.
"""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

LONGEST = 150  # characters; the record's files need room behind it
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]*")
PART = re.compile(r"[?&]fold=(\d+)")  # of a data set that is divided
BARE = ("backbone", "method")  # fields whose values speak for themselves


def entry_name(values: Mapping[str, Any]) -> str:
    """The part of a name for some fields: ``eac``, ``noise0.3``, ``seed0``."""
    parts = [
        _part(field, value, values)
        for field, value in values.items()
        if not (field == "noise_rate" and "noise" in values)  # said by the kind of noise
    ]
    return "-".join(re.sub(r"[^A-Za-z0-9._=+-]+", "_", part).strip("._-") for part in parts)


def name_fault(name: str) -> str | None:
    """Why a run cannot have this name; None when it can."""
    if not NAME.fullmatch(name):
        return (
            f"{name!r} is not a valid run name: letters, digits and . _ = + - may be in it, and a "
            "letter or a digit comes first"
        )
    if len(name) > LONGEST:
        return (
            f"the name {name} has {len(name)} characters, at most {LONGEST} are allowed: give long "
            "values a name of their own, as {name = 'short', FIELD = VALUE}"
        )
    return None


def _part(field: str, value: object, values: Mapping[str, Any]) -> str:
    if field == "data":
        part = PART.search(str(value))
        kind = str(value).partition(":")[0].partition("?")[0]
        return f"{kind}-fold{part[1]}" if part else kind
    if field == "noise":
        return _noise(str(value), values.get("noise_rate"))
    if field == "noise_rate":
        return f"noise{_text(value)}"
    if isinstance(value, bool):
        return field if value else f"no-{field}"
    if isinstance(value, str):
        last = PurePath(value).name or value
        return last if field in BARE else f"{field}-{last}"
    return f"{field}{_text(value)}"


def _noise(kind: str, rate: object) -> str:
    if kind == "none":
        return "clean"
    if rate is None:
        return f"noise-{kind}"
    return f"noise{'' if kind == 'symmetric' else f'-{kind}'}{_text(rate)}"


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "x".join(_text(item) for item in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)

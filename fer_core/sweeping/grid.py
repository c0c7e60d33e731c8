"""The grid of a plan: axes of values, their product, and the excluded combinations."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fer_core.config import RunConfig, defaults_of, field_types
from fer_core.config.renamed import current_name, current_names
from fer_core.sweeping.names import entry_name
from fer_core.sweeping.values import near


class Draft(NamedTuple):
    """A run whose values are not checked yet."""

    name: str
    values: dict[str, Any]


class AxisValue(NamedTuple):
    """One value of an axis: its part of the run's name, and the fields that it sets."""

    name: str
    values: dict[str, Any]


Axes = Mapping[str, Sequence[AxisValue]]


def read_axis(axis: str, entries: object, mistakes: list[str]) -> list[AxisValue]:
    """The values of one axis: of the field of that name, or tables that set several fields."""
    if not isinstance(entries, list) or not entries:
        mistakes.append(f"[grid] {axis} must be a list of values with at least one, got {entries}")
        return []
    fields = field_types()
    if current_name(axis) not in fields and not all(isinstance(entry, dict) for entry in entries):
        mistakes.append(
            f"[grid] {axis} is not a field of a run{near(axis, list(fields))} (an axis with a name "
            "of its own is a list of tables: [{FIELD = VALUE, ...}, ...])"
        )
        return []
    made: list[AxisValue] = []
    for entry in entries:
        values = dict(entry) if isinstance(entry, dict) else {axis: entry}
        name = values.pop("name", None)
        if name is None and not values:
            mistakes.append(f"[grid] {axis} has an empty table: give it a field, or a name")
            continue
        named = entry_name(values) if name is None else str(name)
        made.append(AxisValue(named, current_names(values)))
    return made


def varied(axes: Axes) -> set[str]:
    """The fields that the grid sets."""
    return {field for entries in axes.values() for entry in entries for field in entry.values}


def set_twice(axes: Axes) -> Iterator[str]:
    """One sentence for each field that two axes set."""
    owner: dict[str, str] = {}
    for axis, entries in axes.items():
        for field in dict.fromkeys(field for entry in entries for field in entry.values):
            if field in owner:
                yield f"[grid] {owner[field]} and [grid] {axis} both set {field}: make them one"
            owner[field] = axis


def combine(axes: Axes, common: Mapping[str, Any]) -> Iterator[Draft]:
    """Every combination; the first axis varies fastest, the last slowest."""
    if not axes:
        return
    for backwards in itertools.product(*reversed(list(axes.values()))):
        entries = backwards[::-1]
        values = dict(common)
        for entry in entries:
            values |= entry.values
        yield Draft("-".join(entry.name for entry in entries if entry.name), values)


def drop_excluded(
    drafts: Iterator[Draft], conditions: Sequence[Mapping[str, Any]], mistakes: list[str]
) -> list[Draft]:
    """The combinations that none of the conditions describes."""
    whole = not mistakes  # of a broken grid there is no telling what it would hold
    left: list[Draft] = []
    used: set[int] = set()
    for draft in drafts:
        method = str(draft.values.get("method", RunConfig.method))
        values = defaults_of(method) | draft.values
        matches = {
            index
            for index, condition in enumerate(conditions)
            if condition
            and all(values.get(field) == v for field, v in current_names(condition).items())
        }
        used |= matches
        if not matches:
            left.append(draft)
    for index, condition in enumerate(conditions):
        if whole and index not in used:
            mistakes.append(f"[[exclude]] {dict(condition)} describes no run of the grid")
    return left

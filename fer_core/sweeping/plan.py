"""Plan of a sweep: a TOML file becomes a list of named, checked runs (docs/sweeps.md)."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fer_core.config import RunConfig, to_json
from fer_core.config.methods import find_method
from fer_core.config.recipes import RECIPES
from fer_core.config.renamed import current_names
from fer_core.errors import FerError
from fer_core.io.files import read_text
from fer_core.io.wording import counted
from fer_core.sweeping.grid import Axes, Draft, combine, drop_excluded, read_axis, set_twice, varied
from fer_core.sweeping.names import name_fault
from fer_core.sweeping.values import configuration, faults, near, read_setting

TABLES = ("common", "grid", "exclude", "runs")


class PlanError(FerError, ValueError):
    """A plan that cannot be carried out; the message has one line for each mistake."""


class PlannedRun(NamedTuple):
    """One run of a plan: its name, unique in the plan, and its configuration."""

    name: str
    config: RunConfig


def read_plan(file: Path, settings: Sequence[str] = ()) -> list[PlannedRun]:
    """The runs of a plan, in the order in which they are to start.

    Args:
        file: TOML, with the tables common, grid, exclude and runs, all optional.
        settings: ``FIELD=VALUE``, each in place of what ``[common]`` says.

    Raises:
        PlanError: naming every mistake of the plan at once: the run, the field, what is allowed.
        OSError, ValueError: when the file is not text that can be read.
    """
    plan = _load(file)
    mistakes: list[str] = []
    common, grid = _common(file, plan, mistakes), _table(plan, "grid", mistakes)
    conditions, extra = _tables(plan, "exclude", mistakes), _tables(plan, "runs", mistakes)
    _find_methods(common, grid, extra, mistakes)
    axes = {axis: read_axis(axis, entries, mistakes) for axis, entries in grid.items()}
    mistakes += set_twice(axes)
    common |= _settings(settings, axes, mistakes)
    combined = drop_excluded(combine(axes, common), conditions, mistakes)
    mistakes += _without_effect(settings, extra)
    drafts = [*combined, *_named(extra, common, mistakes)]
    mistakes += _names_twice(drafts)
    if not drafts and not mistakes:
        mistakes.append("it has no run: give it a [grid], or [[runs]]")
    runs = _checked(drafts, mistakes)
    of_grid = {draft.name for draft in combined}
    mistakes += _one_run_twice([run for run in runs if run.name in of_grid])
    _refuse(file, mistakes)
    return runs


def _load(file: Path) -> dict[str, Any]:
    try:
        plan = tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{file} is not valid TOML: {error}") from error
    unknown = [f"unknown table [{name}]{near(name, TABLES)}" for name in plan if name not in TABLES]
    _refuse(file, unknown)
    return plan


def _refuse(file: Path, mistakes: Sequence[str]) -> None:
    if mistakes:
        lines = "".join(f"\n  {mistake}" for mistake in mistakes)
        count = counted(len(mistakes), "mistake")
        raise PlanError(f"{file} has {count}, nothing was started:{lines}")


def _table(plan: Mapping[str, Any], name: str, mistakes: list[str]) -> dict[str, Any]:
    table = plan.get(name, {})
    if isinstance(table, dict):
        return dict(table)
    mistakes.append(f"{name} must be a table, written [{name}]")
    return {}


def _tables(plan: Mapping[str, Any], name: str, mistakes: list[str]) -> list[dict[str, Any]]:
    tables = plan.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        return tables
    mistakes.append(f"{name} must be a list of tables, each written [[{name}]]")
    return []


def _find_methods(
    common: Mapping[str, Any],
    grid: Mapping[str, Any],
    extra: Sequence[Mapping[str, Any]],
    mistakes: list[str],
) -> None:
    """Import the methods that are not part of this package, so that their options are known."""
    axes = [entry for entries in grid.values() if isinstance(entries, list) for entry in entries]
    tables = [common, *(entry for entry in axes if isinstance(entry, dict)), *extra]
    named = [table.get("method") for table in tables]
    axis = grid.get("method")
    named += [entry for entry in axis if isinstance(entry, str)] if isinstance(axis, list) else []
    for method in dict.fromkeys(name for name in named if isinstance(name, str) and ":" in name):
        try:
            find_method(method)
        except ValueError as error:
            mistakes.append(str(error))


def _common(
    file: Path, plan: Mapping[str, Any], mistakes: list[str], above: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """The common values of a plan, on top of those of the plan and the recipe that it names.

    Args:
        file: of the plan; the plan that it names is beside it.
        plan: its content.
        mistakes: to which its own are added.
        above: the plans that take their values from this one.
    """
    own = _table(plan, "common", mistakes)
    base, recipe = own.pop("plan", None), own.pop("recipe", None)
    values: dict[str, Any] = {}
    if base is not None:
        other, chain = file.parent / str(base), (*above, file.resolve())
        if not isinstance(base, str) or not other.is_file():
            mistakes.append(f"[common] plan must be a plan's file beside {file}, got {base!r}")
        elif other.resolve() in chain:
            mistakes.append(f"[common] plan {base!r} takes its own values from {file}")
        else:
            values = _common(other, _load(other), mistakes, chain)
    return values | _recipe(recipe, mistakes) | current_names(own)


def _recipe(name: object, mistakes: list[str]) -> dict[str, Any]:
    """The named settings that the common values come on top of."""
    if name is None or name in RECIPES:
        return dict(RECIPES.get(str(name), {}))
    known = ", ".join(RECIPES)
    mistakes.append(
        f"[common] recipe must be one of {known}, got {name!r}{near(str(name), [*RECIPES])}"
    )
    return {}


def _settings(settings: Sequence[str], axes: Axes, mistakes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in settings:
        try:
            name, value = read_setting(text)
        except ValueError as error:
            mistakes.append(str(error))
            continue
        values[name] = value
        if name in varied(axes):
            mistakes.append(f"--set {text}: the [grid] varies {name}, change it there")
    return values


def _without_effect(settings: Sequence[str], tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Settings of the command line that a run of the plan has a value of its own for."""
    for text in settings:
        name = text.partition("=")[0].strip()
        own = [str(table.get("name")) for table in tables if name in current_names(table)]
        if own:
            runs = ", ".join(own)
            yield f"--set {text}: [[runs]] has {name} of its own in {runs}, change it there"


def _named(
    tables: Sequence[Mapping[str, Any]], common: Mapping[str, Any], mistakes: list[str]
) -> Iterator[Draft]:
    """The runs that the plan lists one by one."""
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        if not isinstance(name, str):
            mistakes.append(f"[[runs]] number {number} has no name: give it name = 'TEXT'")
            continue
        own = {f: value for f, value in current_names(table).items() if f != "name"}
        yield Draft(name, {**common, **own})


def _names_twice(drafts: Sequence[Draft]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for draft in drafts:
        name = draft.name.casefold()  # one folder, on a disk that ignores case
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 2:
            yield (
                f"several runs are called {draft.name}: give the values of an axis names of their "
                "own, as {name = 'short', FIELD = VALUE}, or leave one out"
            )


def _checked(drafts: Sequence[Draft], mistakes: list[str]) -> list[PlannedRun]:
    """The runs with their configurations; what is wrong is said once, with the runs it is in."""
    runs: list[PlannedRun] = []
    wrong: dict[str, list[str]] = {}
    for draft in drafts:
        fault = name_fault(draft.name)
        found = [*faults(draft.values), *([fault] if fault else [])]
        if not found:
            try:
                runs.append(PlannedRun(draft.name, configuration(draft.values)))
            except ValueError as error:
                found = [str(error)]
        for sentence in found:
            wrong.setdefault(sentence, []).append(draft.name)
    for sentence, names in wrong.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        mistakes.append(f"run {names[0]}{more}: {sentence}")
    return runs


def _one_run_twice(runs: Sequence[PlannedRun]) -> Iterator[str]:
    """Combinations of the grid that are one run, such as a baseline with two lambdas."""
    names: dict[str, list[str]] = {}
    for run in runs:
        names.setdefault(json.dumps(to_json(run.config), sort_keys=True), []).append(run.name)
    for alike in names.values():
        if len({name.casefold() for name in alike}) > 1:  # of one name: a mistake of its own
            yield (
                f"run {alike[0]} and {', '.join(alike[1:])}: they are one run, since what they "
                "differ in has no effect: [[exclude]] all but one"
            )

"""What can be compared image by image: single runs, and methods over their seeds."""

from typing import NamedTuple

import pandas as pd

from dashboard.analysis.comparison import SeedGroup, by_evidence, find_pairs
from dashboard.analysis.curves import run_labels
from dashboard.analysis.runs import trained_here
from dashboard.data.names import data_name, method_name
from dashboard.data.tables import trials_of
from fer_core.records.groups import group_trials
from fer_core.records.trials import NO_NUMBER

TestedOn = tuple[str, str, str, int]  # `Setting.tested_on`


class Side(NamedTuple):
    """One side of a comparison.

    Attributes:
        name: readable and unique.
        short: method, noise and seed, or their number.
        runs: their names, one a seed.
        tested_on: the evaluation images; sides compare only if these are equal.
    """

    name: str
    short: str
    runs: tuple[str, ...]
    tested_on: TestedOn


def find_sides(table: pd.DataFrame) -> tuple[list[Side], tuple[str, str] | None]:
    """Methods over their seeds, then single runs; and the names of the two to show first.

    First: baseline and EAC of the pair that `by_evidence` puts first.

    Args:
        table: of `Runs`.
    """
    finished = trained_here(table)
    groups = group_trials(trials_of(finished))
    sides = [
        Side(
            _group_name(group),
            f"{_short(group)} · {len(group.trials)} seeds",
            tuple(trial.record for trial in group.trials),
            group.setting.tested_on,
        )
        for group in groups
        if len(group.trials) > 1
    ]
    labels = run_labels(finished)
    sides += [
        Side(
            labels[trial.record],
            _short(group) if trial.seed == NO_NUMBER else f"{_short(group)} · seed {trial.seed}",
            (trial.record,),
            group.setting.tested_on,
        )
        for group in groups
        for trial in group.trials
    ]
    return _unique(sides), _first(finished, _unique(sides))


def _first(finished: pd.DataFrame, sides: list[Side]) -> tuple[str, str] | None:
    pairs = sorted(find_pairs(finished), key=by_evidence)
    by_runs = {side.runs: side.name for side in sides}
    for baseline, eac in pairs:
        names = [by_runs.get(tuple(t.record for t in group.trials)) for group in (baseline, eac)]
        if names[0] and names[1]:
            return names[0], names[1]
    return None


def _group_name(group: SeedGroup) -> str:
    setting = group.setting
    return " · ".join(
        [
            _short(group),
            setting.backbone,
            f"{data_name(setting.data)} {setting.eval_split}",
            f"{setting.epochs} epochs",
            f"{len(group.trials)} seeds",
        ]
    )


def _short(group: SeedGroup) -> str:
    noise = group.noise
    text = f"{noise.percent:g} % {noise.kind} noise" if noise.percent else "clean labels"
    return f"{method_name(group.approach.method)} · {text}"


def _unique(sides: list[Side]) -> list[Side]:
    """The sides; a name that is taken gets a number."""
    seen: dict[str, int] = {}
    named = []
    for side in sides:
        seen[side.name] = count = seen.get(side.name, 0) + 1
        named.append(side if count == 1 else side._replace(name=f"{side.name} ({count})"))
    return named

"""What can be compared image by image: single runs, and methods over their seeds."""

from typing import NamedTuple

import pandas as pd

from dashboard.analysis.comparison import SeedGroup, by_evidence, find_pairs
from dashboard.analysis.curves import run_labels
from dashboard.analysis.runs import trained_here
from dashboard.analysis.seed_groups import seed_groups, seeds_text
from dashboard.data.names import method_name
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
            f"{group.name} · {seeds_text(group)}",
            f"{_short(group.parts[0])} · {seeds_text(group)}",
            group.runs,
            group.parts[0].setting.tested_on,
        )
        for group in seed_groups(finished)
        if len(group.runs) > 1
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
    return sides, _first(finished, sides)


def _first(finished: pd.DataFrame, sides: list[Side]) -> tuple[str, str] | None:
    pairs = sorted(find_pairs(finished), key=by_evidence)
    by_runs = {side.runs: side.name for side in sides}
    for baseline, eac in pairs:
        names = [by_runs.get(tuple(t.record for t in group.trials)) for group in (baseline, eac)]
        if names[0] and names[1]:
            return names[0], names[1]
    return None


def _short(group: SeedGroup) -> str:
    noise = group.noise
    text = f"{noise.percent:g} % {noise.kind} noise" if noise.percent else "clean labels"
    return f"{method_name(group.approach.method)} · {text}"

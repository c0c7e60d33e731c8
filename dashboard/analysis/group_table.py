"""The table of groups of runs, and paired differences between groups."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.analysis.seed_groups import SeedGroup, option_texts
from fer_core.metrics.student_t import half_width, mean_interval
from fer_core.records.compare import with_shared_seeds
from fer_core.records.trials import NO_NUMBER

FIGURES = {  # column of the table of runs -> prefix in the table of groups
    "accuracy_percent": "accuracy",
    "mean_class_accuracy_percent": "mean_class_accuracy",
    "chosen_percent": "chosen",
    "chosen_tta_percent": "chosen_tta",
}
FACTS = ("method", "noise", "data", "backbone", "image size", "epochs")
GAP_COLUMNS = ["group", "n", "seeds", "mean", "first", "difference", "low", "high", "reason"]


def group_table(table: pd.DataFrame, groups: Sequence[SeedGroup]) -> pd.DataFrame:
    """One row for each group: facts, runs, and mean, deviation and interval of its figures.

    Args:
        table: of runs.
        groups: of `seed_groups` of it.

    Returns:
        ``group``, its facts (empty where they are pooled) and ``options`` (of `option_texts`),
        ``n`` finished runs, ``seeds``, for each of FIGURES its mean, ``_sd``, ``_low`` and
        ``_high`` (95 %, Student's t), ``status``, ``seconds`` of one run on average, ``started`` of
        the latest run, and ``pooled`` facts.
    """
    places = {run: place for place, group in enumerate(groups) for run in group.runs}
    runs = table[table["run"].isin(list(places))]
    place = runs["run"].map(places)
    known = runs[list(FIGURES)].astype(float).groupby(place)
    counts, means, deviations = known.count(), known.mean(), known.std()
    figures = {}
    for column, name in FIGURES.items():
        half = half_width(deviations[column].to_numpy(), counts[column].to_numpy())
        figures |= {name: means[column], f"{name}_sd": deviations[column]}
        figures |= {f"{name}_low": means[column] - half, f"{name}_high": means[column] + half}
    states = runs.groupby([place, "status"]).size()
    facts = pd.DataFrame(
        {
            "group": [group.name for group in groups],
            **{
                name.replace(" ", "_"): [group.facts.get(name, "") for group in groups]
                for name in FACTS
            },
            "options": option_texts(groups),
            "n": counts["accuracy_percent"].to_numpy(),
            "seeds": [_seeds(group) for group in groups],
        },
        index=range(len(groups)),
    )
    rest = {
        "status": [
            ", ".join(f"{count} {status}" for status, count in states[number].items())
            for number in facts.index
        ],
        "seconds": runs["seconds"].groupby(place).mean(),
        "started": runs["started"].groupby(place).max(),
        "pooled": [", ".join(group.pooled) for group in groups],
    }
    return facts.assign(**figures, **rest)


def group_gaps(
    table: pd.DataFrame, groups: Sequence[SeedGroup], column: str = "accuracy_percent"
) -> pd.DataFrame:
    """Each group minus the first one, over the seeds that both have.

    Args:
        table: of runs.
        groups: two or more; the first one is the reference.
        column: the figure; seeds without it are ignored.

    Returns:
        GAP_COLUMNS: ``mean`` and ``first`` are over the shared seeds, ``difference`` in points has
        the 95 % interval of Student's t; or the ``reason`` why there is none.
    """
    values = table.set_index("run")[column].dropna().astype(float).to_dict()
    base, *others = groups
    return pd.DataFrame([_gap(base, one, values) for one in others], columns=GAP_COLUMNS)


def _gap(base: SeedGroup, other: SeedGroup, values: Mapping[Hashable, float]) -> list[object]:
    none: list[object] = [other.name, 0, "", *[float("nan")] * 5]
    if base.pooled or other.pooled:
        return [*none, "a group pools options other than the seed"]
    sides = [one.parts[0] for one in (base, other)]
    if sides[0].setting.tested_on != sides[1].setting.tested_on:
        return [*none, "the evaluation images are not the same"]
    known = [
        side._replace(trials=tuple(trial for trial in side.trials if trial.record in values))
        for side in sides
    ]
    first, second = (side.trials for side in with_shared_seeds(*known))
    if not first:
        return [*none, "no finished run of one seed in both groups"]
    theirs, ours = (np.array([values[one.record] for one in side]) for side in (first, second))
    mean, half, n, _ = mean_interval(ours - theirs)
    seeds = ", ".join(str(trial.seed) for trial in first)
    return [other.name, n, seeds, ours.mean(), theirs.mean(), mean, mean - half, mean + half, ""]


def _seeds(group: SeedGroup) -> str:
    return ", ".join("unknown" if seed == NO_NUMBER else str(seed) for seed in group.seeds)

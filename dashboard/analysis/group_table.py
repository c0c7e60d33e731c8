"""The table of groups of runs, and paired differences between groups."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.analysis.seed_groups import SeedGroup
from fer_core.metrics.student_t import mean_interval
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
        ``group``, its facts (empty where they are pooled), ``n`` finished runs, ``seeds``, for each
        of FIGURES its mean, ``_sd``, ``_low`` and ``_high`` (95 %, Student's t), ``status``,
        ``seconds`` of one run on average, ``started`` of the latest run, and ``pooled`` facts.
    """
    by_run = table.set_index("run", drop=False)
    rows = []
    for group in groups:
        runs = by_run.loc[list(group.runs)]
        row: dict[str, object] = {"group": group.name}
        row |= {name.replace(" ", "_"): group.facts.get(name, "") for name in FACTS}
        row |= {"n": int(runs["accuracy_percent"].notna().sum()), "seeds": _seeds(group)}
        for column, name in FIGURES.items():
            row |= _figures(runs[column].dropna().to_numpy(dtype=float), name)
        counts = runs["status"].value_counts()
        row["status"] = ", ".join(f"{count} {status}" for status, count in counts.items())
        row |= {"seconds": runs["seconds"].mean(), "started": runs["started"].max()}
        rows.append({**row, "pooled": ", ".join(group.pooled)})
    return pd.DataFrame(rows)


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
        return [*none, "a group pools other options than the seed"]
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


def _figures(values: np.ndarray, name: str) -> dict[str, float]:
    if not len(values):
        return dict.fromkeys([name, f"{name}_sd", f"{name}_low", f"{name}_high"], float("nan"))
    mean, half, _, deviation = mean_interval(values)
    return {
        **{name: mean, f"{name}_sd": deviation},
        **{f"{name}_low": mean - half, f"{name}_high": mean + half},
    }


def _seeds(group: SeedGroup) -> str:
    return ", ".join("unknown" if seed == NO_NUMBER else str(seed) for seed in group.seeds)

"""Tables of the classes page for groups of runs: means over seeds, pooled confusions.

The seeds of a group predict the same images, so more seeds are no more images: Wilson's intervals
are those of one run's images around the mean over the seeds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.analysis.classes import (
    CalibrationCurves,
    calibration,
    recall_table,
    slice_table,
)
from dashboard.analysis.seed_groups import SeedGroup
from dashboard.data.tables import Confusion
from fer_core.metrics.intervals import wilson
from fer_core.records.run import RunRecord


def pooled_confusions(
    confusions: Mapping[str, Confusion], groups: Sequence[SeedGroup]
) -> dict[str, Confusion]:
    """The sum of the confusion matrices of each group, by its first run.

    Raises:
        ValueError: when the runs of a group have different classes.
    """
    return {
        group.runs[0]: _pooled(group, [confusions[run] for run in group.runs]) for group in groups
    }


def group_recalls(
    confusions: Mapping[str, Confusion], groups: Sequence[SeedGroup], labels: Mapping[str, str]
) -> pd.DataFrame:
    """Mean recall of each class over the seeds of each group.

    Args:
        confusions: by run.
        groups: to show, in order.
        labels: by the first run of each group, its name.

    Returns:
        Columns of `classes.recall_table`, with ``run`` the first of the group, and ``sd`` over the
        ``n`` seeds.
    """
    table = recall_table(confusions, _names(groups, labels))
    return _averaged(table, groups, "class", "recall")


def group_slices(
    records: Mapping[str, RunRecord], groups: Sequence[SeedGroup], labels: Mapping[str, str]
) -> pd.DataFrame:
    """Mean accuracy of each group of people over the seeds; see `classes.slice_table`."""
    table = slice_table(records, _names(groups, labels))
    parts = [
        _averaged(rows, groups, "value", "accuracy").assign(attribute=attribute)
        for attribute, rows in table.groupby("attribute", sort=False)
    ]
    return pd.concat(parts, ignore_index=True) if parts else table


def group_calibration(
    folders: Mapping[str, Path], groups: Sequence[SeedGroup], labels: Mapping[str, str]
) -> CalibrationCurves:
    """Calibration over the predictions of all seeds; the errors are means over seeds.

    Returns:
        As `classes.calibration`; the errors have also ``ece_sd`` over ``n`` seeds.
    """
    found = calibration(folders, _names(groups, labels))
    if found.curve.empty:
        return found
    first = _first_runs(groups)
    counts = found.errors["run"].map(first).value_counts()
    curve = found.curve.assign(hits=found.curve["accuracy"] * found.curve["images"] / 100)
    curve["weighted"] = curve["confidence"] * curve["images"]
    curve = curve.assign(run=curve["run"].map(first))
    sums = curve.groupby(["run", "label", "middle"], sort=False)[["images", "hits", "weighted"]]
    sums = sums.sum().reset_index().sort_values("middle", kind="stable")
    seeds = sums["run"].map(counts)
    drawn = sums.assign(
        confidence=sums["weighted"] / sums["images"],
        accuracy=100 * sums["hits"] / sums["images"],
        images=sums["images"] / seeds,
    ).drop(columns=["hits", "weighted"])
    drawn = _in_order(_with_interval(drawn, "accuracy"), groups)
    errors = found.errors.assign(run=found.errors["run"].map(first))
    by_group = errors.groupby(["run", "label"], sort=False)
    means = by_group[["images", "accuracy", "confidence", "ece"]].mean()
    means = means.assign(ece_sd=by_group["ece"].std(), n=by_group.size()).reset_index()
    return CalibrationCurves(drawn, _in_order(means, groups), found.problems)


def _pooled(group: SeedGroup, members: Sequence[Confusion]) -> Confusion:
    first = members[0]
    if any(one.classes != first.classes for one in members):
        raise ValueError(f"the runs of {group.name} have different classes")
    counts = np.sum([np.asarray(one.counts) for one in members], axis=0).tolist()
    return first._replace(counts=tuple(tuple(row) for row in counts))


def _names(groups: Sequence[SeedGroup], labels: Mapping[str, str]) -> dict[str, str]:
    return {run: labels[group.runs[0]] for group in groups for run in group.runs}


def _first_runs(groups: Sequence[SeedGroup]) -> dict[str, str]:
    return {run: group.runs[0] for group in groups for run in group.runs}


def _averaged(
    table: pd.DataFrame, groups: Sequence[SeedGroup], by: str, value: str
) -> pd.DataFrame:
    """Means over the runs of each group, for each value of a column, in the order of the table."""
    runs = table.assign(run=table["run"].map(_first_runs(groups)))
    grouped = runs.groupby(["run", "label", by], sort=False)
    means = grouped[["images", value]].mean()
    means = means.assign(sd=grouped[value].std(), n=grouped.size()).reset_index()
    return _in_order(_with_interval(means, value), groups)


def _with_interval(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """The rows with whole ``images``, and ``low`` and ``high`` of Wilson's interval in percent."""
    images = rows["images"].round().clip(lower=1).astype(int)
    ends = [
        wilson(round(share / 100 * count), count)
        for share, count in zip(rows[value], images, strict=True)
    ]
    return rows.assign(
        images=images,
        low=[min(100 * end.low, share) for end, share in zip(ends, rows[value], strict=True)],
        high=[max(100 * end.high, share) for end, share in zip(ends, rows[value], strict=True)],
    )


def _in_order(rows: pd.DataFrame, groups: Sequence[SeedGroup]) -> pd.DataFrame:
    places = {group.runs[0]: place for place, group in enumerate(groups)}
    order = rows["run"].map(places).sort_values(kind="stable").index
    return rows.loc[order].reset_index(drop=True)

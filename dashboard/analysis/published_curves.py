"""Published curves under label noise that may stand beside our own, as references."""

import numpy as np
import pandas as pd

from dashboard.analysis.published import TRUST, UNRANKED, conditions
from dashboard.data.names import data_name
from dashboard.data.tables import trials_of
from fer_core.records.published import Conditions, architecture
from fer_core.records.trials import CLEAN, LabelNoise

SELECTION = "mean of last 5 epochs"  # as our own figures
SYMMETRIC = "symmetric"
COLUMNS = [
    *("curve", "method", "backbone", "pretraining", "selection", "noise_percent", "value"),
    *("trust", "source", "same_backbone"),
]


def reference_curves(published: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """The published accuracies under symmetric noise that compare with the runs of one comparison.

    Comparable: same data set, same number of classes (a paper that does not state it is left out),
    accuracy, symmetric noise, and a trust mark that allows a rank. A curve joins figures of one
    method, backbone, pre-training and rule of selection, and has two rates at least.

    Args:
        published: of `published.read_published`.
        points: of `noise_points`, of one comparison.

    Returns:
        COLUMNS, by curve and rate; ``same_backbone``: whether one of the runs has it as well.
    """
    rows = _of_these_classes(_noisy(published, points), points)
    keys = ["method", "backbone", "pretraining", "selection"]
    rows = rows.assign(
        pretraining=rows["pretraining"].fillna("pre-training not stated"),
        selection=rows["selection"].fillna("selection not stated"),
        order=rows["trust"].map(list(TRUST).index),
    )
    rows = rows.sort_values("order", kind="stable").drop_duplicates([*keys, "noise_percent"])
    rates = rows.groupby(keys)["noise_percent"].transform("nunique")
    rows = rows[rates > 1]
    ours = {architecture(str(name)) for name in points["backbone"].unique()}
    other_rule = (" · " + rows["selection"]).where(rows["selection"] != SELECTION, "")
    rows = rows.assign(
        curve=rows["method"] + " · " + rows["backbone"] + " · " + rows["pretraining"] + other_rule,
        same_backbone=rows["backbone"].isin(ours),
    )
    return rows.sort_values(["curve", "noise_percent"], ignore_index=True)[COLUMNS]


def left_out(published: pd.DataFrame, points: pd.DataFrame) -> str:
    """A sentence on the figures of the same data set that answer other classes; or nothing."""
    noisy = _noisy(published, points)
    noisy = noisy[noisy["noise_percent"] > 0]
    others = noisy.drop(_of_these_classes(noisy, points).index)
    if others.empty:
        return ""
    stated = sorted(others["classes"].dropna().unique())
    kinds = [f"{count} classes" for count in stated]
    kinds += ["a number of classes that is not stated"] if others["classes"].isna().any() else []
    first = points.iloc[0]
    return (
        f"{len(others)} published figures of {data_name(str(first['data']))} under label noise are "
        f"for {' or '.join(kinds)}, these runs for {first['classes']}: they do not compare."
    )


def _noisy(published: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Accuracies on the same data set, clean or under the symmetric noise that the runs have."""
    if SYMMETRIC not in set(points["kind"]):
        return published.head(0)
    ours = _conditions(points)
    alike = [
        theirs.same_data(ours) and theirs.noise_kind in (CLEAN, SYMMETRIC)
        for theirs in conditions(published)
    ]
    return published[np.array(alike, dtype=bool) & ~published["trust"].isin(UNRANKED)]


def _of_these_classes(rows: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    ours = _conditions(points)
    return rows[np.array([one.same_classes(ours) for one in conditions(rows)], dtype=bool)]


def _conditions(points: pd.DataFrame) -> Conditions:
    """Of the runs of one comparison, whatever their noise."""
    return Conditions.of_runs(trials_of(points.head(1))[0].setting, LabelNoise(CLEAN, 0.0))

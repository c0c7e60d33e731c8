"""Published curves under label noise that are comparable with our own, as references."""

import numpy as np
import pandas as pd

from dashboard.analysis.published import TRUST, UNRANKED, conditions
from dashboard.data.names import data_name
from dashboard.data.tables import trials_of
from fer_core.records.published import Conditions, architecture
from fer_core.records.trials import CLEAN, LabelNoise

SELECTION = "mean of last 5 epochs"  # as in our own results
SYMMETRIC = "symmetric"
COLUMNS = [
    *("curve", "method", "backbone", "pretraining", "selection", "noise_percent", "value"),
    *("trust", "source", "same_backbone"),
]


def reference_curves(published: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """The published accuracies under symmetric noise that are comparable with some runs.

    Comparable: same data set, same number of classes (omitted if the paper does not state it),
    accuracy, symmetric noise, and a trust level that allows a rank. A curve connects results of one
    method, backbone, pre-training and model selection, and has at least two rates.

    Args:
        published: of `published.read_published`.
        points: of `noise_points`, of one comparison.

    Returns:
        COLUMNS, by curve and rate; ``same_backbone``: whether one of the runs has that backbone.
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


def incomparable_note(published: pd.DataFrame, points: pd.DataFrame) -> str:
    """A sentence about results on the same data set with other classes; empty without any."""
    noisy = _noisy(published, points)
    noisy = noisy[noisy["noise_percent"] > 0]
    others = noisy.drop(_of_these_classes(noisy, points).index)
    if others.empty:
        return ""
    stated = sorted(others["classes"].dropna().unique())
    kinds = [f"{count} classes" for count in stated]
    kinds += ["an unknown number of classes"] if others["classes"].isna().any() else []
    first = points.iloc[0]
    return (
        f"{len(others)} published results on {data_name(str(first['data']))} under label noise are "
        f"not comparable: they have {' or '.join(kinds)}, these runs have {first['classes']}."
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
    """Conditions of the runs of one comparison, without their noise."""
    return Conditions.of_runs(trials_of(points.head(1))[0].setting, LabelNoise(CLEAN, 0.0))

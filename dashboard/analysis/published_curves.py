"""Published curves under label noise that may stand beside our own, as references."""

import pandas as pd

from dashboard.analysis.published import TRUST, UNRANKED
from dashboard.data.names import data_name

# The architectures of the published table, by timm's names without the tag of their weights.
BACKBONES = {"mobilenetv2_100": "MobileNetV2", "resnet18": "ResNet-18", "resnet50": "ResNet-50"}
SELECTION = "mean of last 5 epochs"  # as our own figures
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
    ours = {BACKBONES.get(str(name).split(".")[0]) for name in points["backbone"].unique()}
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
    if "symmetric" not in set(points["kind"]):
        return published.head(0)
    symmetric = (published["noise_kind"] == "symmetric") | (published["noise_percent"] == 0)
    return published[
        (published["dataset"] == data_name(str(points["data"].iloc[0])))
        & (published["metric"] == "accuracy")
        & symmetric
        & ~published["trust"].isin(UNRANKED)
    ]


def _of_these_classes(rows: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["classes"] == int(points["classes"].iloc[0])).fillna(False)]

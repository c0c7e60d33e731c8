"""Training curves: the series that exist, and the rows that a chart draws."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.data.names import data_name, method_name
from fer_core.io.wording import counted
from fer_core.records.run import RunRecord


class Series(NamedTuple):
    """One series of the epochs.

    Attributes:
        column: key of ``epochs.jsonl``.
        label: name in pickers, legends and downloads.
        chart: title of the chart that it belongs to; series of one chart share an axis.
        dash: line style; solid for the evaluation split, others for training images.
        percent: whether the value is a rate that is shown in percent.
    """

    column: str
    label: str
    chart: str
    dash: str
    percent: bool = False


SERIES: tuple[Series, ...] = (
    Series("train_classification_loss", "L_cls", "Loss", "dash"),
    Series("train_loss", "Train loss", "Loss", "dot"),
    Series("eval_loss", "Evaluation loss", "Loss", "solid"),
    Series("eval_accuracy", "Evaluation accuracy", "Accuracy", "solid", True),
    Series("train_accuracy_noisy_labels", "Train accuracy, noisy labels", "Accuracy", "dash", True),
    Series("train_accuracy_true_labels", "Train accuracy, true labels", "Accuracy", "dot", True),
    Series("eval_mean_class_accuracy", "Mean class accuracy", "Mean class accuracy", "solid", True),
    Series("memorised", "Memorised", "Noisy labels", "dash", True),
    Series("recovered", "Recovered", "Noisy labels", "dot", True),
    Series("train_consistency_loss", "L_c", "Consistency", "dash"),
    Series("learning_rate", "Learning rate", "Learning rate", "dash"),
)
BY_LABEL: dict[str, Series] = {series.label: series for series in SERIES}
FORMER_LABELS = {  # in links of earlier versions
    "Test loss": "Evaluation loss",
    "Test accuracy": "Evaluation accuracy",
    "Train accuracy, given labels": "Train accuracy, noisy labels",
    "Train accuracy, clean labels": "Train accuracy, true labels",
    "Class mean": "Mean class accuracy",
}
OTHER_PARTS = "Other parts"  # of the loss: one chart each, named as in the records
# As in the HUST report: L_cls excludes the consistency loss, so both methods are comparable.
DEFAULT_SERIES = ("L_cls", "Evaluation loss", "Evaluation accuracy")
TIMES = ("epoch", "train_seconds", "eval_seconds")
SHARES = ("relabelled", "relabelled_right")  # parts that are rates
FACTS = [
    *("run", "method", "backbone", "data", "noise", "noise_percent", "image_size"),
    *("epochs_asked", "seed", "imported"),
]
SIZE = "image size"
USUAL_NOISE = "symmetric"  # other kinds are named
NOTES: dict[str, str] = {
    "Loss": "L_cls is the classification loss: the cross-entropy with the noisy labels, or the "
    "corresponding loss of GCE, SCN and RUL. The train loss is the total, for EAC L_cls + λ · L_c. "
    "The evaluation loss is the cross-entropy with the true labels.",
    "Mean class accuracy": "Mean recall over all classes (balanced accuracy, UAR).",
    "Consistency": "L_c is the consistency loss of the attention maps, before its weight λ; only "
    "EAC and its variants have it.",
    "Noisy labels": "Among training images with a wrong label: the share predicted as the wrong "
    "label (memorised: the memorisation rate), and the share predicted as the true label "
    "(recovered).",
    "relabelled": "SCN: the share of images that have been relabelled so far.",
    "relabelled_right": "SCN: the share of relabelled images that now have the true label.",
    "ranking": "SCN: the rank regularisation loss, which separates certain from uncertain images.",
    "peer": "Co-teaching: the loss of the second network.",
}


def run_labels(table: pd.DataFrame) -> dict[str, str]:
    """A readable, unique name for each run; the image size is named where others are alike."""
    parts = _parts(table)
    names = {
        run: " · ".join(value for fact, value in values.items() if fact != SIZE)
        for run, values in parts.items()
    }
    return _unique(names, {run: values[SIZE] for run, values in parts.items()})


def short_labels(table: pd.DataFrame) -> dict[str, str]:
    """Names that distinguish the given runs: the method and all facts that differ."""
    parts = _parts(table)
    names = next(iter(parts.values()), {})
    shown = [
        name
        for name in names
        if name == "method" or len({values[name] for values in parts.values()}) > 1
    ]
    return _unique({run: " · ".join(v[name] for name in shown) for run, v in parts.items()})


def common_description(table: pd.DataFrame) -> str:
    """The facts that the given runs have in common, except the method."""
    parts = list(_parts(table).values())
    first = parts[0] if parts else {}
    return " · ".join(
        first[name]
        for name in first
        if name != "method" and len({values[name] for values in parts}) == 1
    )


def unfinished_notes(table: pd.DataFrame) -> list[str]:
    """The status and epochs of each unfinished run."""
    labels = short_labels(table)
    return [
        f"{labels[row['run']]} ({row['status']}): {row['epochs_done']} of "
        f"{counted(row['epochs_asked'], 'epoch')}"
        for row in table.to_dict("records")
        if row["status"] != "finished"
    ]


def curve_points(
    epochs: pd.DataFrame,
    labels: Mapping[str, str],
    series: Sequence[Series],
    *,
    by_time: bool = False,
    smoothing: float = 0.0,
    sparse: Collection[str] = (),
) -> pd.DataFrame:
    """The rows that a chart draws: run, label, series, epoch and value (rates in percent).

    An epoch without a value, such as a loss that is no number, is a row with nan between those with
    one, so that the line breaks there.

    Args:
        epochs: `Runs.epochs`, or `part_epochs`.
        labels: the runs to draw, in order, with their names.
        series: the series to draw.
        by_time: add ``minutes``: training and evaluation time up to the end of the epoch; epochs
            without a recorded time are left out.
        smoothing: weight of the past in [0, 1); above 0 there is also ``smoothed``, the exponential
            moving average with weights normalised to 1.
        sparse: runs that may have a value every few epochs alone, such as imported ones: their
            lines go across.
    """
    mine = epochs[epochs["run"].isin(list(labels))]
    mine = mine.assign(minutes=_minutes(mine))
    order = ["run", "label", "series", "epoch", *(["minutes"] if by_time else []), "value"]
    parts = [
        rows.assign(
            label=labels[run],
            series=one.label,
            value=rows[one.column] * (100 if one.percent else 1),
        )[order]
        for run in labels
        for one in series
        if not (rows := mine[mine["run"] == run]).empty
    ]
    if not parts:
        return pd.DataFrame(columns=order)
    points = pd.concat(parts, ignore_index=True).dropna(subset=order[4:-1], ignore_index=True)
    points = points[_drawn(points, sparse)].reset_index(drop=True)
    if smoothing > 0:
        groups = points.groupby(["run", "series"], sort=False)["value"]
        smoothed = groups.transform(lambda values: _smooth(values, smoothing))
        points["smoothed"] = smoothed.where(points["value"].notna())
    return points


def part_epochs(records: Mapping[str, RunRecord]) -> tuple[pd.DataFrame, list[Series]]:
    """The other parts of the loss of some runs, and their series.

    Returns:
        One row per epoch with run, epoch, times and a column for each part; and a series, with its
        own chart, for each of these columns.
    """
    rows = [
        {"run": run, **{name: epoch.get(name) for name in TIMES}, **_named_parts(epoch)}
        for run, record in records.items()
        for epoch in record.epochs
    ]
    table = pd.DataFrame(rows, columns=["run", *TIMES] if not rows else None)
    names = sorted(str(name) for name in set(table.columns) - {"run", *TIMES})
    for name in (*TIMES, *names):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table, [
        Series(name, name.replace("_", " ").capitalize(), name, "dash", name in SHARES)
        for name in names
    ]


def _named_parts(epoch: Mapping[str, object]) -> Mapping[str, object]:
    parts = epoch.get("train_parts")
    if not isinstance(parts, Mapping):
        return {}
    return {name: value for name, value in parts.items() if name not in ("run", *TIMES)}


def _minutes(epochs: pd.DataFrame) -> pd.Series:
    seconds = epochs["train_seconds"] + epochs["eval_seconds"]
    return seconds.groupby(epochs["run"], sort=False).cumsum(skipna=False) / 60


def _drawn(points: pd.DataFrame, sparse: Collection[str]) -> pd.Series:
    """Whether each row has a value, or lies between two that have one in a run that is whole."""
    known = points["value"].notna()
    lines = known.groupby([points["run"], points["series"]], sort=False)
    before, after = lines.cummax(), known[::-1].groupby([points["run"], points["series"]]).cummax()
    return known | (before & after & ~points["run"].isin(list(sparse)))


def _smooth(values: pd.Series, weight: float) -> pd.Series:
    return values.ewm(alpha=1 - weight).mean()


def _parts(table: pd.DataFrame) -> dict[str, dict[str, str]]:
    return {
        str(row["run"]): {
            "method": method_name(row["method"]) + (" (imported)" if row["imported"] else ""),
            "backbone": row["backbone"],
            "data": data_name(row["data"]),
            "noise": _noise_text(str(row["noise"]), float(row["noise_percent"])),
            SIZE: "unknown size" if pd.isna(row["image_size"]) else f"{row['image_size']} px",
            "epochs": counted(row["epochs_asked"], "epoch"),
            "seed": f"seed {'unknown' if pd.isna(row['seed']) else row['seed']}",
        }
        for row in table[FACTS].to_dict("records")
    }


def _noise_text(kind: str, percent: float) -> str:
    if np.isnan(percent):  # the run failed before it drew the noise
        return f"{kind} noise"
    named = "" if kind == USUAL_NOISE else f"{kind} "
    return f"{percent:g} % {named}noise" if percent else "clean labels"


def _unique(names: dict[str, str], sizes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Names that no two runs share: with the image size if need be, or that of the run."""
    counts = Counter(names.values())
    if sizes is not None:
        sized = {run: f"{name} · {sizes[run]}" for run, name in names.items()}
        alone = Counter(sized.values())
        names = {
            run: sized[run] if counts[name] > 1 and alone[sized[run]] == 1 else name
            for run, name in names.items()
        }
        counts = Counter(names.values())
    return {run: f"{name} · {run}" if counts[name] > 1 else name for run, name in names.items()}

"""Training curves: which series there are, and the rows that a chart of some runs draws."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.data import Confusion, data_name, method_name


class Series(NamedTuple):
    """One series of the epochs.

    Attributes:
        column: key of ``epochs.jsonl``.
        label: name in pickers, legends and downloads.
        chart: title of the chart that it belongs to; series of one chart share an axis.
        dash: line style; solid is measured on the test split, all else on training images.
        percent: whether the value is a rate to be shown in percent.
    """

    column: str
    label: str
    chart: str
    dash: str
    percent: bool = False


SERIES: tuple[Series, ...] = (
    Series("train_loss", "Train loss", "Loss", "dash"),
    Series("test_loss", "Test loss", "Loss", "solid"),
    Series("test_accuracy", "Test accuracy", "Accuracy", "solid", True),
    Series("train_accuracy_given", "Train accuracy, given labels", "Accuracy", "dash", True),
    Series("train_accuracy_clean", "Train accuracy, clean labels", "Accuracy", "dot", True),
    Series("train_classification_loss", "L_cls", "Loss parts", "dash"),
    Series("train_consistency_loss", "L_c", "Loss parts", "dot"),
    Series("memorised", "Memorised", "Changed labels", "dash", True),
    Series("recovered", "Recovered", "Changed labels", "dot", True),
    Series("learning_rate", "Learning rate", "Learning rate", "dash"),
)
BY_LABEL: dict[str, Series] = {series.label: series for series in SERIES}
DEFAULT_SERIES = ("Train loss", "Test loss", "Test accuracy")
NOTES: dict[str, str] = {
    "Loss": "EAC's train loss adds λ · L_c to the cross-entropy; the test loss is cross-entropy "
    "alone.",
    "Loss parts": "L_cls is the part of the loss that meets the labels: the cross-entropy against "
    "the given ones, or what GCE, SCN and RUL have in its place. L_c is the consistency of the "
    "attention maps before its weight λ; only EAC and its kin have it.",
    "Changed labels": "Of the labels that noise changed: the share the model repeats (memorised) "
    "and the share it answers with the clean label all the same (recovered).",
}


def run_labels(table: pd.DataFrame) -> dict[str, str]:
    """A readable, unique name for each run."""
    parts = _parts(table)
    return _unique({run: " · ".join(values.values()) for run, values in parts.items()})


def short_labels(table: pd.DataFrame) -> dict[str, str]:
    """Names that tell the given runs apart: the method and whatever else differs among them."""
    parts = _parts(table)
    names = next(iter(parts.values()), {})
    shown = [
        name
        for name in names
        if name == "method" or len({values[name] for values in parts.values()}) > 1
    ]
    return _unique({run: " · ".join(v[name] for name in shown) for run, v in parts.items()})


def common_description(table: pd.DataFrame) -> str:
    """What the given runs have in common, apart from the method."""
    parts = list(_parts(table).values())
    first = parts[0] if parts else {}
    return " · ".join(
        first[name]
        for name in first
        if name != "method" and len({values[name] for values in parts}) == 1
    )


def unfinished_notes(table: pd.DataFrame) -> list[str]:
    """For each run that has not finished: its state and the epochs so far."""
    labels = short_labels(table)
    return [
        f"{labels[str(row.run)]} ({row.status}): {row.epochs_done} of {row.epochs_asked} epochs"
        for row in table.itertuples()
        if row.status != "finished"
    ]


def curve_points(
    epochs: pd.DataFrame, labels: Mapping[str, str], series: Sequence[Series]
) -> pd.DataFrame:
    """The rows that a chart draws: run, label, series, epoch and value (rates in percent).

    Args:
        epochs: `Runs.epochs`.
        labels: the runs to draw, in order, with their names.
        series: the series to draw.
    """
    parts = [
        pd.DataFrame(
            {
                "run": run,
                "label": label,
                "series": one.label,
                "epoch": rows["epoch"],
                "value": rows[one.column] * (100 if one.percent else 1),
            }
        )
        for run, label in labels.items()
        for one in series
        if not (rows := epochs[epochs["run"] == run]).empty
    ]
    if not parts:
        return pd.DataFrame(columns=["run", "label", "series", "epoch", "value"])
    return pd.concat(parts, ignore_index=True).dropna(subset="value")


def confusion_frame(confusion: Confusion, normalise: bool) -> pd.DataFrame:
    """(K, K) table, rows = label, columns = prediction; counts, or percent of each row.

    A class without test images has a row of nan when normalised.
    """
    counts = np.asarray(confusion.counts, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    names = list(confusion.classes)
    index = pd.Index(names, name="label")
    return pd.DataFrame(shares if normalise else counts, index=index, columns=names)


def _parts(table: pd.DataFrame) -> dict[str, dict[str, str]]:
    return {
        str(row["run"]): {
            "method": method_name(row["method"]),
            "backbone": row["backbone"],
            "data": data_name(row["data"]),
            "noise": _noise_text(str(row["noise"]), float(row["noise_percent"])),
            "epochs": f"{row['epochs_asked']} epochs",
            "seed": f"seed {row['seed']}",
        }
        for row in table.to_dict("records")
    }


def _noise_text(kind: str, percent: float) -> str:
    if np.isnan(percent):  # the run failed before it drew the noise
        return f"{kind} noise"
    return f"{percent:g} % noise" if percent else "clean labels"


def _unique(names: dict[str, str]) -> dict[str, str]:
    seen = list(names.values())
    return {run: f"{name} · {run}" if seen.count(name) > 1 else name for run, name in names.items()}

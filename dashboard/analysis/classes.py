"""Tables of the classes page: confusions, recall, calibration, and groups of people."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.data.names import Confusion
from fer_core.metrics.classification import expected_calibration_error
from fer_core.metrics.intervals import Estimate, wilson
from fer_core.records.predictions import Prediction, read_predictions
from fer_core.records.run import RecordError, RunRecord

BINS = 15  # of the calibration curve, as of the calibration error
RECALL_COLUMNS = ["run", "label", "class", "images", "correct", "recall", "low", "high"]
SLICE_COLUMNS = ["run", "label", "attribute", "value", "images", "accuracy", "low", "high"]
CURVE_COLUMNS = ["run", "label", "middle", "images", "confidence", "accuracy", "low", "high"]


class CalibrationCurves(NamedTuple):
    """Accuracy by confidence of some runs.

    Attributes:
        curve: one row for each bin of a run that has images, columns CURVE_COLUMNS, in percent;
            bins are
            named by their ``middle``, ``confidence`` is the mean of their images.
        errors: run, label, images, accuracy, mean confidence and ``ece`` in percent.
        problems: a sentence for each run without predictions.
    """

    curve: pd.DataFrame
    errors: pd.DataFrame
    problems: list[str]


def confusion_frame(confusion: Confusion, normalise: bool) -> pd.DataFrame:
    """(K, K) table, rows = label, columns = prediction; counts, or percent of each row.

    A class without evaluation images has a row of nan when normalised.
    """
    counts = np.asarray(confusion.counts, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    names = list(confusion.classes)
    index = pd.Index(names, name="label")
    return pd.DataFrame(shares if normalise else counts, index=index, columns=names)


def class_tints(confusions: Iterable[Confusion]) -> dict[str, str]:
    """The colour of each class of some runs; the first run with a class decides."""
    tints: dict[str, str] = {}
    for confusion in confusions:
        tints = confusion.tints() | tints
    return tints


def confusion_difference(first: Confusion, second: Confusion) -> pd.DataFrame:
    """(K, K) table: the first run's percent of each label minus the second's, in points.

    Raises:
        ValueError: when the runs do not have the same classes.
    """
    if first.classes != second.classes:
        raise ValueError(
            f"the classes differ: {', '.join(first.classes)} and {', '.join(second.classes)}"
        )
    return confusion_frame(first, normalise=True) - confusion_frame(second, normalise=True)


def same_images(first: Confusion, second: Confusion) -> bool:
    """Whether the classes are equally common among the evaluation images of two runs.

    Several runs of a group may be summed up in either of them, whose counts are multiples then.
    """
    if first.classes != second.classes:
        return False
    one, other = (np.asarray(each.counts, dtype=np.int64).sum(axis=1) for each in (first, second))
    return bool((one * other.sum() == other * one.sum()).all())


def recall_table(confusions: Mapping[str, Confusion], labels: Mapping[str, str]) -> pd.DataFrame:
    """Recall of each class with Wilson's 95 % interval, in percent, last epoch.

    Args:
        confusions: by run.
        labels: the runs to show, in order, with their names.

    Returns:
        RECALL_COLUMNS; a class without evaluation images has no row.
    """
    rows = []
    for run, label in labels.items():
        counts = np.asarray(confusions[run].counts)
        right, totals = counts.diagonal().tolist(), counts.sum(axis=1).tolist()
        rows += [
            [run, label, name, images, hits, *_percent(wilson(hits, images))]
            for name, hits, images in zip(confusions[run].classes, right, totals, strict=True)
            if images
        ]
    return pd.DataFrame(rows, columns=RECALL_COLUMNS)


def calibration(folders: Mapping[str, Path], labels: Mapping[str, str]) -> CalibrationCurves:
    """Calibration curves of runs from their predictions of the last epoch.

    Predictions are put into 15 bins of equal width by their confidence, as for the expected
    calibration error (ECE); a point is drawn at the mean confidence of its bin.

    Args:
        folders: by run, of its record.
        labels: the runs to show, in order, with their names.
    """
    curves: list[pd.DataFrame] = []
    errors: list[list[object]] = []
    problems: list[str] = []
    for run, label in labels.items():
        predictions = _predictions(folders[run])
        if isinstance(predictions, str):
            problems.append(f"{label}: {predictions}")
            continue
        curves.append(_curve(predictions).assign(run=run, label=label)[CURVE_COLUMNS])
        confidence = predictions["confidence"].to_numpy()
        correct = predictions["correct"].to_numpy()
        ece = expected_calibration_error(confidence, correct, BINS)
        figures = [100 * float(value) for value in (correct.mean(), confidence.mean(), ece)]
        errors.append([run, label, len(predictions), *figures])
    curve = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS)
    columns = ["run", "label", "images", "accuracy", "confidence", "ece"]
    return CalibrationCurves(curve, pd.DataFrame(errors, columns=columns), problems)


def slice_table(records: Mapping[str, RunRecord], labels: Mapping[str, str]) -> pd.DataFrame:
    """Accuracy in each group of the evaluation images, if the data set names groups.

    Args:
        records: by run.
        labels: by run, its name.

    Returns:
        SLICE_COLUMNS, accuracies in percent with Wilson's 95 % interval.

    Raises:
        ValueError: when the slices of a record do not follow docs/run-records.md.
    """
    rows = []
    for run, record in records.items():
        try:
            rows += [
                [run, labels[run], str(attribute), str(value), *_group(group)]
                for attribute, groups in dict(record.result.get("slices") or {}).items()
                for value, group in groups.items()
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"the slices of {run} cannot be read: {error!r}") from error
    return pd.DataFrame(rows, columns=SLICE_COLUMNS)


def _group(group: Mapping[str, object]) -> list[float]:
    images, accuracy = int(str(group["images"])), float(str(group["accuracy"]))
    if images < 1:
        raise ValueError(f"a group of {images} images")
    return [images, *_percent(wilson(round(accuracy * images), images))]


def _curve(predictions: pd.DataFrame) -> pd.DataFrame:
    bins = (predictions["confidence"] * BINS).astype(int).clip(0, BINS - 1)
    groups = predictions.groupby(bins, sort=True)
    curve = groups.agg(
        confidence=("confidence", "mean"), images=("correct", "size"), hits=("correct", "sum")
    )
    shares: Sequence[tuple[float, ...]] = [
        _percent(wilson(int(hits), int(images)))
        for hits, images in zip(curve["hits"], curve["images"], strict=True)
    ]
    estimates = pd.DataFrame(shares, columns=["accuracy", "low", "high"], index=curve.index)
    middle = 100 * (curve.index.to_numpy() + 0.5) / BINS
    return curve.assign(middle=middle, confidence=100 * curve["confidence"]).join(estimates)


def _predictions(folder: Path) -> pd.DataFrame | str:
    """The predictions of a run with ``correct``, or the reason why there are none."""
    try:
        rows = read_predictions(folder)
    except (RecordError, OSError) as error:
        return f"its predictions cannot be read: {error}"
    if not rows:
        return "no predictions.csv, which is written at the end of a run"
    table = pd.DataFrame(rows, columns=list(Prediction._fields))
    if not table["confidence"].between(0, 1).all():
        return "its predictions have a confidence outside [0, 1]"
    return table.assign(correct=table["true_label"] == table["predicted"])


def _percent(estimate: Estimate) -> tuple[float, float, float]:
    return 100 * estimate.value, 100 * estimate.low, 100 * estimate.high

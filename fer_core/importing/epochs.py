"""Series of another program -> the lines of ``epochs.jsonl``."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from statistics import fmean
from typing import Any, NamedTuple

from fer_core.importing.columns import is_percent
from fer_core.importing.series import Points, SeriesSource, SourceError
from fer_core.io.wording import counted

RATES = ("accuracy", "mean_class_accuracy", "train_accuracy_noisy_labels")
MEANT = ("train_", "learning_rate")  # figures of training: the mean of an epoch's values
FAR = 10  # steps after the last accuracy that are too many for epochs without evaluation


class Epochs(NamedTuple):
    """The lines, and a sentence for each thing that was done to the values."""

    lines: list[dict[str, Any]]
    notes: list[str]


def to_epochs(source: SeriesSource, taken: Mapping[str, str]) -> Epochs:
    """One line an epoch, numbered from 1; a figure that an epoch lacks is null.

    Where steps are not epochs, each value of the evaluation accuracy ends one, and other figures
    belong to the first epoch that ends at their step or later. Where only the accuracy is logged by
    epoch, figures that are logged by step are shared out evenly over the epochs.

    Args:
        source: of the run.
        taken: figure -> column; ``eval_accuracy`` among them.

    Raises:
        SourceError: when a rate is outside [0, 1], and outside [0, 100] as percent.
    """
    notes: list[str] = []
    series = {
        key: _as_rates(key, column, _finite(column, source.series[column], notes), notes)
        for key, column in taken.items()
    }
    series = {key: points for key, points in series.items() if points}
    if "eval_accuracy" not in series:
        raise SourceError(f"{taken['eval_accuracy']!r} has no number")
    shared = {} if source.by_epoch else _share_out(series, source, taken, notes)
    series = _number({**series, **shared}, source.by_epoch, notes)
    numbers = sorted({int(epoch) for points in series.values() for epoch, _ in points})
    values: dict[str, dict[int, float]] = {}
    for key, points in series.items():
        grouped: dict[int, list[float]] = {}
        for epoch, value in points:
            grouped.setdefault(int(epoch), []).append(value)
        several = max(map(len, grouped.values()))
        mean = key.startswith(MEANT) or key in shared
        if several > 1:
            notes.append(
                f"{taken[key]!r} has up to {several} values in an epoch: their "
                f"{'mean' if mean else 'last'} is taken"
            )
        values[key] = {e: fmean(many) if mean else many[-1] for e, many in grouped.items()}
    lines = [
        {"epoch": number, **{key: known.get(number) for key, known in values.items()}}
        for number in numbers
    ]
    return Epochs(lines, notes)


def _finite(column: str, points: Points, notes: list[str]) -> Points:
    finite = [point for point in points if math.isfinite(point[1])]
    if len(finite) < len(points):
        ignored = counted(len(points) - len(finite), "value")
        notes.append(f"ignored: {ignored} of {column!r} that are not finite")
    return finite


def _as_rates(key: str, column: str, points: Points, notes: list[str]) -> Points:
    if not key.endswith(RATES) or not points:
        return points
    low, high = (f(value for _, value in points) for f in (min, max))
    if low < 0 or high > 100:
        raise SourceError(
            f"{column!r} must hold rates, in [0, 1] or in percent, got {low:g} to {high:g}"
        )
    if high <= 1 and not is_percent(column):
        return points
    notes.append(f"{column!r} is in percent")
    return [(step, value / 100) for step, value in points]


def _share_out(
    series: Mapping[str, Points], source: SeriesSource, taken: Mapping[str, str], notes: list[str]
) -> dict[str, Points]:
    """The series that count steps beside an accuracy that counts epochs, over its epochs.

    Such a series goes on for at least as many steps again as there are epochs, and for `FAR`. One
    that ends sooner counts epochs too, without evaluation: the run was stopped, for example.
    """
    if not _in_a_row(series["eval_accuracy"]):
        return {}
    accuracies = [points for key, points in series.items() if key.endswith("accuracy")]
    epochs = max(map(_in_a_row, accuracies), key=len)
    shared: dict[str, Points] = {}
    for key, points in series.items():
        column = taken[key]
        # Steps without a finite value count too, or those before them would cover all epochs.
        steps = sorted({step for step, _ in source.series[column]})
        if steps[-1] - epochs[-1] < max(len(epochs), FAR):
            continue
        share = {step: epochs[n * len(epochs) // len(steps)] for n, step in enumerate(steps)}
        shared[key] = [(share[step], value) for step, value in points]
        notes.append(
            f"{column!r} is logged by step, to {steps[-1]:g}, the accuracy by epoch, to "
            f"{epochs[-1]:g}: its values are shared out evenly over the epochs"
        )
    return shared


def _in_a_row(points: Points) -> list[float]:
    """The steps of a series when they are 0, 1, 2, ... or 1, 2, ...; none when they are not."""
    steps = sorted({step for step, _ in points})
    first = steps[0]
    return steps if first in (0, 1) and steps == [first + n for n in range(len(steps))] else []


def _number(series: Mapping[str, Points], by_epoch: bool, notes: list[str]) -> Mapping[str, Points]:
    """The series over epochs 1, 2, ..."""
    if by_epoch or _in_a_row(series["eval_accuracy"]):
        first = min(step for points in series.values() for step, _ in points)
        if first < 1:
            notes.append(f"epochs are counted from 1, in the file from {first:g}")
        return {
            key: [
                (math.floor(step - first) + 1 if first < 1 else math.floor(step), value)
                for step, value in points
            ]
            for key, points in series.items()
        }
    ends = sorted({step for step, _ in series["eval_accuracy"]})
    notes.append(
        f"steps {ends[0]:g} to {ends[-1]:g} are not epochs: each of the {len(ends)} values of the "
        "evaluation accuracy ends one"
    )
    late = sum(step > ends[-1] for points in series.values() for step, _ in points)
    if late:
        notes.append(f"ignored: {counted(late, 'value')} after the last evaluation accuracy")
    return {
        key: [(bisect_left(ends, step) + 1, value) for step, value in points if step <= ends[-1]]
        for key, points in series.items()
    }

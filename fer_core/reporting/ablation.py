"""Runs that change one thing each in a first one: the table of an ablation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import default_rng

from fer_core.config import defaults_of, flat_options
from fer_core.metrics import classification as metrics
from fer_core.metrics.intervals import (
    Estimate,
    paired_difference,
    paired_mean_class_accuracy_difference,
)
from fer_core.records.groups import group_runs
from fer_core.records.predictions import read_predictions
from fer_core.records.run import RunRecord
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.tables import provenance, table

RESAMPLES, RAREST = 2000, 2
EXPLANATION = (
    "The first row is the run that started first; each other row names the options that differ "
    "from it. Figures of the epoch chosen on held-out training images, with flip TTA. In brackets: "
    "95 % interval of a paired bootstrap over the evaluation images; one run each, so no interval "
    "counts seeds."
)


class Answers(NamedTuple):
    """The predictions of a run on the evaluation images in its chosen epoch.

    Attributes:
        record: of the run.
        images: N names.
        labels: (N,) true labels.
        predicted: (N,) classes.
    """

    record: RunRecord
    images: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) counts, rows = label."""
        return metrics.confusion_matrix(self.labels, self.predicted, len(self.record.classes))


def ablation_table(records: Sequence[RunRecord]) -> str:
    """A row for each finished run, in the order of their start: what it changes and what that gave.

    Raises:
        ReportError: when no run is finished, one has no predictions of a chosen epoch with flip
            TTA (``--holdout``), or two were evaluated on other images.
    """
    finished = sorted((r for r in records if r.status == "finished"), key=lambda r: r.started)
    if not finished:
        raise ReportError("none of the runs is finished")
    found = [_answers(record) for record in finished]
    base = found[0]
    for other in found:
        if other.images != base.images or (other.labels != base.labels).any():
            raise ReportError(
                f"{other.record.name} was evaluated on other images than {base.record.name}"
            )
    counts = base.confusion.sum(1)
    rarest = [int(row) for row in np.argsort(counts, kind="stable") if counts[row]][:RAREST]
    names = " / ".join(base.record.classes[row] for row in rarest)
    rows = [_row(answers, base, rarest) for answers in found]
    header = ["change", "accuracy", "difference", "mean class accuracy", "difference", "macro F1"]
    header += [f"precision, {names}", "minutes"]
    facts = f"{which_eac(group_runs(finished))}{provenance(finished)}"
    return f"{table(header, rows)}\n\n{EXPLANATION} {facts}"


def _answers(record: RunRecord) -> Answers:
    rows = read_predictions(record.path)
    chosen = [row.chosen_tta for row in rows if row.chosen_tta is not None]
    if not rows or len(chosen) != len(rows):
        raise ReportError(
            f"{record.name} has no predictions of a chosen epoch: an ablation needs --holdout"
        )
    labels = np.array([row.true_label for row in rows])
    return Answers(record, tuple(row.image for row in rows), labels, np.array(chosen))


def _row(own: Answers, base: Answers, rarest: Sequence[int]) -> list[str]:
    confusion = own.confusion
    precisions = metrics.precisions(confusion)
    answered = confusion.sum(0)
    accuracy, mean_class_accuracy = "-", "-"
    if own is not base:
        accuracy, mean_class_accuracy = (_points(gap) for gap in _differences(own, base))
    return [
        _change(own.record, base.record),
        f"{100 * metrics.accuracy(confusion):.2f}",
        accuracy,
        f"{100 * metrics.mean_class_accuracy(confusion):.2f}",
        mean_class_accuracy,
        f"{100 * metrics.macro_f1(confusion):.2f}",
        " / ".join(f"{100 * precisions[k]:.1f}" if answered[k] else "none" for k in rarest),
        f"{own.record.result['seconds'] / 60:.0f}",
    ]


def _differences(own: Answers, base: Answers) -> tuple[Estimate, Estimate]:
    """Accuracy and mean class accuracy, minus those of the first run."""
    hits, base_hits = own.predicted == own.labels, base.predicted == base.labels
    classes = len(base.record.classes)
    only_own, only_base, counts = (
        np.bincount(base.labels[chosen], minlength=classes)
        for chosen in (hits & ~base_hits, base_hits & ~hits, slice(None))
    )
    pairs = int(only_own.sum()), int(only_base.sum()), len(base.labels)
    return (
        paired_difference(*pairs, RESAMPLES, default_rng(0)),
        paired_mean_class_accuracy_difference(
            only_own, only_base, counts, RESAMPLES, default_rng(0)
        ),
    )


def _points(gap: Estimate) -> str:
    value, low, high = (100 * share for share in gap)
    return f"{value:+z.2f} ({low:+z.2f} to {high:+z.2f})"


def _change(record: RunRecord, base: RunRecord) -> str:
    """The options in which a run differs from the first, as a command line has them."""
    if record is base:
        return "none"
    own, first = flat_options(record.config), flat_options(base.config)
    defaults = defaults_of(record.config["method"])
    changed = [
        name for name in own if own[name] != (first[name] if name in first else defaults.get(name))
    ]
    flags = [f"--{name.replace('_', '-')} {_text(own[name])}" for name in changed]
    return f"`{' '.join(flags)}`" if flags else "none, run again"


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

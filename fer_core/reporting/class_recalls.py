"""Run records -> how many labels of each class are right under noise, and how many are found.

Knows no matplotlib. It says why a method never predicts a class: hardly one of its labels is right.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from fer_core.records.measures import MEASURES
from fer_core.records.predictions import read_predictions
from fer_core.records.run import RunRecord
from fer_core.records.trials import LabelNoise, Setting
from fer_core.reporting.baseline_gaps import BaselineGaps

MEASURE = MEASURES["chosen_tta"]  # what a practitioner gets
PLAIN_BASELINE = "baseline"


class ClassRecalls(NamedTuple):
    """The classes of one setting under one label noise, in the order of their right labels.

    Attributes:
        setting: that all runs share.
        noise: likewise.
        classes: (C) names, that with the largest share of right labels first.
        images: (C,) evaluation images of each class.
        right: (C,) percent of the training labels of a class that are right, mean over the seeds.
        recalls: by approach, the baseline first: (C,) recall in percent, mean over its seeds.
        which_eac: a sentence on the views of EAC, or nothing without EAC.
    """

    setting: Setting
    noise: LabelNoise
    classes: tuple[str, ...]
    images: np.ndarray
    right: np.ndarray
    recalls: dict[str, np.ndarray]
    which_eac: str


def find_class_recalls(found: Iterable[BaselineGaps]) -> list[ClassRecalls]:
    """Of each noisy setting whose records have the counts of their noisy labels."""
    recalls = [_recalls(gaps) for gaps in found if gaps.noise.percent]
    return [one for one in recalls if one is not None]


def _recalls(gaps: BaselineGaps) -> ClassRecalls | None:
    baselines = {
        first.path: first for approach in gaps.approaches for first, _ in approach.runs
    }.values()
    shares = [_right_labels(record) for record in baselines]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return None
    right = np.mean(known, axis=0)
    order = np.argsort(-right, kind="stable")
    recalls = {PLAIN_BASELINE: _mean_recall(list(baselines))[order]}
    for approach in gaps.approaches:
        name = ", ".join(filter(None, (approach.method, approach.options)))
        recalls[name] = _mean_recall([second for _, second in approach.runs])[order]
    first = next(iter(baselines))
    labels = [prediction.true_label for prediction in read_predictions(first.path)]
    return ClassRecalls(
        gaps.setting,
        gaps.noise,
        tuple(first.classes[number] for number in order),
        np.bincount(labels, minlength=len(first.classes))[order],
        right[order],
        recalls,
        gaps.which_eac,
    )


def _right_labels(record: RunRecord) -> np.ndarray | None:
    """(C,) percent of the training labels of each class that are right; nan for an absent one."""
    counts = np.array(record.noise.get("transition") or [], float)  # true x noisy label
    if counts.shape != (len(record.classes), len(record.classes)):
        return None
    given = counts.sum(0)
    return 100 * np.divide(np.diag(counts), given, out=np.full(len(given), np.nan), where=given > 0)


def _mean_recall(records: Sequence[RunRecord]) -> np.ndarray:
    """(C,) percent of each class's images, mean over the runs; nan for a class without images."""
    rows = []
    for record in records:
        predictions = read_predictions(record.path)
        hits, labels = MEASURE.hits(predictions), [row.true_label for row in predictions]
        assert hits is not None  # `find_baseline_gaps` takes runs with all measures
        size = len(record.classes)
        images = np.bincount(labels, minlength=size)
        sums = np.bincount(labels, hits, size)
        rows.append(np.divide(sums, images, out=np.full(size, np.nan), where=images > 0))
    return 100 * np.mean(rows, axis=0)

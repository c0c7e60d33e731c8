"""Run records -> how many labels of each class are right under noise, and how many are found.

Knows no matplotlib. It says why a method never predicts a class: hardly one of its labels is right.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from fer_core.config.methods import method_title
from fer_core.metrics.classification import confusion_matrix, precisions, recalls
from fer_core.records.compare import BASELINE
from fer_core.records.measures import MEASURES
from fer_core.records.predictions import read_predictions
from fer_core.records.run import RunRecord
from fer_core.records.trials import LabelNoise, Setting
from fer_core.reporting.baseline_gaps import BaselineGaps

MEASURE = MEASURES["chosen_tta"]  # what a practitioner gets
BASELINE_TITLE = method_title(BASELINE)


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
    noisy = [_recalls(gaps) for gaps in found if gaps.noise.percent]
    return [one for one in noisy if one is not None]


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
    shown = {BASELINE_TITLE: _mean_recall(list(baselines))[order]}
    for approach in gaps.approaches:
        shown[approach.name] = _mean_recall([second for _, second in approach.runs])[order]
    first = next(iter(baselines))
    return ClassRecalls(
        gaps.setting,
        gaps.noise,
        tuple(first.classes[number] for number in order),
        _confusion(first).sum(1)[order],
        right[order],
        shown,
        gaps.which_eac,
    )


def _right_labels(record: RunRecord) -> np.ndarray | None:
    """(C,) percent of the training labels of each class that are right; nan for an absent one."""
    counts = np.array(record.noise.get("transition") or [])  # true x noisy label
    if counts.shape != (len(record.classes), len(record.classes)):
        return None
    return 100 * precisions(counts)


def _mean_recall(records: Sequence[RunRecord]) -> np.ndarray:
    """(C,) percent of each class's images, mean over the runs; nan for a class without images."""
    return 100 * np.mean([recalls(_confusion(record)) for record in records], axis=0)


def _confusion(record: RunRecord) -> np.ndarray:
    """(C, C) counts of a run of `find_baseline_gaps`, which takes those with all measures."""
    rows = read_predictions(record.path)
    labels, predicted = (
        np.array([getattr(row, name) for row in rows]) for name in ("true_label", MEASURE.name)
    )
    return confusion_matrix(labels, predicted, len(record.classes))

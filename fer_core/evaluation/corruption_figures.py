"""The figures of a model on images that were corrupted, and on the same images as they are."""

from typing import NamedTuple

import numpy as np
from numpy.random import default_rng

from fer_core.metrics import classification as metrics
from fer_core.metrics.calibration import softmax
from fer_core.metrics.intervals import Estimate, paired_difference, wilson


class ConditionFigures(NamedTuple):
    """A model on N images that were corrupted alike, or not at all.

    Attributes:
        accuracy: with Wilson's interval.
        mean_class_accuracy: mean recall of the classes that have images.
        confidence: mean probability of the prediction.
        ece: expected calibration error, 15 bins.
        commonest: the class that is predicted most often.
        commonest_share: of all predictions.
    """

    accuracy: Estimate
    mean_class_accuracy: float
    confidence: float
    ece: float
    commonest: str
    commonest_share: float


class Level(NamedTuple):
    """One strength of a corruption.

    Attributes:
        strength: in the unit of the kind.
        figures: on the corrupted images.
        lost: accuracy on the clean images minus that on these, with a paired bootstrap interval.
    """

    strength: float
    figures: ConditionFigures
    lost: Estimate


class CorruptionFigures(NamedTuple):
    """One kind of corruption.

    Attributes:
        strength: what the strength is, with its unit.
        levels: the mildest first.
    """

    strength: str
    levels: tuple[Level, ...]


class Robustness(NamedTuple):
    """A model on clean and on corrupted images.

    Attributes:
        images: number of images N, all of classes that the model knows.
        drawn: images that were drawn from the split.
        available: images of the split.
        seed: of the draw and of the noise.
        side: at which the images are corrupted, in pixels.
        clean: on the same images, not corrupted.
        kinds: kind -> its figures.
    """

    images: int
    drawn: int
    available: int
    seed: int
    side: int
    clean: ConditionFigures
    kinds: dict[str, CorruptionFigures]


def corruption_figures(
    logits: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]
) -> ConditionFigures:
    """The figures of one condition.

    Args:
        logits: (N, K).
        labels: (N,) numbers of ``classes``.
        classes: K names.
    """
    predicted, confidences = logits.argmax(1), softmax(logits).max(1)
    correct = predicted == labels
    confusion = metrics.confusion_matrix(labels, predicted, len(classes))
    counts = confusion.sum(0)
    commonest = int(counts.argmax())
    return ConditionFigures(
        accuracy=wilson(int(correct.sum()), len(labels)),
        mean_class_accuracy=metrics.mean_class_accuracy(confusion),
        confidence=float(confidences.mean()),
        ece=metrics.expected_calibration_error(confidences, correct),
        commonest=classes[commonest],
        commonest_share=float(counts[commonest] / len(labels)),
    )


def accuracy_lost(
    clean: np.ndarray, corrupted: np.ndarray, labels: np.ndarray, *, resamples: int, seed: int
) -> Estimate:
    """Accuracy on clean images minus that on the same images corrupted.

    Args:
        clean: logits (N, K).
        corrupted: logits (N, K).
        labels: (N,) numbers of the classes.
        resamples: of the paired bootstrap over images.
        seed: of the bootstrap.
    """
    before, after = clean.argmax(1) == labels, corrupted.argmax(1) == labels
    pairs = int((before & ~after).sum()), int((after & ~before).sum())
    return paired_difference(*pairs, len(labels), resamples, default_rng(seed))

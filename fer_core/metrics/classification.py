"""Figures of merit, in numpy."""

from collections.abc import Sequence

import numpy as np


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(K, K) counts; rows are labels, columns are predictions."""
    flat = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(confusion: np.ndarray) -> float:
    """Share of all images predicted correctly.

    Raises:
        ValueError: for an empty confusion matrix.
    """
    total = confusion.sum()
    if total == 0:
        raise ValueError("accuracy of no predictions is undefined")
    return float(np.trace(confusion) / total)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """(K,) share of each class predicted correctly; nan for a class without images."""
    counts = confusion.sum(1)
    return np.where(counts > 0, np.diag(confusion) / np.maximum(counts, 1), np.nan)


def mean_class_accuracy(confusion: np.ndarray) -> float:
    """Mean of the recalls over the classes that have images (unweighted average recall)."""
    return float(np.nanmean(recalls(confusion)))


def precisions(confusion: np.ndarray) -> np.ndarray:
    """(K,) share of correct predictions of each class; nan for a class never predicted."""
    answers = confusion.sum(0)
    return np.where(answers > 0, np.diag(confusion) / np.maximum(answers, 1), np.nan)


def f1_scores(confusion: np.ndarray) -> np.ndarray:
    """(K,) harmonic mean of precision and recall; nan for a class without images."""
    counts = confusion.sum(1)
    f1 = 2 * np.diag(confusion) / np.maximum(confusion.sum(0) + counts, 1)
    return np.where(counts > 0, f1, np.nan)


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 over the classes that have images."""
    return float(np.nanmean(f1_scores(confusion)))


AVERAGED_EPOCHS = 5  # whose mean is the reported figure, as in the HUST report (2024)


def mean_of_last(values: Sequence[float], count: int = AVERAGED_EPOCHS) -> float:
    """Mean of the last ``count`` values; all if fewer.

    Raises:
        ValueError: when there are no values.
    """
    if not values:
        raise ValueError("the mean of no epochs is undefined")
    return float(np.mean(values[-count:]))


def averaged_epochs(epochs: int) -> str:
    """What `mean_of_last` averages in a run of so many epochs, in words."""
    if epochs == 1:
        return "its only epoch"
    last = "the last " if epochs > AVERAGED_EPOCHS else "its "
    return f"mean of {last}{min(epochs, AVERAGED_EPOCHS)} epochs"


def expected_calibration_error(
    confidences: np.ndarray, correct: np.ndarray, bins: int = 15
) -> float:
    """ECE: mean gap of confidence and accuracy over equal-width bins, weighted by bin counts.

    Args:
        confidences: (N,) probability of the predicted class.
        correct: (N,) bool, whether the prediction is right.
        bins: number of bins over [0, 1].
    """
    index = np.clip((confidences * bins).astype(int), 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    gaps = np.abs(
        np.bincount(index, weights=confidences, minlength=bins)
        - np.bincount(index, weights=correct.astype(float), minlength=bins)
    )
    return float(gaps.sum() / max(1, counts.sum()))


def selective_accuracy(
    confidences: np.ndarray, correct: np.ndarray, threshold: float
) -> tuple[float, float]:
    """Coverage and selective accuracy of a classifier that may abstain (El-Yaniv and Wiener, 2010).

    Args:
        confidences: (N,) probability of the predicted class.
        correct: (N,) bool, whether the prediction is right.
        threshold: least probability at which a prediction is given, in [0, 1].

    Returns:
        Share of the images with a prediction, and share of correct predictions; nan for none.
    """
    answered = confidences >= threshold
    if not answered.any():
        return 0.0, float("nan")
    return float(answered.mean()), float(correct[answered].mean())

"""How good a model's predictions on labelled images are (docs/evaluation.md)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.random import default_rng

from fer_core.datasets.loading import also_in
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.evaluation.run_figures import slice_accuracies
from fer_core.metrics import classification as metrics
from fer_core.metrics.calibration import (
    LEAST_IMAGES,
    CalibrationError,
    cross_fitted_temperatures,
    fit_temperature,
    in_second_half,
    negative_log_likelihood,
    softmax,
)
from fer_core.metrics.intervals import (
    Estimate,
    bootstrap_accuracy,
    bootstrap_mean_class_accuracy,
    wilson,
)

SAME_IMAGES = (
    "the images to calibrate on are those that are assessed: name others, or none, and each half "
    "is calibrated on the other"
)


class ClassFigures(NamedTuple):
    """One class of the model.

    Attributes:
        images: that have this label.
        answers: images predicted as this class.
        recall: share of its images predicted correctly, with Wilson's interval; None without any.
        precision: share of the predictions that are correct; None without predictions.
        f1: their harmonic mean; None without images.
    """

    images: int
    answers: int
    recall: Estimate | None
    precision: float | None
    f1: float | None


class SliceAccuracy(NamedTuple):
    """The images of one value of an attribute, and the accuracy on them with Wilson's interval."""

    images: int
    accuracy: Estimate


class Calibration(NamedTuple):
    """Temperature scaling, and what it gives on images that its temperature was not fitted on.

    Attributes:
        fitted_on: ``other half`` of the assessed images, or ``other images``.
        images: that the temperatures were fitted on; of the two halves together.
        repeated: of the ``other images``, those that are also assessed, pixel by pixel.
        temperatures: one, or those of the two halves.
        nll: mean cross-entropy with them, in nats.
        ece: expected calibration error with them, 15 bins.
    """

    fitted_on: str
    images: int
    repeated: int
    temperatures: tuple[float, ...]
    nll: float
    ece: float


class Unseen(NamedTuple):
    """The images that are not in the training split, pixel by pixel."""

    images: int
    left_out: int
    accuracy: Estimate | None


class Assessment(NamedTuple):
    """The figures of one model on one split.

    Attributes:
        images: number of images N.
        accuracy: with a bootstrap interval.
        mean_class_accuracy: mean of the recalls, with the interval of a bootstrap within each
            class.
        macro_f1: mean F1 of the classes with images.
        nll: mean cross-entropy in nats.
        ece: expected calibration error, 15 bins.
        classes: class -> its figures, in the order of the logits.
        confusion: (K, K) counts, rows = label.
        calibration: None when there are too few images for it.
        unseen: None when the training split was not read.
        slices: attribute -> value -> its images.
    """

    images: int
    accuracy: Estimate
    mean_class_accuracy: Estimate
    macro_f1: float
    nll: float
    ece: float
    classes: dict[str, ClassFigures]
    confusion: np.ndarray
    calibration: Calibration | None
    unseen: Unseen | None
    slices: dict[str, dict[str, SliceAccuracy]]


def assess(
    predictions: SplitPredictions,
    *,
    resamples: int,
    seed: int,
    calibrate_on: SplitPredictions | None = None,
    training_digests: np.ndarray | None = None,
) -> Assessment:
    """All figures of one model.

    Args:
        predictions: on the images to assess.
        resamples: of the bootstrap.
        seed: of the bootstrap; the same seed gives the same intervals.
        calibrate_on: predictions on the images to fit the temperature on; None: it is fitted on
            either half of the assessed images for the other half.
        training_digests: (M, 16) of the images of the training split; None: not read.

    Raises:
        CalibrationError: when ``calibrate_on`` has too few images, or none but assessed ones.
    """
    labels, classes = predictions.split.true_labels, predictions.classes
    confusion = metrics.confusion_matrix(labels, predictions.predicted, len(classes))
    hits, counts = np.diag(confusion), confusion.sum(1)
    unseen = None
    if training_digests is not None:
        kept = predictions.correct[~also_in(training_digests, predictions.split.digests)]
        unseen = Unseen(len(kept), len(labels) - len(kept), None)
        if len(kept):
            right = int(kept.sum())
            share = bootstrap_accuracy(right, len(kept), resamples, default_rng(seed))
            unseen = unseen._replace(accuracy=share)
    return Assessment(
        images=len(labels),
        accuracy=bootstrap_accuracy(int(hits.sum()), len(labels), resamples, default_rng(seed)),
        mean_class_accuracy=bootstrap_mean_class_accuracy(
            hits, counts, resamples, default_rng(seed)
        ),
        macro_f1=metrics.macro_f1(confusion),
        nll=negative_log_likelihood(predictions.logits, labels),
        ece=_calibration_error(predictions, 1.0),
        classes=class_figures(classes, confusion),
        confusion=confusion,
        calibration=_calibrate(predictions, calibrate_on),
        unseen=unseen,
        slices={
            attribute: {
                value: SliceAccuracy(n, wilson(round(n * group["accuracy"]), n))
                for value, group in groups.items()
                for n in (group["images"],)
            }
            for attribute, groups in slice_accuracies(
                predictions.split, predictions.predicted
            ).items()
        },
    )


def to_json(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """An assessment or a comparison, with all that they hold, as plain JSON values."""
    if isinstance(value, Estimate):
        return {"value": value.value, "interval": [value.low, value.high]}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        items = [to_json(item) for item in value]
        return items if fields is None else dict(zip(fields, items, strict=True))
    return value


def class_figures(classes: tuple[str, ...], confusion: np.ndarray) -> dict[str, ClassFigures]:
    """The figures of each class, from (K, K) counts whose rows are labels."""
    columns = (
        confusion.sum(1),
        confusion.sum(0),
        np.diag(confusion),
        metrics.precisions(confusion),
        metrics.f1_scores(confusion),
    )
    return {
        name: ClassFigures(
            int(images),
            int(answers),
            wilson(int(hits), int(images)) if images else None,
            float(precision) if answers else None,
            float(f1) if images else None,
        )
        for name, images, answers, hits, precision, f1 in zip(classes, *columns, strict=True)
    }


def _calibrate(
    predictions: SplitPredictions, calibrate_on: SplitPredictions | None
) -> Calibration | None:
    logits, split = predictions.logits, predictions.split
    if calibrate_on is None:
        second = in_second_half(split.names)
        if min(second.sum(), (~second).sum()) < LEAST_IMAGES:
            return None
        each = cross_fitted_temperatures(logits, split.true_labels, split.names)
        fitted = ("other half", len(each), 0, (float(each[~second][0]), float(each[second][0])))
    else:
        count = len(calibrate_on.split.true_labels)
        repeated = int(also_in(split.digests, calibrate_on.split.digests).sum())
        if repeated == count:
            raise CalibrationError(SAME_IMAGES)
        each = fit_temperature(calibrate_on.logits, calibrate_on.split.true_labels)
        fitted = ("other images", count, repeated, (each,))
    nll = negative_log_likelihood(logits, split.true_labels, each)
    return Calibration(*fitted, nll=nll, ece=_calibration_error(predictions, each))


def _calibration_error(predictions: SplitPredictions, temperature: float | np.ndarray) -> float:
    confidences = softmax(predictions.logits, temperature).max(1)
    return metrics.expected_calibration_error(confidences, predictions.correct)

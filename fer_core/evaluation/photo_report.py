"""How good a model is on whole photographs, and what the detector costs it (docs/evaluation.md)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fer_core.datasets import DataError
from fer_core.evaluation.photos import PhotoPrediction, PhotoPredictions
from fer_core.metrics.classification import confusion_matrix
from fer_core.metrics.intervals import Estimate, McNemar, mcnemar, wilson


class PhotoClass(NamedTuple):
    """The photographs of one class.

    Attributes:
        photos: that have this label.
        found: of these, with a face found.
        right: of these, predicted correctly.
        predictions: photographs predicted as this class.
        recall: share of its photographs predicted correctly, a missed face being an error; None
            without photographs.
    """

    photos: int
    found: int
    right: int
    predictions: int
    recall: Estimate | None


class CropFigures(NamedTuple):
    """The photographs whose face box is known: found by the detector against cut out at the box.

    Attributes:
        photos: with a known box.
        missed: of these, without a face found.
        on_photos: accuracy with detector and alignment.
        on_crops: accuracy on the known boxes.
        mcnemar: of the two; first are the photographs.
    """

    photos: int
    missed: int
    on_photos: Estimate
    on_crops: Estimate
    mcnemar: McNemar


class Seconds(NamedTuple):
    """Mean time in seconds.

    Attributes:
        detection: of finding the faces of a photograph.
        model: of aligning and classifying one face; None when none was found.
    """

    detection: float
    model: float | None


class PhotoAssessment(NamedTuple):
    """The figures of one model on the photographs of a folder.

    Attributes:
        photos: N that can be read and whose class the model knows.
        found: with a face found.
        several: with more than one face found, of which the largest is judged.
        right: predicted correctly.
        accuracy: share of the N, with Wilson's interval; a missed face is an error.
        detection_rate: share of the N with a face found, with Wilson's interval.
        accuracy_where_found: share of those with a face found; None without any.
        mean_class_accuracy: mean recall of the classes with photographs.
        classes: class -> its figures, in the order of the model.
        confusion: (K, K + 1) counts, rows = label; the last column counts missed faces.
        crops: None when no box is known.
        seconds: mean times.
    """

    photos: int
    found: int
    several: int
    right: int
    accuracy: Estimate
    detection_rate: Estimate
    accuracy_where_found: Estimate | None
    mean_class_accuracy: float
    classes: dict[str, PhotoClass]
    confusion: np.ndarray
    crops: CropFigures | None
    seconds: Seconds


def assess_photos(predictions: PhotoPredictions) -> PhotoAssessment:
    """All figures of one model on photographs.

    Raises:
        DataError: when no photograph could be read.
    """
    classes = predictions.classes
    rows = [row for row in predictions.rows if row.counted]
    if not rows:
        unread = next(row for row in predictions.rows if row.photo.label in classes)
        raise DataError(
            f"none of the {len(predictions.rows)} photographs can be read, such as "
            f"{unread.photo.name}: {unread.reason}"
        )
    missed = len(classes)
    labels = np.array([classes.index(row.photo.label) for row in rows])
    predicted = np.array([_predicted(row.probabilities, missed) for row in rows])
    confusion = confusion_matrix(labels, predicted, missed + 1)[:missed]
    right, found = int(np.trace(confusion)), int((predicted != missed).sum())
    of_classes = _class_figures(classes, confusion)
    recalls = [of.recall.value for of in of_classes.values() if of.recall is not None]
    return PhotoAssessment(
        photos=len(rows),
        found=found,
        several=sum(row.faces > 1 for row in rows),
        right=right,
        accuracy=wilson(right, len(rows)),
        detection_rate=wilson(found, len(rows)),
        accuracy_where_found=wilson(right, found) if found else None,
        mean_class_accuracy=float(np.mean(recalls)),
        classes=of_classes,
        confusion=confusion,
        crops=_crop_figures(rows, labels, predicted),
        seconds=_seconds(rows),
    )


def _predicted(probabilities: np.ndarray | None, missed: int) -> int:
    return missed if probabilities is None else int(probabilities.argmax())


def _class_figures(classes: Sequence[str], confusion: np.ndarray) -> dict[str, PhotoClass]:
    """The figures of each class, from (K, K + 1) counts."""
    figures: dict[str, PhotoClass] = {}
    for index, name in enumerate(classes):
        photos, right = int(confusion[index].sum()), int(confusion[index, index])
        figures[name] = PhotoClass(
            photos,
            photos - int(confusion[index, -1]),
            right,
            int(confusion[:, index].sum()),
            wilson(right, photos) if photos else None,
        )
    return figures


def _crop_figures(
    rows: Sequence[PhotoPrediction], labels: np.ndarray, predicted: np.ndarray
) -> CropFigures | None:
    boxed = [index for index, row in enumerate(rows) if row.crop_probabilities is not None]
    if not boxed:
        return None
    of_crops = np.array([_predicted(rows[index].crop_probabilities, -1) for index in boxed])
    on_photos, on_crops = predicted[boxed] == labels[boxed], of_crops == labels[boxed]
    return CropFigures(
        photos=len(boxed),
        missed=sum(rows[index].probabilities is None for index in boxed),
        on_photos=wilson(int(on_photos.sum()), len(boxed)),
        on_crops=wilson(int(on_crops.sum()), len(boxed)),
        mcnemar=mcnemar(int((on_photos & ~on_crops).sum()), int((on_crops & ~on_photos).sum())),
    )


def _seconds(rows: Sequence[PhotoPrediction]) -> Seconds:
    of_model = [row.model_seconds for row in rows if row.probabilities is not None]
    return Seconds(
        float(np.mean([row.detection_seconds for row in rows])),
        float(np.mean(of_model)) if of_model else None,
    )

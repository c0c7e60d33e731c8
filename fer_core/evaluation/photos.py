"""A model on whole photographs: detection, alignment and classification, as in use."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from fer_core.datasets import DataError
from fer_core.datasets.images import Box, cut_out
from fer_core.evaluation.photo_folder import LabelledPhoto, PhotoFolder
from fer_core.faces.face import Face
from fer_core.io.images import READ_ERRORS, fault, open_upright

NO_FACE = "no face found"
WARM_UP = Image.new("RGB", (240, 240), (128, 128, 128))


class WithProbabilities(Protocol):
    """What a predictor says: of one face (K,), or of N crops (N, K)."""

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax over the K classes."""
        ...


class PhotoPredictor(Protocol):
    """What finds and classifies faces: `Predictor` and `ForeignPredictor` of the inference room."""

    def find_faces(self, photo: Image.Image, /) -> Sequence[Face]:
        """The faces of an upright RGB photograph."""
        ...

    def predict_faces(
        self, image: Image.Image, faces: Sequence[Face], /
    ) -> Sequence[WithProbabilities]:
        """Align and classify faces, in their order."""
        ...

    def classify(self, crops: list[Image.Image], /) -> WithProbabilities:
        """Classify N face crops as they are."""
        ...


class PhotoPrediction(NamedTuple):
    """What came of one photograph.

    Attributes:
        photo: with its label.
        reason: why there is no prediction; empty where there is one.
        counted: whether it enters the figures: it can be read and the model knows its class.
        faces: found; the largest is judged.
        box: (x0, y0, x1, y1) of the judged face; None without one.
        probabilities: (K,) of the judged face; None without one.
        crop_probabilities: (K,) of the photograph cut out at its known box; None without one.
        box_fault: why the known box cannot be cut out; empty where it can.
        detection_seconds: that finding the faces took.
        model_seconds: that alignment and classification of the judged face took.
    """

    photo: LabelledPhoto
    reason: str
    counted: bool
    faces: int = 0
    box: Box | None = None
    probabilities: np.ndarray | None = None
    crop_probabilities: np.ndarray | None = None
    box_fault: str = ""
    detection_seconds: float = 0.0
    model_seconds: float = 0.0


class PhotoPredictions(NamedTuple):
    """A model's predictions on the photographs of a folder.

    Attributes:
        classes: K names that the model chose from.
        rows: one a photograph, in the order of the folder.
        unknown: class -> photographs that are excluded, since the model does not know it.
        absent: those of ``classes`` that the folder does not have: every such prediction is wrong.
    """

    classes: tuple[str, ...]
    rows: tuple[PhotoPrediction, ...]
    unknown: dict[str, int]
    absent: tuple[str, ...]


def predict_photos(
    predictor: PhotoPredictor,
    classes: Sequence[str],
    folder: PhotoFolder,
    *,
    shared_classes: bool = False,
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> PhotoPredictions:
    """Find, align and classify the largest face of each photograph.

    Args:
        predictor: of photographs.
        classes: of the model, in the order of its probabilities.
        folder: the photographs.
        shared_classes: let the model choose only from the classes that the folder has.
        progress: called with how many photographs of how many are done.

    Raises:
        DataError: when the model knows no class of the folder, or with shared classes only one.
    """
    names = tuple(classes)
    if not set(names) & set(folder.classes):
        raise DataError(
            f"the model predicts {', '.join(names)}: {folder.name} has photographs of "
            f"{', '.join(folder.classes)} only"
        )
    absent = tuple(name for name in names if name not in folder.classes)
    kept = np.arange(len(names))
    if shared_classes and absent:
        kept = np.array([index for index, name in enumerate(names) if name not in absent])
        if len(kept) < 2:
            raise DataError(
                f"with shared classes the model would choose from {names[kept[0]]} alone: it has "
                f"{', '.join(names)}, {folder.name} has {', '.join(folder.classes)}"
            )
        absent = ()
    known = frozenset(names)
    predictor.find_faces(WARM_UP)  # loads the detector, which no photograph's time should contain
    rows = []
    for number, photo in enumerate(folder.photos, 1):
        rows.append(_predict(predictor, photo, known, kept))
        progress(number, len(folder.photos))
    unknown = Counter(photo.label for photo in folder.photos if photo.label not in known)
    return PhotoPredictions(tuple(names[k] for k in kept), tuple(rows), dict(unknown), absent)


def _predict(
    predictor: PhotoPredictor, photo: LabelledPhoto, known: frozenset[str], kept: np.ndarray
) -> PhotoPrediction:
    """One photograph; whatever is wrong with it is the reason of its row.

    Args:
        predictor: of photographs.
        photo: to open.
        known: classes of the model.
        kept: (K',) positions of the classes that it chooses from.
    """
    if photo.label not in known:
        return PhotoPrediction(photo, f"the model does not know {photo.label}", counted=False)
    try:
        image = open_upright(photo.path)
    except READ_ERRORS as error:
        return PhotoPrediction(photo, f"unreadable photograph: {fault(error)}", counted=False)
    of_crop, box_fault = _predict_crop(predictor, image, photo.box, kept)
    started = time.perf_counter()
    faces = predictor.find_faces(image)
    found = time.perf_counter()
    row = PhotoPrediction(
        photo,
        "" if faces else NO_FACE,
        counted=True,
        faces=len(faces),
        crop_probabilities=of_crop,
        box_fault=box_fault,
        detection_seconds=found - started,
    )
    if not faces:
        return row
    largest = max(faces, key=_width)
    (prediction,) = predictor.predict_faces(image, [largest])
    seconds = time.perf_counter() - found
    probabilities = _among(prediction.probabilities, kept)
    return row._replace(box=largest.box, probabilities=probabilities, model_seconds=seconds)


def _predict_crop(
    predictor: PhotoPredictor, image: Image.Image, box: Box | None, kept: np.ndarray
) -> tuple[np.ndarray | None, str]:
    """(K',) probabilities of the face in its known box, and why there are none."""
    if box is None:
        return None, ""
    try:
        crop = cut_out(image, box)
    except ValueError as error:
        return None, fault(error)
    return _among(predictor.classify([crop]).probabilities[0], kept), ""


def _among(probabilities: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The probabilities of some classes, which sum to 1 again."""
    chosen = probabilities[kept]
    return chosen / max(float(chosen.sum()), np.finfo(np.float32).tiny)


def _width(face: Face) -> float:
    """What `fer_core.faces.detect.detect_faces` orders faces by."""
    return face.box[2] - face.box[0]

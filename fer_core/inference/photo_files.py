"""Predictions of photographs as they are given: files, images, arrays and tensors.

Of a large JPEG with large faces a reduced copy is decoded (`fer_core.faces.reduced`): boxes differ
by less than 1 % of the face and probabilities by less than 0.03 from those of the whole photograph
(tests/fer_core/inference/test_photo_files.py).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from PIL import Image

from fer_core.faces.face import Face
from fer_core.faces.reduced import READ_SIDE, are_all, are_large
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.photos import Photo, numbered, open_photo, open_reduced


class OpenedPhoto(NamedTuple):
    """A photograph that may have been decoded reduced.

    Attributes:
        photo: as it was given.
        image: upright RGB.
        factor: how many times wider the photograph is; 1 where it was read whole.
    """

    photo: Photo
    image: Image.Image
    factor: float = 1.0

    @property
    def pixels(self) -> float:
        """Those of the whole photograph, which may have to be read after all."""
        return self.image.width * self.image.height * self.factor**2


class FaceClassifier(Protocol):
    """What finds and classifies the faces of opened photographs."""

    @property
    def least_width(self) -> int | None:
        """Pixels of a face in a reduced copy that are enough; None: photographs are read whole."""
        ...

    def predict_all(
        self, photos: Sequence[Image.Image], *, cropped: bool = False, thorough: bool = True
    ) -> list[list[FacePrediction]]:
        """The faces of each of several upright RGB photographs."""
        ...

    def find_faces(self, photo: Image.Image, *, thorough: bool = True) -> list[Face]:
        """The faces of an upright RGB photograph."""
        ...

    def predict_faces(self, image: Image.Image, faces: Sequence[Face]) -> list[FacePrediction]:
        """Classify faces that were found before."""
        ...


def predict_photos(
    predictor: FaceClassifier, photos: Sequence[Photo], *, thorough: bool = True
) -> list[list[FacePrediction]]:
    """The faces of each photograph in its own pixels.

    Args:
        predictor: of the faces.
        photos: see `open_photo`.
        thorough: as for `detect_faces`.

    Raises:
        PhotoError: when one cannot be read; of several its number, from 0.
    """
    opened = []
    for number, photo in enumerate(photos):
        with numbered(number, len(photos)):
            opened.append(open_for(predictor, photo))
    return predict_opened(predictor, opened, thorough=thorough)


def open_for(predictor: FaceClassifier | None, photo: Photo) -> OpenedPhoto:
    """A photograph as `predict_opened` takes it: a large JPEG reduced.

    Args:
        predictor: that it is opened for; None: it is read whole.
        photo: see `open_photo`.

    Raises:
        ImageError, PhotoError: see `open_photo`.
    """
    reducible = predictor is not None and predictor.least_width is not None
    enough = READ_SIDE if reducible else None
    return OpenedPhoto(photo, *open_reduced(photo, enough))


def predict_opened(
    predictor: FaceClassifier, photos: Sequence[OpenedPhoto], *, thorough: bool = True
) -> list[list[FacePrediction]]:
    """As `predict_photos`; those that have to be read whole go through the networks together."""
    found: list[list[FacePrediction] | None] = []
    whole: list[Image.Image] = []
    for photo in photos:
        faces = _predict_copy(predictor, photo, thorough) if photo.factor > 1 else None
        found.append(faces)
        if faces is None:
            whole.append(open_photo(photo.photo) if photo.factor > 1 else photo.image)
    rest = iter(predictor.predict_all(whole, thorough=thorough) if whole else [])
    return [next(rest) if faces is None else faces for faces in found]


def _predict_copy(
    predictor: FaceClassifier, photo: OpenedPhoto, thorough: bool
) -> list[FacePrediction] | None:
    """The faces of a photograph from its reduced copy; None where that is not enough."""
    copy, factor, least = photo.image, photo.factor, predictor.least_width
    faces = predictor.find_faces(copy, thorough=False)
    if least is None or (thorough and not are_all(faces, copy.size, factor)):
        return None
    if are_large(faces, least):
        return [face.scaled(factor) for face in predictor.predict_faces(copy, faces)]
    enlarged = [face.scaled(factor) for face in faces]
    return predictor.predict_faces(open_photo(photo.photo), enlarged)

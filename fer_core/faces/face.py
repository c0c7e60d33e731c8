"""One detected face, and what a detector is.

Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from fer_core.config.input_spec import InputSpec


class Face(NamedTuple):
    """One detected face.

    Attributes:
        box: (x0, y0, x1, y1), within the image.
        landmarks: (3, 2): the eye on the image's left, the eye on its right, the mouth centre;
            those of a face that the image's edge cuts may lie outside of the image.
        score: the detector's confidence in [0, 1].
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float

    def scaled(self, factor: float) -> "Face":
        """The same face in an image that is so many times as wide and high."""
        x0, y0, x1, y1 = (factor * value for value in self.box)
        return Face((x0, y0, x1, y1), self.landmarks * np.float32(factor), self.score)


def narrowest(faces: Sequence[Face]) -> float:
    """Pixels that the smallest of the faces is wide; infinite without any."""
    return min((face.box[2] - face.box[0] for face in faces), default=math.inf)


class FaceDetector(Protocol):
    """What finds the faces of a photograph: a function, or an object that is called.

    `fer_core.faces.detect.detect_faces` is the usual one.
    """

    def __call__(self, photo: Image.Image, /) -> Sequence[Face]:
        """The faces of an upright RGB photograph, in the order of their predictions."""
        ...


def whole_face(size: tuple[int, int], spec: InputSpec) -> Face:
    """An image that is a face as a whole: its eyes and mouth are where training crops have them."""
    width, height = size
    places = np.asarray(spec.landmarks, dtype=np.float32) * np.array(size, np.float32)
    return Face((0.0, 0.0, float(width), float(height)), places, 1.0)

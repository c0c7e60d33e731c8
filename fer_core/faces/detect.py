"""Find the faces of a photograph, and where training crops show eyes and mouth.

Detector: MTCNN (`fer_core.faces.mtcnn`), whose weights come with the wheel of facenet-pytorch.
Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageOps

from fer_core.faces import mtcnn
from fer_core.io.images import Images

logger = logging.getLogger(__name__)
LEAST_SIDE = 24  # pixels; the detector fails on smaller images
DETECTION_SIDE = 1280  # larger images are reduced to this for detection
REDUCING_GAP = 1.1  # reduced by whole numbers first: half the time, landmarks stay to a thousandth
LEAST_SCORE = 0.9
LEAST_FACE = 20  # pixels
FACE_SHARES = (8, 20)  # of the shorter side: looked for first, and where there is none
CROP_FACE = 80  # pixels: in training crops, which are enlarged to 288 pixels
# A margin of grey around the image, a sixth of its shorter side: without it faces at the edge are
# missed, or their landmarks are wrong (benchmarks/face_margin.py).
MARGIN_SHARE = 6
MARGIN_GREY = 128
# Where aligned face crops usually show eye, eye and mouth, used when none can be measured.
USUAL_LANDMARKS = np.array([[0.31, 0.39], [0.69, 0.39], [0.50, 0.78]])


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


class FaceDetector(Protocol):
    """What finds the faces of a photograph: a function, or an object that is called.

    `detect_faces` is the usual one.
    """

    def __call__(self, photo: Image.Image, /) -> Sequence[Face]:
        """The faces of an upright RGB photograph, in the order of their predictions."""
        ...


def detect_faces(photo: Image.Image) -> list[Face]:
    """All faces of a photograph, the largest first.

    Faces down to about an eighth of the shorter side are looked for; when there is none, down to a
    twentieth. Faces that touch the edge are found too, and those that it cuts by up to about a
    third.

    Args:
        photo: any mode; upright (apply the EXIF rotation before).
    """
    if min(photo.size) < LEAST_SIDE:
        return []
    reduction = max(1.0, max(photo.size) / DETECTION_SIDE)
    side = min(photo.size) / reduction
    if side < LEAST_SIDE:
        return []
    rgb = photo if photo.mode == "RGB" else photo.convert("RGB")
    if reduction > 1:
        size = [round(length / reduction) for length in photo.size]
        rgb = rgb.resize(size, reducing_gap=REDUCING_GAP)
    margin = min(rgb.size) // MARGIN_SHARE
    padded = ImageOps.expand(rgb, margin, (MARGIN_GREY,) * 3)
    sums = mtcnn.summed(np.asarray(padded))
    tries = (_detect(sums, max(LEAST_FACE, round(side / share))) for share in FACE_SHARES)
    found = next((faces for faces in tries if faces), [])
    moved = (_move(face, margin, reduction, photo.size) for face in found)
    faces = [face for face in moved if face.box[0] < face.box[2] and face.box[1] < face.box[3]]
    return sorted(faces, key=lambda face: face.box[0] - face.box[2])


def sample_crops(images: Images, seed: int, count: int = 300) -> np.ndarray:
    """A sample of training crops (N, S, S, C), at most ``count``, in their order."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    return images[np.sort(chosen)]


def measure_landmarks(crops: np.ndarray) -> np.ndarray:
    """Where training crops show the eyes and the mouth: the median over them.

    The two sides are averaged with their flipped image, since training mirrors faces.

    Args:
        crops: (N, S, S, C) uint8, of `sample_crops`.

    Returns:
        (3, 2) landmarks as shares of the side; the usual places, with a warning in the log, when
        fewer than ten faces are found.
    """
    measured = [
        landmarks
        for start in range(0, len(crops), 50)
        for landmarks in _crop_landmarks(crops[start : start + 50])
    ]
    if len(measured) < 10:
        logger.warning(
            "only %d faces found in %d training crops: the usual places of eyes and mouth are "
            "assumed for alignment",
            *(len(measured), len(crops)),
        )
        return USUAL_LANDMARKS.copy()
    middle = np.median(measured, axis=0)
    mirrored = np.column_stack([1 - middle[[1, 0, 2], 0], middle[[1, 0, 2], 1]])
    return (middle + mirrored) / 2


def _crop_landmarks(images: np.ndarray) -> list[np.ndarray]:
    """Landmarks of the crops in which a face is found; a margin gives the detector context."""
    side = images.shape[1]
    margin = side // 4
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    enlarged = [
        Image.fromarray(image.squeeze()).convert("RGB").resize((288, 288), Image.Resampling.BICUBIC)
        for image in padded
    ]
    scale = (side + 2 * margin) / 288
    measured: list[np.ndarray] = []
    for image in enlarged:
        found = mtcnn.find(mtcnn.summed(np.asarray(image)), CROP_FACE)
        if found and found[0].score > LEAST_SCORE:
            five = found[0].points.astype(float) * scale - margin
            measured.append(_three_landmarks(five) / side)
    return measured


def _detect(sums: np.ndarray, least_face: int) -> list[Face]:
    # Rounded to a few sizes: another size moves the landmarks a little.
    size = int(2 ** (np.floor(2 * np.log2(least_face)) / 2))
    return [
        Face(
            _box(*face.box),
            _three_landmarks(face.points.astype(float)).astype(np.float32),
            face.score,
        )
        for face in mtcnn.find(sums, max(LEAST_FACE, size))
        if face.score >= LEAST_SCORE
    ]


def _three_landmarks(five: np.ndarray) -> np.ndarray:
    """Eye, eye, mouth centre of MTCNN's five points (eye, eye, nose, mouth corner, corner)."""
    return np.stack([five[0], five[1], (five[3] + five[4]) / 2])


def _move(face: Face, margin: int, factor: float, size: tuple[int, int]) -> Face:
    """A face of a padded, reduced image in the photograph of ``size``, its box cut at the edges."""
    x0, y0, x1, y1 = ((value - margin) * factor for value in face.box)
    width, height = size
    box = _box(max(0.0, x0), max(0.0, y0), min(width, x1), min(height, y1))
    return Face(box, (face.landmarks - margin) * factor, face.score)


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return float(x0), float(y0), float(x1), float(y1)

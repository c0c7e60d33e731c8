"""Find the faces of a photograph, and where training crops show eyes and mouth.

Detector: MTCNN (Zhang et al., 2016) from facenet-pytorch, whose weights come with its wheel.
Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from facenet_pytorch import MTCNN
from PIL import Image, ImageOps

from fer_core.io.images import Images

logger = logging.getLogger(__name__)
LEAST_SIDE = 24  # pixels; the detector fails on smaller images
DETECTION_SIDE = 1280  # larger images are reduced to this for detection
LEAST_SCORE = 0.9
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
    rgb = photo.convert("RGB")
    if reduction > 1:
        rgb = rgb.resize([round(length / reduction) for length in photo.size])
    margin = min(rgb.size) // MARGIN_SHARE
    padded = ImageOps.expand(rgb, margin, (MARGIN_GREY,) * 3)
    found = _detect(padded, max(20, round(side / 8))) or _detect(padded, max(20, round(side / 20)))
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
    with torch.no_grad():
        found: Any = _detector(80).detect(enlarged, landmarks=True)
    _, scores, points = found
    for crop_scores, crop_points in zip(scores, points, strict=True):
        if crop_scores[0] is not None and crop_scores[0] > LEAST_SCORE:
            five = np.asarray(crop_points[0], dtype=float) * scale - margin
            measured.append(_three_landmarks(five) / side)
    return measured


@lru_cache(maxsize=8)
def _detector(least_face: int) -> MTCNN:
    return MTCNN(keep_all=True, min_face_size=least_face, device="cpu")


def _detect(rgb: Image.Image, least_face: int) -> list[Face]:
    # Rounded to a few sizes, so that detectors are shared between photographs.
    size = int(2 ** (np.floor(2 * np.log2(least_face)) / 2))
    with torch.no_grad():
        found: Any = _detector(max(20, size)).detect(rgb, landmarks=True)
    boxes, scores, points = found
    if boxes is None:
        return []
    return [
        Face(
            _box(*box),
            _three_landmarks(np.asarray(five, dtype=float)).astype(np.float32),
            float(score),
        )
        for box, score, five in zip(boxes, scores, points, strict=True)
        if score >= LEAST_SCORE
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

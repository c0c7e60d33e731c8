"""Find the faces of a photograph, and where training crops show eyes and mouth.

Detector: MTCNN (`fer_core.faces.mtcnn`), whose weights come with the wheel of facenet-pytorch.
Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageOps

from fer_core.config.input_spec import InputSpec
from fer_core.faces import mtcnn
from fer_core.faces.scales import (
    DETECTION_SIDE,
    LEAST_FACE,
    LEAST_SIDE,
    Region,
    Search,
    is_near,
    overlap,
    searches,
)
from fer_core.io.images import Images

__all__ = ["DETECTION_SIDE", "LEAST_SIDE", "Face", "FaceDetector", "detect_faces", "whole_face"]

logger = logging.getLogger(__name__)
REDUCING_GAP = 1.1  # reduced by whole numbers first: half the time, landmarks stay to a thousandth
LEAST_SCORE = 0.9
CROP_FACE = 80  # pixels: in training crops, which are enlarged to 288 pixels
SAME_FACE = 0.3  # overlap of two boxes (intersection by the smaller one) from which they are one
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


def detect_faces(photo: Image.Image, *, thorough: bool = True) -> list[Face]:
    """All faces of a photograph, the largest first.

    Faces down to about an eighth of the shorter side are looked for; when there is none, down to a
    twentieth. Then, as long as none is found or the smallest one is near the limit, as in a
    photograph of a group, further down, to 32 pixels of the photograph (`fer_core.faces.scales`).
    Faces that touch the edge are found too, and those that it cuts by up to about a third.

    Args:
        photo: any mode; upright (apply the EXIF rotation before).
        thorough: look for faces smaller than a twentieth; otherwise one search or two, for frames
            of a video.
    """
    rgb = photo if photo.mode == "RGB" else photo.convert("RGB")
    prepared: dict[Region, Prepared] = {}
    faces: list[Face] = []
    for search in searches(photo.size, thorough=thorough):
        if faces and not is_near(_smallest(faces), search.coarser):
            break
        faces += [face for face in _search(rgb, search, prepared) if not _is_known(face, faces)]
    return sorted(faces, key=lambda face: face.box[0] - face.box[2])


def _smallest(faces: Sequence[Face]) -> float:
    return min(face.box[2] - face.box[0] for face in faces)


class Prepared(NamedTuple):
    """A part of a photograph as the detector takes it; searches of one reduction share it.

    Attributes:
        reduction: of the part.
        margin: pixels of grey around it.
        sums: see `fer_core.faces.mtcnn.summed`.
    """

    reduction: float
    margin: int
    sums: np.ndarray


def _search(rgb: Image.Image, search: Search, prepared: dict[Region, Prepared]) -> list[Face]:
    """The faces of each part of a photograph, in its own pixels; none twice.

    Args:
        rgb: the photograph.
        search: of it.
        prepared: the parts of the searches before; of a photograph in one part it is kept there.
    """
    faces: list[Face] = []
    for box in search.parts:
        ready = prepared.get(box)
        if ready is None or ready.reduction != search.reduction:
            ready = _prepare(rgb if box == (0, 0, *rgb.size) else rgb.crop(box), search)
            prepared.clear()
            prepared[box] = ready
        size = (box[2] - box[0], box[3] - box[1])
        for found in _detect(ready.sums, search.least):
            face = _move(found, ready.margin, search.reduction, size)
            moved = _shifted(face, box[0], box[1])
            inside = face.box[0] < face.box[2] and face.box[1] < face.box[3]
            if inside and not _is_known(moved, faces):
                faces.append(moved)
    return faces


def _prepare(part: Image.Image, search: Search) -> Prepared:
    small = part
    if search.reduction > 1:
        size = [max(1, round(length / search.reduction)) for length in part.size]
        small = part.resize(size, reducing_gap=REDUCING_GAP)
    share = min(small.size) // MARGIN_SHARE
    margin = share if search.margin is None else min(share, search.margin)
    padded = ImageOps.expand(small, margin, (MARGIN_GREY,) * 3)
    return Prepared(search.reduction, margin, mtcnn.summed(np.asarray(padded)))


def _shifted(face: Face, left: int, top: int) -> Face:
    if not (left or top):
        return face
    x0, y0, x1, y1 = face.box
    box = (x0 + left, y0 + top, x1 + left, y1 + top)
    return Face(box, face.landmarks + np.array([left, top], face.landmarks.dtype), face.score)


def _is_known(face: Face, known: Sequence[Face]) -> bool:
    """Whether a face was found before: in a coarser search, or in the part next to this one."""
    return any(overlap(face.box, other.box) > SAME_FACE for other in known)


def whole_face(size: tuple[int, int], spec: InputSpec) -> Face:
    """An image that is a face as a whole: its eyes and mouth are where training crops have them."""
    width, height = size
    places = np.asarray(spec.landmarks, dtype=np.float32) * np.array(size, np.float32)
    return Face((0.0, 0.0, float(width), float(height)), places, 1.0)


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

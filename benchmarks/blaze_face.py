"""The detector inside ``face_landmarker.task``: BlazeFace, short range, 128 x 128 pixels.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019,
https://arxiv.org/abs/1907.05047. Boxes are decoded as MediaPipe's ``face_detector_graph.cc`` says;
of boxes that overlap the best one is kept, where MediaPipe averages them.
"""

import importlib
import zipfile
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from fer_core.faces.face import Face
from fer_core.faces.scales import overlap
from fer_core.landmarks.task_file import DETECTOR, find_task_file

SIDE, CELLS = 128, ((16, 2), (8, 6))  # of the input; side of a grid, anchors a cell
LEAST_SCORE, SAME_FACE = 0.5, 0.5


class BlazeFace:
    """A `FaceDetector` that sees the whole photograph in 128 pixels."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            ImportError, LandmarkerError: without LiteRT or the model file.
        """
        interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
        with zipfile.ZipFile(find_task_file()) as file:
            content = file.read(DETECTOR)
        self._network: Any = interpreter(model_content=content, num_threads=1)
        self._network.allocate_tensors()
        self._centres = np.concatenate([_centres(*one) for one in CELLS])  # (896, 2)

    def __call__(self, photo: Image.Image) -> list[Face]:
        """The faces, the surest first."""
        scale = max(photo.size) / SIDE
        small = ImageOps.pad(photo, (SIDE, SIDE), color=(0, 0, 0), centering=(0, 0))
        pixels = np.asarray(small, np.float32)[None] / 127.5 - 1
        network = self._network
        network.set_tensor(network.get_input_details()[0]["index"], pixels)
        network.invoke()
        found = {one["name"]: network.get_tensor(one["index"])[0] for one in
                 network.get_output_details()}  # fmt: skip
        values = found["regressors"].reshape(-1, 8, 2)  # centre, size, six points
        scores = 1 / (1 + np.exp(-found["classificators"][:, 0].clip(-80, 80)))
        faces: list[Face] = []
        for at in np.argsort(-scores):
            if scores[at] < LEAST_SCORE:
                break
            centre = values[at, 0] + SIDE * self._centres[at]
            low, high = (centre - values[at, 1] / 2) * scale, (centre + values[at, 1] / 2) * scale
            box = (*low.tolist(), *high.tolist())
            points = (values[at, [2, 3, 5]] + SIDE * self._centres[at]) * scale  # eyes, mouth
            if all(overlap(box, other.box) < SAME_FACE for other in faces):
                faces.append(Face(box, points.astype(np.float32), float(scores[at])))
        return faces


def _centres(cells: int, anchors: int) -> np.ndarray:
    """Centres of the anchors of a grid, row by row, as shares of the input's side."""
    rows, columns = np.mgrid[:cells, :cells]
    places = np.stack([columns, rows], -1).reshape(-1, 2)
    return np.repeat((places + 0.5) / cells, anchors, 0)

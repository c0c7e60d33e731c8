"""Attention maps of a model on several faces, as ``fer-core maps`` writes them."""

from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from dashboard.analysis.map_choices import MapsError
from fer_core.explain.consistency import MirrorCheck


class ModelMaps(NamedTuple):
    """Attention maps and probabilities of one model on N faces; the arrays of `fer_core.maps`.

    Attributes:
        names: of the faces.
        classes: K names.
        crops: (N, S, S, 3) uint8.
        probabilities: (N, K) with flip TTA.
        maps: (N, K, h, w) with flip TTA.
        view_probabilities: (N, 2, K) of the face and of its horizontal flip.
        view_maps: (N, 2, K, h, w), the second ones flipped back.
        left_out: a sentence for each image without a usable face.
    """

    names: list[str]
    classes: list[str]
    crops: np.ndarray
    probabilities: np.ndarray
    maps: np.ndarray
    view_probabilities: np.ndarray
    view_maps: np.ndarray
    left_out: list[str]

    def prediction(self, face: int) -> int:
        """Index of the predicted class."""
        return int(self.probabilities[face].argmax())

    def check(self, face: int) -> MirrorCheck:
        """Predictions and maps of the face and of its horizontal flip."""
        return MirrorCheck(self.view_probabilities[face], self.view_maps[face])

    def agreement(self, face: int) -> float:
        """Correlation of the two maps of the predicted class of a face and of its flip."""
        return self.check(face).map_agreement(self.prediction(face))

    def mean_agreement(self) -> float:
        """`agreement` as the mean over all faces."""
        return float(np.mean([self.agreement(face) for face in range(len(self.names))]))


def read_maps(file: Path | IO[bytes]) -> ModelMaps:
    """Read a file of ``fer_core.maps``, or its content.

    Raises:
        MapsError: when it is not such a file.
    """
    texts = ("names", "classes", "left_out")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return ModelMaps(**{n: arrays[n].tolist() if n in texts else arrays[n] for n in arrays})
    except (OSError, ValueError, TypeError, EOFError) as error:
        name = file.name if isinstance(file, Path) else "the shipped file"
        raise MapsError(f"The maps in {name} cannot be read: {error}.") from error

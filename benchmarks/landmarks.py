"""What the face landmarker sees on a data set: movements by class, and accuracy by head pose.

    python -m benchmarks.landmarks --data ferplus:PATH

Needs the extra ``landmarks``. The data set's crops go to the landmarker as they are. Printed are,
from images of the training split: the score that 95 % of the neutral faces stay below, for each
movement (`fer_core.landmarks.movements`), and which movements tell each class from the others best
(area under the ROC curve); from the evaluation split: the accuracy of the emotion model by yaw and
by pitch of the head, with 95 % Wilson intervals.
"""

import itertools
import sys
from dataclasses import dataclass

import numpy as np
import tyro
from numpy.random import default_rng
from PIL import Image

from benchmarks.reliability import area
from fer_core.datasets import DataError, Decoding, Split, load_data
from fer_core.faces.face import whole_face
from fer_core.hub.download import resolve_model
from fer_core.inference.predictor import Predictor
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.landmarks.landmarker import Landmarker
from fer_core.landmarks.movements import MOVEMENTS, score
from fer_core.landmarks.task_file import LandmarkerError
from fer_core.metrics.intervals import wilson
from fer_core.models.pretrained import ModelError

NEUTRAL, QUANTILE = "neutral", 0.95
EDGES = (0, 10, 20, 30, 40, 50, 90)  # degrees


@dataclass(frozen=True)
class Command:
    """Measure the face landmarker on a data set of face crops."""

    data: str
    """Data set: see docs/data.md."""
    model: str = "bundled"
    """Folder of a saved model, or bundled."""
    images: int = 3000
    """Training images to look at."""
    evaluated: int = 0
    """Evaluation images; 0: all."""
    seed: int = 0
    """Seed of the images that are drawn."""


def main() -> None:
    """Measure, and print tables."""
    command = tyro.cli(Command, prog="python -m benchmarks.landmarks")
    try:
        predictor = Predictor(resolve_model(command.model))
        spec = predictor.trained.input
        data = load_data(command.data, Decoding(spec.source_size, spec.channels))
        landmarker = Landmarker()
    except (DataError, ModelError, LandmarkerError) as error:
        sys.exit(f"error: {error}")
    generator = default_rng(command.seed)

    def look(split: Split, count: int) -> tuple[np.ndarray, list[FaceAnalysis], list[Image.Image]]:
        """Labels, analyses and crops of the faces in which the landmarker sees one."""
        rows = np.sort(generator.permutation(len(split.true_labels))[: count or None])
        crops = [Image.fromarray(split.images[[row]][0].squeeze()) for row in rows]
        found = [landmarker(crop, [whole_face(crop.size, spec)])[0] for crop in crops]
        seen = [at for at, one in enumerate(found) if one is not None]
        print(f"{split.name}: a face is seen in {len(seen):,} of {len(crops):,} crops")
        analyses = [one for one in found if one is not None]
        return split.true_labels[rows[seen]], analyses, [crops[at] for at in seen]

    labels, analyses, _ = look(data.train, command.images)
    _print_movements(labels, analyses, list(data.classes))
    labels, analyses, crops = look(data.eval, command.evaluated)
    predicted = predictor.classify(crops).probabilities.argmax(1)
    _print_poses(predicted == labels, analyses)


def _print_movements(labels: np.ndarray, faces: list[FaceAnalysis], classes: list[str]) -> None:
    scores = np.array([[score(one, face.blendshapes) for one in MOVEMENTS] for face in faces])
    neutral = labels == classes.index(NEUTRAL)
    limits = np.quantile(scores[neutral], QUANTILE, axis=0)
    _line("movement", f"{100 * QUANTILE:.0f} % of neutral faces below")
    _line("---", "---")
    for movement, limit in zip(MOVEMENTS, limits, strict=True):
        _line(movement.words, f"{limit:.2f}")
    print()
    _line("class", "movements that tell it from the others best (area under the ROC curve)")
    _line("---", "---")
    for number, name in enumerate(classes):
        areas = [area(column, labels == number) for column in scores.T]
        best = np.argsort(areas)[::-1][:3]
        _line(name, ", ".join(f"{MOVEMENTS[at].words} {areas[at]:.2f}" for at in best))
    print()


def _print_poses(correct: np.ndarray, faces: list[FaceAnalysis]) -> None:
    _line("degrees", *(f"{name}: images | accuracy" for name in ("yaw", "pitch up", "pitch down")))
    _line(*("---",) * 7)
    pose = np.array([face.pose for face in faces])
    turns = (np.abs(pose[:, 0]), pose[:, 1], -pose[:, 1])
    for low, high in itertools.pairwise(EDGES):
        cells = []
        for turn in turns:
            inside = (turn >= low) & (turn < high)
            cells.append(f"{inside.sum():,}")
            hits = int(correct[inside].sum())
            if inside.any():
                value, low_end, high_end = (100 * one for one in wilson(hits, int(inside.sum())))
                cells.append(f"{value:.1f} ({low_end:.1f} to {high_end:.1f})")
            else:
                cells.append("")
        _line(f"{low} to {high}", *cells)


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

"""Which sign tells right predictions from wrong? The area under its ROC curve, on labelled faces.

    python -m benchmarks.reliability --data ferplus:PATH                the bundled model
    python -m benchmarks.reliability --data ferplus:PATH --model RUN/model

Signs: the probability of the prediction, and how far the predictions on a face and on its flipped
image agree (`fer_core.explain.consistency`). 0.5 says nothing, 1 separates all
wrong predictions from all right ones.
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from fer_core.datasets import DataError, Decoding, Split, load_data
from fer_core.inference.predictor import Predictor
from fer_core.metrics.ranking import auroc
from fer_core.models.pretrained import ModelError

CHUNK = 256
SIGNS = ("probability", "agreement of predictions", "agreement of maps", "consistency score")


@dataclass(frozen=True)
class Command:
    """Measure the signs of reliability on the test split of a data set."""

    data: str
    """Data set: see docs/data.md."""
    model: Path | None = None
    """Folder of a saved model; by default the bundled one."""


def main() -> None:
    """Parse the command line, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.reliability")
    try:
        predictor = Predictor(command.model)
        spec = predictor.trained.input
        channels = 1 if spec.grey or spec.channels == 1 else 3
        data = load_data(command.data, Decoding(spec.size, channels))
    except (DataError, ModelError) as error:
        sys.exit(f"error: {error}")
    signs, correct = measure(predictor, data.eval)
    print(
        f"{data.name} {data.eval.name}, {len(correct):,} images, {100 * correct.mean():.2f} % right"
    )
    for name, values in signs.items():
        print(f"{name:34} {area(values, correct):.3f}")


def measure(predictor: Predictor, split: Split) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The signs (N,) by name, and whether each prediction is correct (N,)."""
    signs: dict[str, list[float]] = {name: [] for name in SIGNS}
    correct: list[bool] = []
    for start in range(0, len(split.true_labels), CHUNK):
        labels = split.true_labels[start : start + CHUNK]
        pixels = [
            np.asarray(split.images[row]).squeeze() for row in range(start, start + len(labels))
        ]
        answers = predictor.classify([Image.fromarray(image) for image in pixels])
        for index, label in enumerate(labels):
            check, number = answers.mirror_check(index), int(answers.probabilities[index].argmax())
            assert check is not None  # the predictor looks at flipped images by default
            values = (
                float(answers.probabilities[index].max()),
                check.answer_agreement,
                check.map_agreement(number),
                check.consistency(number),
            )
            for column, value in zip(signs.values(), values, strict=True):
                column.append(value)
            correct.append(number == label)
    return {name: np.array(column) for name, column in signs.items()}, np.array(correct)


def area(values: np.ndarray, correct: np.ndarray) -> float:
    """`auroc` of correct predictions; nan where all predictions are correct, or all wrong."""
    found = auroc(values, correct)
    return math.nan if found is None else found


if __name__ == "__main__":
    main()

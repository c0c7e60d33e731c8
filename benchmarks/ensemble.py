"""How good are several models together, and each alone, on one evaluation split?

    python -m benchmarks.ensemble --data ferplus:PATH --models runs/a/model runs/b/model

Together: the mean of their probabilities (softmax of the logits, with flip TTA), as the teachers of
``--method distill`` are averaged. The difference to the best single model is paired by image, and
which model is best is seen on the same images, so it is a little too small.
"""

import sys
from dataclasses import dataclass

import numpy as np
import tyro

from benchmarks.class_bias import figures, predict_with, print_head, print_line
from fer_core.datasets import DataError
from fer_core.metrics.calibration import softmax
from fer_core.metrics.intervals import bootstrap_mean
from fer_core.models.pretrained import ModelError

RESAMPLES = 10_000


@dataclass(frozen=True)
class Command:
    """Measure models alone and together."""

    data: str
    """Data set: see docs/data.md."""
    models: tuple[str, ...]
    """Folders of saved models, names of the Hub, or bundled; with the same classes."""


def main() -> None:
    """Parse the command line, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.ensemble")
    if len(command.models) < 2:
        sys.exit(f"error: --models needs at least 2 models, got {len(command.models)}")
    try:
        found = [predict_with(name, command.data) for name in command.models]
    except (DataError, ModelError) as error:
        sys.exit(f"error: {error}")
    listing = found[0].listing
    labels = found[0].labels
    rarest = print_head("model", listing)
    alone = [one.logits.argmax(1) for one in found]
    together = mean_probabilities([one.logits for one in found]).argmax(1)
    everyone = zip((*command.models, "together"), (*alone, together), strict=True)
    for name, predicted in everyone:
        print_line(name, *figures(predicted, labels, rarest, len(listing.classes)))
    best = max(alone, key=lambda predicted: (predicted == labels).mean())
    gained = (together == labels).astype(float) - (best == labels)
    value, low, high = bootstrap_mean(gained, RESAMPLES, np.random.default_rng(0))
    print(f"\ntogether - best alone: {100 * value:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})")


def mean_probabilities(logits: list[np.ndarray]) -> np.ndarray:
    """The models' average probabilities.

    Args:
        logits: (N, K) of each model.

    Returns:
        (N, K), rows that sum to 1.
    """
    return np.mean([softmax(one) for one in logits], axis=0)


if __name__ == "__main__":
    main()

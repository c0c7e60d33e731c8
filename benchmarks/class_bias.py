"""What can be traded between frequent and rare classes without training again?

    python -m benchmarks.class_bias --data ferplus:PATH [--model RUN/model]

Logit adjustment (Menon et al., ICLR 2021, section 4.2): from each logit, tau times the logarithm of
the share of its class in the training labels is subtracted. Tau above 0 favours rare classes, below
0 frequent ones. A curve on the evaluation split; nothing is selected on it.
"""

import sys
from dataclasses import dataclass

import numpy as np
import tyro

from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.cache.store import Storage
from fer_core.evaluation.predictions import predict_split
from fer_core.hub.download import resolve_model
from fer_core.metrics import classification as metrics
from fer_core.models.pretrained import ModelError, load_model

RAREST = 2


@dataclass(frozen=True)
class Command:
    """Measure a model under growing preference for rare classes."""

    data: str
    """Data set: see docs/data.md."""
    model: str = "bundled"
    """Folder of a saved model, or bundled."""
    tau: tuple[float, ...] = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)
    """Strengths of the preference; 0: the model as it is."""


def main() -> None:
    """Parse the command line, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.class_bias")
    try:
        trained = load_model(resolve_model(command.model), command.model)
        listing = list_data(command.data, Decoding(trained.input.size, trained.input.channels))
        found = predict_split(
            trained, listing, "eval", storage=Storage(), mirror=True, shared_classes=False
        )
    except (DataError, ModelError) as error:
        sys.exit(f"error: {error}")
    if listing.classes != trained.classes:
        sys.exit(f"error: the model predicts {trained.classes}, the data have {listing.classes}")
    counts = np.bincount(listing.train.true_labels, minlength=len(listing.classes))
    rarest = np.argsort(counts)[:RAREST]
    names = [f"precision of {listing.classes[one]}" for one in rarest]
    _line("tau", "accuracy", "mean class accuracy", "macro F1", *names)
    _line(*("---",) * (4 + RAREST))
    for tau in command.tau:
        predicted = (found.logits - tau * np.log(counts / counts.sum())).argmax(1)
        _line(f"{tau:g}", *figures(predicted, found.split.true_labels, rarest, len(counts)))


def figures(
    predicted: np.ndarray, labels: np.ndarray, rarest: np.ndarray, classes: int
) -> list[str]:
    """Accuracy, mean class accuracy, macro F1 and the precisions of some classes, in percent.

    Args:
        predicted: (N,) classes.
        labels: (N,) true ones.
        rarest: numbers of the classes whose precision is wanted.
        classes: number of classes.
    """
    confusion = metrics.confusion_matrix(labels, predicted, classes)
    shares = [
        metrics.accuracy(confusion),
        metrics.mean_class_accuracy(confusion),
        metrics.macro_f1(confusion),
        *metrics.precisions(confusion)[rarest],
    ]
    return [f"{100 * share:.2f}" for share in shares]


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

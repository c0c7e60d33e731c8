"""What can be traded between frequent and rare classes without training again?

    python -m benchmarks.class_bias --data ferplus:PATH [--model RUN/model]

Logit adjustment (Menon et al., ICLR 2021, section 4.2): from each logit, tau times the logarithm of
the share of its class in the training labels is subtracted. Tau above 0 favours rare classes, below
0 frequent ones. A curve on the evaluation split; nothing is selected on it.
"""

import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tyro

from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.base import Listing
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


class Predictions(NamedTuple):
    """Of one model for one evaluation split: ``labels`` (N,) and ``logits`` (N, K)."""

    listing: Listing
    labels: np.ndarray
    logits: np.ndarray


def main() -> None:
    """Parse the command line, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.class_bias")
    try:
        found = predict_with(command.model, command.data)
    except (DataError, ModelError) as error:
        sys.exit(f"error: {error}")
    rarest = print_head("tau", found.listing)
    counts = class_counts(found.listing)
    logs = np.log(counts / counts.sum())
    for tau in command.tau:
        predicted = (found.logits - tau * logs).argmax(1)
        print_line(f"{tau:g}", *figures(predicted, found.labels, rarest, len(counts)))


def predict_with(name: str, data: str) -> Predictions:
    """The predictions of a model for the evaluation split, with flip TTA.

    Args:
        name: folder of a saved model, a name of the Hub, or bundled.
        data: data set, with the classes of the model.

    Raises:
        DataError: when there is no such data set, or it has other classes.
        ModelError: when there is no such model.
    """
    trained = load_model(resolve_model(name), name)
    listing = list_data(data, Decoding(trained.input.size, trained.input.channels))
    if listing.classes != trained.classes:
        raise DataError(f"{name} predicts {trained.classes}, the data have {listing.classes}")
    found = predict_split(
        trained, listing, "eval", storage=Storage(), mirror=True, shared_classes=False
    )
    return Predictions(listing, found.split.true_labels, found.logits)


def class_counts(listing: Listing) -> np.ndarray:
    """(K,) training images of each class."""
    return np.bincount(listing.train.true_labels, minlength=len(listing.classes))


def print_head(first: str, listing: Listing) -> np.ndarray:
    """Print the head of a table of `figures`, and return its rarest classes."""
    rarest = np.argsort(class_counts(listing))[:RAREST]
    names = [f"precision of {listing.classes[one]}" for one in rarest]
    print_line(first, "accuracy", "mean class accuracy", "macro F1", *names)
    print_line(*("---",) * (4 + RAREST))
    return rarest


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


def print_line(*cells: str) -> None:
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

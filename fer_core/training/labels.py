"""The labels that a run is trained on: noisy labels, or shares of votes."""

import logging
from pathlib import Path

import numpy as np

from fer_core.config import RunConfig
from fer_core.datasets import DataError, FaceData, Listing, vote_shares
from fer_core.emotions import SEVEN_CLASSES
from fer_core.noise.confusion import confusion_weights
from fer_core.noise.generate import (
    NoisyLabels,
    asymmetric_noise,
    original_noise,
    rater_noise,
    symmetric_noise,
)
from fer_core.noise.label_files import noise_from_list

logger = logging.getLogger(__name__)


def draw_noisy_labels(config: RunConfig, data: FaceData | Listing) -> NoisyLabels:
    """The training labels under the noise that the configuration asks for; needs no images.

    Raises:
        DataError: when the data set lacks what a kind of human noise needs.
        ValueError, FileNotFoundError: when a list or table of the noise does not fit.
    """
    train, classes, seed = data.train, data.classes, config.seed
    true_labels, names = train.true_labels, train.names
    rate = config.noise_rate or 0.0
    match config.noise:
        case "none":
            return NoisyLabels(true_labels, np.zeros(len(true_labels), dtype=bool))
        case "symmetric":
            return symmetric_noise(true_labels, rate, len(classes), seed, names)
        case "asymmetric":
            weights = confusion_weights(config.confusions, classes)
            return asymmetric_noise(true_labels, rate, weights, seed, names)
        case "rater":
            votes = _needed(train.votes, data, "noise 'rater'", "FER+ votes")
            return rater_noise(true_labels, votes, len(classes), seed, names)
        case "fer2013":
            original = _needed(
                train.original_labels, data, "noise 'fer2013'", "labels of FER2013 itself"
            )
            if tuple(classes) != SEVEN_CLASSES:
                raise DataError(
                    "noise 'fer2013' needs the 7 classes of FER2013, which has no contempt: all "
                    f"labels of that class would be wrong by construction. {data.name} has "
                    f"{len(classes)} classes here: use ferplus:PATH?classes=7"
                )
            if (original < 0).any():
                logger.warning(
                    "%d of %d images have no label of FER2013: they keep the true one",
                    *((original < 0).sum(), len(original)),
                )
            return original_noise(true_labels, original)
        case "file":
            return noise_from_list(Path(config.noise_file or ""), names, true_labels, classes)


def training_targets(config: RunConfig, data: FaceData, noise: NoisyLabels) -> np.ndarray:
    """What the classification loss aims at: the (N,) noisy labels, or (N, K) float32 shares.

    Args:
        config: of the run.
        data: whose training images it learns from.
        noise: the labels of these images.

    Raises:
        DataError: when the data set has no votes and the run asks for them.
    """
    if config.targets == "labels":
        return noise.noisy_labels
    return vote_targets(data, sharpened=config.targets == "sharpened_votes")


def vote_targets(data: FaceData, *, sharpened: bool = False) -> np.ndarray:
    """(N, K) float32 shares of the raters' votes, for soft labels.

    Args:
        data: with votes for its training images.
        sharpened: square the shares and scale them to a sum of 1, as a temperature of 1/2 would.

    Raises:
        DataError: when the data set has no votes.
    """
    votes = _needed(data.train.votes, data, "targets 'votes'", "FER+ votes")
    shares = vote_shares(votes, len(data.classes))
    if not sharpened:
        return shares
    return shares**2 / (shares**2).sum(1, keepdims=True)


def _needed(
    column: np.ndarray | None, data: FaceData | Listing, option: str, what: str
) -> np.ndarray:
    if column is None:
        raise DataError(
            f"{option} needs {what}, which {data.name} does not have here: use ferplus "
            "(docs/data.md shows the files)"
        )
    return column

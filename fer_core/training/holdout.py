"""Held-out training images, on which an epoch is chosen instead of on the evaluation split."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fer_core.config.training import SelectionMeasure
from fer_core.datasets import Split
from fer_core.evaluation.inference import Evaluation, Scores
from fer_core.metrics.classification import (
    AVERAGED_EPOCHS,
    accuracy,
    confusion_matrix,
    mean_class_accuracy,
)


def held_out(digests: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which training images are held out: whole groups of identical images, drawn at random.

    The draw depends on the images alone, not on their order or names.

    Args:
        digests: (N, 16) uint8, equal for images that are equal pixel by pixel.
        share: of the images, in (0, 1).
        seed: same seed, same images.

    Returns:
        (N,) bool, True for about ``share`` of the images: as few groups as reach it.
    """
    keys = np.ascontiguousarray(digests).view(f"V{digests.shape[1]}")[:, 0]
    _, groups, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.random.Generator(np.random.PCG64([seed, len(sizes)])).permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order[before < round(share * len(digests))]] = True
    return chosen[groups]


class Holdout(NamedTuple):
    """The held-out training images.

    Attributes:
        split: the M images, with their true labels, which decide nothing.
        noisy_labels: (M,) what the model is measured against.
    """

    split: Split
    noisy_labels: np.ndarray


class EpochSelection:
    """The epoch chosen on held-out images, and what the evaluation images were predicted as.

    Attributes:
        epoch: the chosen epoch from 1; 0 before the first, and without held-out images.
        best: accuracy, or mean class accuracy, on the held-out images against their noisy labels
            in the chosen epoch.
        chosen: (2, N) predicted classes of the evaluation images in the chosen epoch, without
            and with flip TTA; None as long as no epoch is chosen.
        recent: (2, N) likewise of each of the last five epochs.
    """

    def __init__(self, select_by: SelectionMeasure = "accuracy") -> None:
        """Choose nothing yet.

        Args:
            select_by: of the held-out images, the measure that chooses.
        """
        self._measure = {"accuracy": accuracy, "mean_class_accuracy": mean_class_accuracy}[
            select_by
        ]
        self.epoch = 0
        self.best = 0.0
        self.chosen: np.ndarray | None = None
        self.recent: list[np.ndarray] = []

    def update(self, epoch: int, scores: Scores, holdout: Evaluation | None) -> bool:
        """Take in an epoch.

        Args:
            epoch: from 1.
            scores: on the evaluation split in this epoch.
            holdout: the held-out images in this epoch; None without them.

        Returns:
            Whether this epoch is the chosen one now: the first with the highest measure.
        """
        predicted = np.stack([scores.single.predicted, scores.tta.predicted])
        self.recent = [*self.recent, predicted][-AVERAGED_EPOCHS:]
        if holdout is None:
            return False
        value = self._measure(holdout.confusion)
        if self.epoch and value <= self.best:
            return False
        self.epoch, self.best, self.chosen = epoch, value, predicted
        return True

    def exhausted(self, completed: int, patience: int) -> bool:
        """Whether ``patience`` epochs have gone by without a better one; never with 0."""
        return 0 < patience <= completed - self.epoch

    def state(self) -> dict[str, Any]:
        """The selection as plain values, for a checkpoint."""
        chosen = None if self.chosen is None else self.chosen.tolist()
        recent = [predicted.tolist() for predicted in self.recent]
        return {
            "epoch": self.epoch,
            "best": self.best,
            "chosen": chosen,
            "recent": recent,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        best = "best" if "best" in state else "accuracy"  # in earlier checkpoints
        self.epoch, self.best = state["epoch"], state[best]
        self.chosen = None if state["chosen"] is None else np.array(state["chosen"])
        self.recent = [np.array(predicted) for predicted in state["recent"]]

    def result(self, true_labels: np.ndarray, classes: int) -> dict[str, Any]:
        """The final figures that a record adds, see docs/run-records.md; null without a choice.

        Args:
            true_labels: (N,) of the evaluation images.
            classes: number of classes.
        """
        figures: dict[str, Any] = {"chosen_epoch": self.epoch or None}
        for side, suffix in enumerate(("", "_tta")):
            values: Sequence[float | None] = (None, None)
            if self.chosen is not None:
                confusion = confusion_matrix(true_labels, self.chosen[side], classes)
                values = accuracy(confusion), mean_class_accuracy(confusion)
            figures[f"chosen_accuracy{suffix}"] = values[0]
            figures[f"chosen_mean_class_accuracy{suffix}"] = values[1]
        return figures

    def hits_of_recent(self, true_labels: np.ndarray) -> np.ndarray:
        """(N,) share of the last five epochs in which each evaluation image was predicted right."""
        return np.mean([predicted[0] == true_labels for predicted in self.recent], axis=0)

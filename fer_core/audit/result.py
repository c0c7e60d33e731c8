"""What an audit found: every training image with its labels, its scores, and what they suggest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

ScoreName = Literal[
    "cross_entropy",
    "margin",
    "tta_cross_entropy",
    "flip_disagreement",
    "knn",
    "class_doubt",
    "out_of_fold",
    "cleanlab_self_confidence",
    "cleanlab_confident_learning",
    "combined",
]
# Every score that an audit can give, in the order of the tables; the higher, the more suspicious.
SCORES: dict[ScoreName, str] = {
    "cross_entropy": "cross-entropy of the noisy label, in nats",
    "margin": "probability of the strongest other class minus that of the noisy label, -1 to 1",
    "tta_cross_entropy": "cross-entropy of the noisy label with flip TTA, in nats",
    "flip_disagreement": "Jensen-Shannon divergence of the predictions on the image and on the "
    "flipped image, 0 to 1 bit",
    "knn": "share of the nearest training images in feature space with another noisy label, 0 to 1",
    "class_doubt": "share of the images with that noisy label that the model predicts otherwise, "
    "0 to 1: one value a class",
    "out_of_fold": "cross-entropy of the noisy label by a model that was trained without the "
    "image, in nats",
    "cleanlab_self_confidence": "1 minus cleanlab's self-confidence, 0 to 1",
    "cleanlab_confident_learning": "cleanlab's confident learning: 1 to 2 for a label issue, below "
    "1 for the others, both by self-confidence",
    "combined": "mean rank in several scores, 0 to 1",
}


@dataclass(frozen=True)
class Audit:
    """The N training images of a data set, and how suspicious the label of each is.

    Attributes:
        classes: K names, in the order of the label numbers.
        names: N images.
        noisy_labels: (N,) int64, the labels under audit.
        true_labels: (N,) int64, where better labels are known (noise was injected, or a data set
            was relabelled), to measure the audit by; else None.
        suggested_labels: (N,) int64; equal to the noisy label where the audit suggests no other.
        probabilities: (N, K) float32 of the model, in evaluation mode, with flip TTA where its
            outputs have both views.
        scores: name -> (N,) float32, the higher, the more suspicious; the names are those of
            `SCORES`, as many as the outputs of the model allow.
        ranking: name of the score that ranks the images.
        flagged: (N,) bool, the images that the exclude list drops and the corrected list relabels.
        votes_against: (N,) float32, share of the annotator votes for the strongest class other
            than the noisy label, 0 to 1; None without votes.
        duplicates: groups of positions of images that are copies of each other, identical or near,
            with different noisy labels.
        missing: name of a score -> why it is not there.
        measured: how well the scores find the wrong labels (`fer_core.audit.measure`); None where
            true labels are not known.
        facts: where all this comes from: ``data``, ``run``, ``seconds``, and what was ``excluded``
            before (docs/audit.md).
    """

    classes: tuple[str, ...]
    names: tuple[str, ...]
    noisy_labels: np.ndarray
    true_labels: np.ndarray | None
    suggested_labels: np.ndarray
    probabilities: np.ndarray
    scores: Mapping[str, np.ndarray]
    ranking: str
    flagged: np.ndarray
    votes_against: np.ndarray | None = None
    duplicates: tuple[tuple[int, ...], ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> np.ndarray:
        """(N,) positions of the images, the most suspicious first."""
        return np.argsort(-self.scores[self.ranking], kind="stable")

    @property
    def ranks(self) -> np.ndarray:
        """(N,) rank of each image from 1, the most suspicious."""
        return _ranks(self.order)

    @property
    def class_ranks(self) -> np.ndarray:
        """(N,) rank of each image from 1 among those with its noisy label."""
        ranks = np.zeros(len(self.names), np.int64)
        for label in np.unique(self.noisy_labels):
            own = np.flatnonzero(self.noisy_labels == label)
            ranks[own] = _ranks(np.argsort(-self.scores[self.ranking][own], kind="stable"))
        return ranks

    @property
    def predicted(self) -> np.ndarray:
        """(N,) classes that the model predicts."""
        return self.probabilities.argmax(1)

    @property
    def losses(self) -> np.ndarray:
        """(N,) cross-entropy of the noisy label, in nats."""
        return self.scores["cross_entropy"]

    @property
    def wrong(self) -> np.ndarray | None:
        """(N,) bool, whether the noisy label is not the true one; None where none is known."""
        return None if self.true_labels is None else self.noisy_labels != self.true_labels

    @property
    def corrected_labels(self) -> np.ndarray:
        """(N,) the noisy labels, with those of the flagged images replaced by the suggestions."""
        return np.where(self.flagged, self.suggested_labels, self.noisy_labels)


def _ranks(order: np.ndarray) -> np.ndarray:
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks

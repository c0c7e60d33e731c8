"""What an audit says of each class: how far its labels can be trusted, and what they become."""

from typing import NamedTuple

import numpy as np

from fer_core.audit.result import Audit


class ClassReliability(NamedTuple):
    """The images of one noisy label.

    Attributes:
        name: of the class.
        images: how many carry the label.
        flagged: how many of them the audit would relabel.
        estimated: estimated probability that the label is right: the share of the images that the
            model predicts as the label; None without images. It trusts the model: a convention
            that the model has learned with the labels is right to it.
        true: share of right labels, where true labels are known.
    """

    name: str
    images: int
    flagged: int
    estimated: float | None
    true: float | None


class Transitions(NamedTuple):
    """How many images of each noisy label (row) have each other label (column).

    Attributes:
        suggested: (K, K) int64 counts of the corrected labels.
        true: (K, K) int64 counts of the true labels; None where none are known.
    """

    suggested: np.ndarray
    true: np.ndarray | None


def class_reliability(audit: Audit) -> tuple[ClassReliability, ...]:
    """How far the labels of each class can be trusted, in the order of the classes."""
    agreed = audit.predicted == audit.noisy_labels
    rows = []
    for number, name in enumerate(audit.classes):
        members = audit.noisy_labels == number
        count, wrong = int(members.sum()), audit.wrong
        rows.append(
            ClassReliability(
                name,
                count,
                int(audit.flagged[members].sum()),
                float(agreed[members].mean()) if count else None,
                float(1 - wrong[members].mean()) if wrong is not None and count else None,
            )
        )
    return tuple(rows)


def transitions(audit: Audit) -> Transitions:
    """From the noisy labels to the corrected ones, and to the true ones where these are known."""
    size = len(audit.classes)

    def counts(labels: np.ndarray) -> np.ndarray:
        cells = np.bincount(audit.noisy_labels * size + labels, minlength=size * size)
        return cells.reshape(size, size)

    true = None if audit.true_labels is None else counts(audit.true_labels)
    return Transitions(counts(audit.corrected_labels), true)

"""Label noise: which labels a model is trained on, and which of them are noisy.

Every draw is made in the order of the sorted image names, so a seed stands for the same labels
however the files are listed. The labels of a seed never change: published runs name only the seed.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

import numpy as np

from fer_core.emotions import FERPLUS_VOTES, class_names


class NoisyLabels(NamedTuple):
    """The labels a model is trained on.

    Attributes:
        noisy_labels: (N,) int64; without noise, equal to the true labels.
        flipped: (N,) bool, True where the noisy label differs from the true one.
    """

    noisy_labels: np.ndarray
    flipped: np.ndarray

    @property
    def labels(self) -> NoReturn:
        """Refused: it would not say which labels are meant."""
        raise AttributeError(
            "NoisyLabels has no plain labels: noisy_labels are what a model is trained on; "
            "true_labels are those of the split"
        )


def symmetric_noise(
    true_labels: np.ndarray,
    rate: float,
    classes: int,
    seed: int,
    names: Sequence[str] | None = None,
) -> NoisyLabels:
    """Change exactly ``round(rate * N)`` labels, each to one of the other classes, uniformly.

    Args:
        true_labels: (N,) labels in [0, classes).
        rate: share of the labels to change, in [0, 1).
        classes: number of classes, at least 2.
        seed: same seed, same labels; at least 0.
        names: N unique image names, whose sorted order is the order of the draw; None draws in
            the order of ``true_labels``.

    Raises:
        ValueError: for a rate, a class count or labels out of range, or a name given twice.
    """
    _check_rate(rate)
    if classes < 2:
        raise ValueError(f"label noise needs at least 2 classes, got {classes}")
    true_labels = _checked("labels", true_labels, classes)
    order = _draw_order(names, len(true_labels))
    generator = np.random.Generator(np.random.PCG64(seed))
    chosen = order[generator.permutation(len(true_labels))[: round(rate * len(true_labels))]]
    labels = true_labels.copy()
    labels[chosen] = (true_labels[chosen] + generator.integers(1, classes, len(chosen))) % classes
    return NoisyLabels(labels, labels != true_labels)


def asymmetric_noise(
    true_labels: np.ndarray,
    rate: float,
    weights: np.ndarray,
    seed: int,
    names: Sequence[str] | None = None,
) -> NoisyLabels:
    """Change exactly ``round(rate * n)`` of the n labels of each class that has confusions.

    A class without confusions keeps its labels, so over all classes fewer than ``rate`` may
    change. Each class has a generator of its own: its labels depend on no other class.

    Args:
        true_labels: (N,) labels in [0, K).
        rate: share of the labels to change in each class with confusions, in [0, 1).
        weights: (K, K), row = true class, column = noisy class: how often one is taken for the
            other, relative to its row. The diagonal is ignored.
        seed: same seed, same labels; at least 0.
        names: as for `symmetric_noise`.

    Raises:
        ValueError: for a rate, weights or labels out of range, or a name given twice.
    """
    _check_rate(rate)
    weights = np.array(weights, dtype=np.float64)  # (K, K), a copy
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or len(weights) < 2:
        raise ValueError(f"weights must be (K, K) with K of at least 2, got {weights.shape}")
    np.fill_diagonal(weights, 0)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("weights must be finite numbers of at least 0 off the diagonal")
    true_labels = _checked("labels", true_labels, len(weights))
    order = _draw_order(names, len(true_labels))
    labels = true_labels.copy()
    for label, row in enumerate(weights):
        if not row.any():
            continue
        source = np.random.SeedSequence(seed, spawn_key=(label,))
        generator = np.random.Generator(np.random.PCG64(source))
        members = order[true_labels[order] == label]
        chosen = members[generator.permutation(len(members))[: round(rate * len(members))]]
        ladder = np.cumsum(row / row.max())  # (K,), the last step in [1, K)
        drawn = generator.random(len(chosen)) * ladder[-1]
        labels[chosen] = np.searchsorted(ladder, drawn, side="right")
    return NoisyLabels(labels, labels != true_labels)


def rater_noise(
    true_labels: np.ndarray,
    votes: np.ndarray,
    classes: int,
    seed: int,
    names: Sequence[str] | None = None,
) -> NoisyLabels:
    """Label each image as one of its FER+ raters did, drawn in proportion to the votes.

    The drawn vote may be no class of the run: unknown, not a face, or contempt with 7 classes. It
    cannot be a label; it becomes one of the classes other than the true one, uniformly.
    So the expected share of noisy labels stays the raters' own, 1 - P(true label) over all ten
    kinds of vote: 21.7 % of the FER+ training images that the majority rule keeps (21.6 with 7).

    Args:
        true_labels: (N,) majority labels in [0, classes).
        votes: (N, 10) counts in the order of `FERPLUS_VOTES`.
        classes: 7 or 8 (with contempt).
        seed: same seed, same labels; at least 0.
        names: as for `symmetric_noise`.

    Raises:
        ValueError: for classes, labels or votes out of range, an image without votes, or a name
            given twice.
    """
    class_names(classes)
    true_labels = _checked("labels", true_labels, classes)
    votes = np.asarray(votes)
    if votes.shape != (len(true_labels), len(FERPLUS_VOTES)):
        raise ValueError(
            f"votes must be ({len(true_labels)}, {len(FERPLUS_VOTES)}), one row a label and one "
            f"column for each of {', '.join(FERPLUS_VOTES)}, got {votes.shape}"
        )
    if not np.issubdtype(votes.dtype, np.integer) or (votes < 0).any():
        raise ValueError("votes must be whole numbers of at least 0")
    order = _draw_order(names, len(true_labels))
    without = np.flatnonzero(votes.sum(1) == 0)
    if len(without):
        first = f"image {without[0]}" if names is None else repr(names[without[0]])
        raise ValueError(
            f"{len(without)} of {len(true_labels)} images have no votes, first {first}: rater "
            f"noise needs at least one vote an image"
        )
    generator = np.random.Generator(np.random.PCG64(seed))
    lots, shifts = np.empty(len(true_labels)), np.empty(len(true_labels), dtype=np.int64)
    lots[order] = generator.random(len(true_labels))
    shifts[order] = generator.integers(1, classes, len(true_labels))
    ladder = np.cumsum(votes, axis=1)  # (N, 10)
    drawn = (ladder <= (lots * ladder[:, -1])[:, None]).sum(1)  # (N,), columns of the votes
    labels = np.where(drawn < classes, drawn, (true_labels + shifts) % classes).astype(np.int64)
    return NoisyLabels(labels, labels != true_labels)


def original_noise(true_labels: np.ndarray, original_labels: np.ndarray) -> NoisyLabels:
    """Take the labels that the data set had before it was relabelled: FER2013's under FER+.

    Args:
        true_labels: (N,) labels.
        original_labels: (N,) by the same classes; -1 where an image has none (0.5 % of FERPlus:
            identical images with different labels), which keeps the true label.

    Raises:
        ValueError: when the lengths differ or a label is below -1.
    """
    true_labels = np.asarray(true_labels, dtype=np.int64)
    original = np.asarray(original_labels, dtype=np.int64)
    if original.shape != true_labels.shape:
        raise ValueError(
            f"original labels must be one for each of {len(true_labels)} images, got "
            f"{original.shape}"
        )
    if original.size and original.min() < -1:
        raise ValueError(
            f"original labels must be class numbers, or -1 for none, got {original.min()}"
        )
    labels = np.where(original < 0, true_labels, original)
    return NoisyLabels(labels, labels != true_labels)


def transition_matrix(
    true_labels: np.ndarray, noisy_labels: np.ndarray, classes: int
) -> np.ndarray:
    """How many images of each true class (row) have each noisy label (column).

    Args:
        true_labels: (N,) labels in [0, classes).
        noisy_labels: (N,) labels in [0, classes).
        classes: K, the number of classes.

    Returns:
        (K, K) int64 counts; the rows add up to the true class counts.

    Raises:
        ValueError: for labels out of range, or when the lengths differ.
    """
    true_labels = _checked("true labels", true_labels, classes)
    noisy_labels = _checked("noisy labels", noisy_labels, classes)
    if true_labels.shape != noisy_labels.shape:
        raise ValueError(
            f"{len(noisy_labels)} noisy labels do not fit {len(true_labels)} true labels"
        )
    cells = np.bincount(true_labels * classes + noisy_labels, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def noise_facts(
    kind: str, rate: float, noisy: NoisyLabels, true_labels: np.ndarray, classes: int
) -> Mapping[str, object]:
    """What the run record says of the noise: kind, rates, count, hash, transition counts."""
    count = int(noisy.flipped.sum())
    return {
        "kind": kind,
        "rate": rate,
        "realised_rate": count / max(1, len(noisy.noisy_labels)),
        "noisy_label_count": count,
        "noisy_labels_sha256": hashlib.sha256(
            noisy.noisy_labels.astype("<i8").tobytes()
        ).hexdigest(),
        "transition": transition_matrix(true_labels, noisy.noisy_labels, classes).tolist(),
    }


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"noise rate must be in [0, 1), got {rate}")


def _checked(what: str, labels: np.ndarray, classes: int) -> np.ndarray:
    labels = np.asarray(labels, dtype=np.int64)
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"{what} must be in [0, {classes}), got {labels.min()} to {labels.max()}")
    return labels


def _draw_order(names: Sequence[str] | None, count: int) -> np.ndarray:
    """(N,) positions of the images in the order of their names."""
    if names is None:
        return np.arange(count)
    if len(names) != count:
        raise ValueError(f"{len(names)} names do not fit {count} labels")
    order = sorted(range(count), key=names.__getitem__)
    for one, other in itertools.pairwise(order):
        if names[one] == names[other]:
            raise ValueError(f"image names must be unique, {names[one]!r} is given twice")
    return np.array(order, dtype=np.int64)

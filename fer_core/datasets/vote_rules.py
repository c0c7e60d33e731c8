"""From the votes of FERPlus' ten raters to labels (Barsoum et al., ICMI 2016)."""

from collections.abc import Callable

import numpy as np


def majority_labels(votes: np.ndarray, classes: int) -> np.ndarray:
    """The majority rule of the FER+ reference code.

    Votes of a single rater are dropped as outliers; the winner must then hold more than half of
    the votes that are left. Images without such a winner, or won by "unknown", "not a face" or a
    class that is not asked for, are excluded.

    Args:
        votes: (N, 10) counts in the order of `FERPLUS_VOTES`.
        classes: 7 or 8 (with contempt).

    Returns:
        (N,) int64 labels, -1 for an image to exclude.
    """
    counted = np.where(votes > 1, votes, 0)
    winner = counted.argmax(1)
    clear = 2 * counted.max(1) > counted.sum(1)
    return np.where(clear & (winner < classes), winner, -1)


def probability_labels(votes: np.ndarray, classes: int) -> np.ndarray:
    """The probability rule of the FER+ reference code, which keeps more images.

    Votes of a single rater are dropped as outliers. Classes are then counted in, those of equal
    votes together and the most voted first, until they hold three quarters of the votes;
    "unknown" or "not a face" ends this. What was counted in must be at most three classes, with
    more than half of the votes. The label is the most voted of them.

    Args:
        votes: (N, 10) counts in the order of `FERPLUS_VOTES`.
        classes: 7 or 8 (with contempt).

    Returns:
        (N,) int64 labels, -1 for an image to exclude.
    """
    left = np.where(votes > 1, votes, 0)
    total, emotions = left.sum(1), left.shape[1] - 2
    taken = np.zeros_like(left)
    held = np.zeros(len(votes), np.int64)
    going_on = total > 0
    while going_on.any():
        highest = left.max(1)
        level = (left == highest[:, None]) & going_on[:, None]
        taken = np.where(level, left, taken)
        held += (level * left).sum(1)
        left = np.where(level, 0, left)
        no_emotion = level[:, emotions:].any(1)
        led = no_emotion & (taken[:, :emotions] > 0).any(1)  # by an emotion, which stays
        taken[led, emotions:] = 0
        count = (taken > 0).sum(1)
        going_on &= (4 * held < 3 * total) & (count < 3) & ~no_emotion
    winner = taken.argmax(1)
    kept = (2 * taken.sum(1) > total) & ((taken > 0).sum(1) <= 3) & (winner < classes)
    return np.where(kept, winner, -1)


def vote_shares(votes: np.ndarray, classes: int) -> np.ndarray:
    """Soft labels: the share of each class in the votes, without those of single raters.

    Probabilistic label drawing's distribution of Barsoum et al. (2016), over the classes alone.

    Args:
        votes: (N, 10) counts in the order of `FERPLUS_VOTES`, of images with a majority label.
        classes: 7 or 8 (with contempt).

    Returns:
        (N, K) float32 rows that add up to 1.
    """
    counted = np.where(votes > 1, votes, 0)[:, :classes]
    return (counted / counted.sum(1, keepdims=True)).astype(np.float32)


RULES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "majority": majority_labels,
    "probability": probability_labels,
}

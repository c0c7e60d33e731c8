"""Temperature scaling: probabilities that are as often right as they say, with the same answers.

Guo, Pleiss, Sun, Weinberger: "On Calibration of Modern Neural Networks", ICML 2017, section 4.2:
softmax(z / T) with the one T that minimises the cross-entropy of images that it is not judged by.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np

LEAST_IMAGES = 50  # that a temperature is fitted on
COLDEST, HOTTEST = 0.01, 100.0  # temperatures
STEPS = 100


class CalibrationError(ValueError):
    """Images that no temperature can be fitted on."""


def softmax(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """(N, K) float64 probabilities of (N, K) logits.

    Args:
        logits: of each image.
        temperature: T > 0, one for all images or (N,).
    """
    scaled = logits.astype(np.float64) / np.reshape(temperature, (-1, 1))
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float | np.ndarray = 1.0
) -> float:
    """Mean cross-entropy in nats; see `softmax`."""
    scaled = logits.astype(np.float64) / np.reshape(temperature, (-1, 1))
    highest = scaled.max(1)
    log_sums = highest + np.log(np.exp(scaled - highest[:, None]).sum(1))
    return float(np.mean(log_sums - scaled[np.arange(len(labels)), labels]))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least cross-entropy, in [0.01, 100].

    The cross-entropy is convex in 1/T. Its slope, the mean of (expected logit - logit of the
    label), is brought to zero by Newton's steps, halving the bracket where one would leave it.
    Where it has one sign throughout (every answer is right, say) the temperature is that end of
    the range; where it is zero throughout (all logits are equal), 1.

    Args:
        logits: (N, K).
        labels: (N,) class numbers.

    Raises:
        CalibrationError: for fewer than 50 images.
    """
    if len(labels) < LEAST_IMAGES:
        raise CalibrationError(
            f"a temperature needs at least {LEAST_IMAGES} images to be fitted on, got {len(labels)}"
        )
    logits = logits.astype(np.float64)
    of_labels = logits[np.arange(len(labels)), labels]

    def slopes(inverse: float) -> tuple[float, float]:
        """First and second derivative by 1/T."""
        probabilities = softmax(logits, 1 / inverse)
        means = (probabilities * logits).sum(1)
        squares = (probabilities * logits**2).sum(1)
        return float((means - of_labels).mean()), float((squares - means**2).mean())

    low, high = 1 / HOTTEST, 1 / COLDEST
    least, greatest = slopes(low)[0], slopes(high)[0]
    if least >= 0 or greatest <= 0:
        return 1.0 if least == greatest else HOTTEST if least >= 0 else COLDEST
    inverse = 1.0
    for _ in range(STEPS):
        slope, curvature = slopes(inverse)
        if slope < 0:
            low = inverse
        else:
            high = inverse
        step = inverse - slope / curvature if curvature > 0 else math.nan
        following = step if low <= step <= high else math.sqrt(low * high)
        if math.isclose(following, inverse, rel_tol=1e-10):
            break
        inverse = following
    return 1 / inverse


def in_second_half(names: Sequence[str]) -> np.ndarray:
    """(N,) bool: which half each image belongs to, by a hash of its name alone."""
    digests = (hashlib.blake2b(name.encode("utf-8", "backslashreplace")) for name in names)
    return np.array([digest.digest()[0] & 1 for digest in digests], dtype=bool)


def cross_fitted_temperatures(
    logits: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """(N,) temperatures: of each image the one that was fitted on the half without it.

    Args:
        logits: (N, K).
        labels: (N,) class numbers.
        names: N names, which decide the halves.

    Raises:
        CalibrationError: when a half has fewer than 50 images.
    """
    second = in_second_half(names)
    of_first = fit_temperature(logits[second], labels[second])
    of_second = fit_temperature(logits[~second], labels[~second])
    return np.where(second, of_second, of_first)

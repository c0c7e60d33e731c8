"""Temperature scaling: calibrated probabilities without a change of the predicted classes.

Guo, Pleiss, Sun, Weinberger: "On Calibration of Modern Neural Networks", ICML 2017, section 4.2:
softmax(z / T) with the one T that minimises the cross-entropy of images that it is not judged by.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from scipy import special

from fer_core.errors import FerError

LEAST_IMAGES = 50  # that a temperature is fitted on
COLDEST, HOTTEST = 0.01, 100.0  # temperatures


class CalibrationError(FerError, ValueError):
    """Images that no temperature can be fitted on."""


def softmax(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """(N, K) float64 probabilities of (N, K) logits.

    Args:
        logits: of each image.
        temperature: T > 0, one for all images or (N,).
    """
    return special.softmax(_scaled(logits, temperature), axis=1)


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float | np.ndarray = 1.0
) -> float:
    """Mean cross-entropy in nats; see `softmax`."""
    logarithms = special.log_softmax(_scaled(logits, temperature), axis=1)
    return float(-logarithms[np.arange(len(labels)), labels].mean())


def refuse_few(count: int) -> None:
    """Refuse to fit a temperature on too few images.

    Raises:
        CalibrationError: for fewer than 50.
    """
    if count < LEAST_IMAGES:
        raise CalibrationError(
            f"a temperature needs at least {LEAST_IMAGES} images to be fitted on, got {count}"
        )


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least cross-entropy, in [0.01, 100].

    The cross-entropy is convex in 1/T: its slope, the mean of (expected logit - logit of the
    label), has one zero, which Brent's method brackets. Where the slope has one sign throughout
    (say every prediction is correct) the temperature is that end of the range; where it is zero
    throughout (all logits are equal), 1.

    Args:
        logits: (N, K).
        labels: (N,) class numbers.

    Raises:
        CalibrationError: for fewer than 50 images.
    """
    refuse_few(len(labels))
    logits = logits.astype(np.float64)
    of_labels = logits[np.arange(len(labels)), labels]

    def slope(inverse: float) -> float:
        """Derivative of the cross-entropy by 1/T."""
        return float(((softmax(logits, 1 / inverse) * logits).sum(1) - of_labels).mean())

    from scipy.optimize import root_scalar  # slow to import

    low, high = 1 / HOTTEST, 1 / COLDEST
    least, greatest = slope(low), slope(high)
    if least >= 0 or greatest <= 0:
        return 1.0 if least == greatest else HOTTEST if least >= 0 else COLDEST
    return 1 / float(root_scalar(slope, bracket=(low, high), xtol=1e-12).root)


def _scaled(logits: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    return logits.astype(np.float64) / np.reshape(temperature, (-1, 1))


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

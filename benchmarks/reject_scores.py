"""Scores by which a model may decline to answer, each fitted on labelled images (see `rejection`).

Every score is higher for a prediction that is more likely correct. All are fitted on images that
went through random corruptions, as those that they are then measured on.
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special

RIDGE = 1e-2  # weight of the squared coefficients of a fit
SHRINKAGE = 0.1  # share of the identity in the covariance of the features
QUALITIES = ("noise", "sharpness", "brightness", "contrast", "clipped", "blocks")
_NOISE_KERNEL = np.outer([1, -2, 1], [1, -2, 1])


class Seen(NamedTuple):
    """What a model makes of N images.

    Attributes:
        labels: (N,) class numbers.
        logits: (N, K).
        features: (N, D) the pooled features that the logits are linear in.
        quality: (N, Q) as `input_quality` gives it.
    """

    labels: np.ndarray
    logits: np.ndarray
    features: np.ndarray
    quality: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """(N,) whether each prediction is correct."""
        return self.logits.argmax(1) == self.labels


def input_quality(images: np.ndarray) -> np.ndarray:
    """(N, 6) `QUALITIES` of grey images, without knowing what was done to them.

    Noise is Immerkaer's estimate of its standard deviation (CVIU 1996), sharpness the standard
    deviation of the Laplacian, blocks how much larger the steps are at every eighth column and row
    than elsewhere. The first two and the contrast are logarithms.

    Args:
        images: (N, H, W) in [0, 255].
    """
    pixels = images.astype(np.float64)
    inner = pixels[:, 1:-1, 1:-1]
    noise = np.abs(_filtered(pixels, _NOISE_KERNEL)).mean((1, 2)) * np.sqrt(np.pi / 2) / 6
    laplacian = _filtered(pixels, np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))
    columns, rows = np.abs(np.diff(pixels, axis=2)), np.abs(np.diff(pixels, axis=1))
    blocks = np.mean([_at_blocks(columns), _at_blocks(rows.swapaxes(1, 2))], axis=0)
    figures = (
        np.log(noise + 0.1),
        np.log(laplacian.std((1, 2)) + 0.1),
        inner.mean((1, 2)),
        np.log(inner.std((1, 2)) + 1),
        ((pixels < 3) | (pixels > 252)).mean((1, 2)),
        blocks,
    )
    return np.stack(figures, axis=1)


def _filtered(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(N, H - 2, W - 2) the images under a 3x3 kernel."""
    height, width = pixels.shape[1] - 2, pixels.shape[2] - 2
    terms = (
        kernel[row, column] * pixels[:, row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    )
    return sum(terms, np.zeros((len(pixels), height, width)))


def _at_blocks(steps: np.ndarray) -> np.ndarray:
    at_edge = np.arange(steps.shape[2]) % 8 == 7
    edge, inside = steps[:, :, at_edge].mean((1, 2)), steps[:, :, ~at_edge].mean((1, 2))
    return np.log((edge + 1) / (inside + 1))


class QualityTemperature:
    """Temperature scaling whose temperature follows the measured quality of the input.

    log T is linear in the standardised qualities and their squares; the coefficients minimise the
    cross-entropy.
    """

    def __init__(self, fitted_on: Seen) -> None:
        """Fit the coefficients."""
        self._centre, self._scale = _moments(fitted_on.quality)
        terms, logits = self._terms(fitted_on.quality), fitted_on.logits

        def loss(weights: np.ndarray) -> float:
            scaled = logits / np.exp(terms @ weights)[:, None]
            chosen = special.log_softmax(scaled, 1)[np.arange(len(logits)), fitted_on.labels]
            return float(-chosen.mean() + RIDGE * (weights[1:] ** 2).mean())

        self.weights = optimize.minimize(loss, np.zeros(terms.shape[1]), method="L-BFGS-B").x

    def probabilities(self, seen: Seen) -> np.ndarray:
        """(N, K) softmax of the logits, each image at its own temperature."""
        temperature = np.exp((self._terms(seen.quality) @ self.weights).clip(-3, 3))
        return special.softmax(seen.logits / temperature[:, None], 1)

    def _terms(self, quality: np.ndarray) -> np.ndarray:
        return _with_squares((quality - self._centre) / self._scale)


class Mahalanobis:
    """Minus the squared distance of the features to the nearest class mean.

    Lee et al., NeurIPS 2018: one covariance for all classes, here shrunk towards a multiple of the
    identity.
    """

    def __init__(self, fitted_on: Seen) -> None:
        """Measure the class means and the covariance."""
        features, labels = fitted_on.features, fitted_on.labels
        self._means = np.stack([features[labels == one].mean(0) for one in np.unique(labels)])
        centred = features - self._means[np.unique(labels, return_inverse=True)[1]]
        covariance = centred.T @ centred / len(features)
        size = len(covariance)
        covariance = (1 - SHRINKAGE) * covariance
        covariance[np.diag_indices(size)] += SHRINKAGE * (centred**2).sum(1).mean() / size
        self._root = np.linalg.cholesky(np.linalg.inv(covariance))

    def scores(self, seen: Seen) -> np.ndarray:
        """(N,) minus the least squared distance."""
        turned, means = seen.features @ self._root, self._means @ self._root
        return -np.min([((turned - mean) ** 2).sum(1) for mean in means], axis=0)


class Regression:
    """Logistic regression of being correct on confidence, input quality and distance together."""

    def __init__(self, fitted_on: Seen, distance: Mahalanobis) -> None:
        """Fit the coefficients."""
        self._distance = distance
        columns = self._columns(fitted_on)
        self._centre, self._scale = _moments(columns)
        terms, signs = self._terms(columns), np.where(fitted_on.correct, 1.0, -1.0)

        def loss(weights: np.ndarray) -> float:
            margins = signs * (terms @ weights)
            return float(np.logaddexp(0, -margins).mean() + RIDGE * (weights[1:] ** 2).mean())

        self.weights = optimize.minimize(loss, np.zeros(terms.shape[1]), method="L-BFGS-B").x

    def scores(self, seen: Seen) -> np.ndarray:
        """(N,) estimated probability that the prediction is correct."""
        return special.expit(self._terms(self._columns(seen)) @ self.weights)

    def _columns(self, seen: Seen) -> np.ndarray:
        highest = np.sort(special.log_softmax(seen.logits, 1), 1)[:, :-3:-1]  # (N, 2)
        distance = np.log(-self._distance.scores(seen) + 1)
        energy = np.logaddexp.reduce(seen.logits, axis=1)
        return np.column_stack([highest, energy, distance, seen.quality])

    def _terms(self, columns: np.ndarray) -> np.ndarray:
        return _with_squares((columns - self._centre) / self._scale)


def _moments(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return columns.mean(0), columns.std(0) + 1e-9


def _with_squares(columns: np.ndarray) -> np.ndarray:
    """(N, 1 + 2 Q) a constant, the columns clipped to three deviations, and their squares."""
    clipped = columns.clip(-3, 3)
    return np.column_stack([np.ones(len(columns)), clipped, clipped**2])

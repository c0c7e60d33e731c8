"""How far a figure can be trusted: intervals and paired tests, from counts where they suffice.

Whether a prediction is correct is a number of two values, so n images drawn with replacement hold a
binomially distributed number of right ones, and a multinomially distributed number of each kind of
pair. The bootstrap (Efron, Annals of Statistics 1979) draws these counts themselves: exactly what
resampling the images gives, in time and memory that do not depend on their number.

The distributions are scipy's, imported where they are asked for: it is slow to import, and the base
install does without it.
"""

from collections.abc import Callable
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

LEVEL = 0.95  # of every interval
RESAMPLES = (100, 1_000_000)  # least and most
EXACT_BELOW = 25  # discordant pairs


class Estimate(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


class McNemar(NamedTuple):
    """McNemar's test: do two models have different error rates on the same images?

    Attributes:
        only_first: images that the first model alone predicts correctly.
        only_second: images that the second model alone predicts correctly.
        test: ``exact binomial``, or ``chi-square with continuity correction``.
        statistic: of the chi-square test with one degree of freedom; None for the exact one.
        p_value: two-sided.
    """

    only_first: int
    only_second: int
    test: str
    statistic: float | None
    p_value: float


def check_resamples(resamples: int) -> None:
    """Refuse a number of bootstrap resamples that says nothing or takes for ever.

    Raises:
        ValueError: naming the number and what is allowed.
    """
    least, most = RESAMPLES
    if not least <= resamples <= most:
        raise ValueError(f"bootstrap must be {least} to {most:,} resamples, got {resamples}")


def wilson(hits: int, count: int) -> Estimate:
    """A share with Wilson's score interval (JASA 1927), which suits few images and rare errors.

    Args:
        hits: images predicted correctly.
        count: images, at least 1.

    Raises:
        ValueError: when there are more hits than images, or no image.
    """
    if not 0 <= hits <= count or count < 1:
        raise ValueError(f"hits must be in [0, count] and count at least 1, got {hits} of {count}")
    share, z = hits / count, NormalDist().inv_cdf((1 + LEVEL) / 2)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) / (1 + z**2 / count)
    # At the ends one limit is the share itself, which rounding must not move.
    low = 0.0 if hits == 0 else middle - half
    return Estimate(share, low, 1.0 if hits == count else middle + half)


def bootstrap_accuracy(hits: int, count: int, resamples: int, generator: Generator) -> Estimate:
    """Accuracy with the percentile interval of resampled images.

    Args:
        hits: images predicted correctly.
        count: images, at least 1.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    drawn = generator.binomial(count, hits / count, resamples) / count
    return _estimate(hits / count, drawn)


def bootstrap_mean_class_accuracy(
    hits: np.ndarray, counts: np.ndarray, resamples: int, generator: Generator
) -> Estimate:
    """Mean class accuracy with the percentile interval of a bootstrap within each class.

    Args:
        hits: (K,) images of each class predicted correctly.
        counts: (K,) images of each class; classes without images do not count.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    total = np.zeros(resamples)
    present = np.flatnonzero(counts)
    for index in present:  # class by class: memory for one column of resamples
        share = hits[index] / counts[index]
        total += generator.binomial(counts[index], share, resamples) / counts[index]
    value = float(np.mean(hits[present] / counts[present]))
    return _estimate(value, total / len(present))


def bootstrap_mean(values: np.ndarray, resamples: int, generator: Generator) -> Estimate:
    """Mean over images of any figure with the percentile interval of resampled images.

    Args:
        values: (N,) a figure of each image; nan (a flat map has no correlation) is left out.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"))
    drawn = [known[generator.integers(0, len(known), len(known))].mean() for _ in range(resamples)]
    return _estimate(float(known.mean()), np.array(drawn))


def jackknife(statistic: Callable[[np.ndarray], float], count: int) -> Estimate:
    """A figure of all images together, with the interval of the jackknife (Tukey 1958).

    For a figure that a bootstrap would overstate since it depends on how many images differ, such
    as a share of a variance.

    Args:
        statistic: rows of the images, (n,) integers -> the figure of those images.
        count: images, at least 2.
    """
    rows = np.arange(count)
    value = statistic(rows)
    others = np.array([statistic(np.delete(rows, one)) for one in rows])
    error = sqrt((count - 1) / count * float(((others - others.mean()) ** 2).sum()))
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return Estimate(value, value - half, value + half)


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """McNemar's test (Psychometrika 1947) on the pairs of predictions of which one is correct.

    Exact with fewer than 25 such pairs, else chi-square with Edwards' continuity correction.

    Args:
        only_first: images that the first model alone predicts correctly.
        only_second: images that the second model alone predicts correctly.
    """
    from scipy import stats

    pairs = only_first + only_second
    if pairs < EXACT_BELOW:
        p_value = float(stats.binomtest(only_first, pairs).pvalue) if pairs else 1.0
        return McNemar(only_first, only_second, "exact binomial", None, p_value)
    statistic = max(abs(only_first - only_second) - 1, 0) ** 2 / pairs
    name = "chi-square with continuity correction"
    return McNemar(only_first, only_second, name, statistic, float(stats.chi2.sf(statistic, 1)))


def paired_difference(
    only_first: int, only_second: int, count: int, resamples: int, generator: Generator
) -> Estimate:
    """Accuracy of the first model minus that of the second, with a paired bootstrap interval.

    Args:
        only_first: images that the first model alone predicts correctly.
        only_second: images that the second model alone predicts correctly.
        count: images that both predicted, at least 1.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    drawn = _differences(only_first, only_second, count, resamples, generator)
    return _estimate((only_first - only_second) / count, drawn)


def paired_mean_class_accuracy_difference(
    only_first: np.ndarray,
    only_second: np.ndarray,
    counts: np.ndarray,
    resamples: int,
    generator: Generator,
) -> Estimate:
    """Mean class accuracy of the first model minus that of the second, bootstrapped in each class.

    Args:
        only_first: (K,) images of each class that the first model alone predicts correctly.
        only_second: (K,) images of each class that the second model alone predicts correctly.
        counts: (K,) images of each class; classes without images do not count.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    present = np.flatnonzero(counts)
    total = np.zeros(resamples)
    for index in present:
        pairs = int(only_first[index]), int(only_second[index]), int(counts[index])
        total += _differences(*pairs, resamples, generator)
    value = float(np.mean((only_first[present] - only_second[present]) / counts[present]))
    return _estimate(value, total / len(present))


def _differences(
    only_first: int, only_second: int, count: int, resamples: int, generator: Generator
) -> np.ndarray:
    """(resamples,) differences of two accuracies on ``count`` images drawn with replacement."""
    kinds = np.array([only_first, only_second, count - only_first - only_second]) / count
    drawn = generator.multinomial(count, kinds, resamples)  # (resamples, 3)
    return (drawn[:, 0] - drawn[:, 1]) / count


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))


def hierarchical_difference(
    gaps: np.ndarray, resamples: int, generator: Generator, *, labels: np.ndarray | None = None
) -> Estimate:
    """Mean of paired differences over seeds and images, with a hierarchical bootstrap interval.

    In each resample seeds are drawn with replacement, then the images, the same for all seeds: both
    sources of chance count. With one seed only the images do.

    Args:
        gaps: (S, N) difference of two methods on each test image under each seed.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
        labels: (N,) true labels, for the difference of the mean class accuracies: images are then
            drawn within each class, and each class counts alike; None: of the accuracies.
    """
    seeds, count = gaps.shape
    shares = generator.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    if labels is None:
        parts = [np.arange(count)]
    else:
        parts = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    drawn = np.zeros(resamples)
    value = 0.0
    for part in parts:
        # Images on which the seeds differ alike are one kind: how many of each kind are drawn is
        # all that counts, and there are few kinds.
        kinds, sizes = np.unique(gaps[:, part], axis=1, return_counts=True)
        over_seeds = shares @ kinds  # (resamples, kinds)
        for start in range(0, resamples, 256):  # memory for one block of resamples
            stop = min(start + 256, resamples)
            counts = generator.multinomial(len(part), sizes / len(part), stop - start)
            drawn[start:stop] += (counts * over_seeds[start:stop]).sum(1) / len(part)
        value += float(gaps[:, part].mean())
    return _estimate(value / len(parts), drawn / len(parts))

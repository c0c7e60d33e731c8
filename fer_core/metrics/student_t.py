"""Means over the seeds of an experiment, which are few, with the interval of Student's t."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fer_core.metrics.intervals import LEVEL


class Interval(NamedTuple):
    """Mean of n values and half the width of its 95 % interval (nan for a single value).

    Attributes:
        mean: of the values.
        half: half the width of the interval of Student's t.
        n: number of values.
        deviation: sample standard deviation (nan for a single value).
    """

    mean: float
    half: float
    n: int
    deviation: float


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Mean with the 95 % interval of Student's t; one value has a mean but no interval.

    Raises:
        ValueError: when there are no values.
    """
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    if n == 0:
        raise ValueError("the mean of no values is undefined")
    if n == 1:
        return Interval(float(sample[0]), float("nan"), 1, float("nan"))
    deviation = float(sample.std(ddof=1))
    return Interval(float(sample.mean()), float(half_width(deviation, n)), n, deviation)


def half_width(deviation: float | np.ndarray, n: int | np.ndarray) -> np.ndarray:
    """Half the width of the 95 % interval of means.

    Args:
        deviation: sample standard deviations, of any shape.
        n: numbers of values, of the same shape; nan below two.
    """
    from scipy.special import stdtrit  # slow to import, and only tables need it

    counts = np.asarray(n, dtype=float)
    freedom = np.where(counts > 1, counts - 1, np.nan)
    return stdtrit(freedom, (1 + LEVEL) / 2) * deviation / np.sqrt(counts)

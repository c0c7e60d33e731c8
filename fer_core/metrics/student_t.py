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
    from scipy.special import stdtrit  # slow to import, and only tables need it

    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * deviation / n**0.5
    return Interval(float(sample.mean()), half, n, deviation)

"""Run times and other positive costs: geometric means and ratios, with intervals over seeds."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from fer_core.metrics.student_t import mean_interval


class GeometricMean(NamedTuple):
    """A geometric mean with its 95 % interval: Student's t on the log scale.

    Attributes:
        mean: nan without a known value.
        low: nan with fewer than two values.
        high: likewise.
    """

    mean: float
    low: float
    high: float


def geometric_mean(values: np.ndarray) -> GeometricMean:
    """Of the finite positive values; the others are not known."""
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return GeometricMean(float("nan"), float("nan"), float("nan"))
    mean, half, *_ = mean_interval(np.log(known))
    return GeometricMean(*(float(np.exp(value)) for value in (mean, mean - half, mean + half)))


def time_ratio(ours: pd.DataFrame, base: pd.DataFrame) -> GeometricMean:
    """How many times as long runs take as others, paired in their order.

    Args:
        ours: with the column ``seconds``.
        base: as many, likewise.
    """
    ratios = ours["seconds"].to_numpy(dtype=float) / base["seconds"].to_numpy(dtype=float)
    return geometric_mean(ratios)

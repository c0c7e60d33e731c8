"""Means over seeds with Student's t."""

import numpy as np
import pytest

from fer_core.metrics.student_t import mean_interval


def test_the_interval_is_student_t_over_the_seeds():
    # mean 80, standard deviation 2, t(0.975, 2) = 4.302653: half width 4.302653 * 2 / sqrt(3)
    mean, half, n, deviation = mean_interval([78.0, 80.0, 82.0])
    assert (mean, n, deviation) == (80.0, 3, 2.0)
    assert half == pytest.approx(4.968275, abs=1e-5)
    assert np.isnan(mean_interval([80.0]).half)
    assert np.isnan(mean_interval([80.0]).deviation)
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])

"""Several models together."""

import numpy as np
import pytest

from benchmarks.ensemble import mean_probabilities


def test_probabilities_are_averaged_not_logits():
    sure, others = np.array([[9.0, 0.0]]), np.array([[0.0, 1.0]])
    together = mean_probabilities([sure, others, others])
    assert together.sum() == pytest.approx(1)
    assert together[0, 0] == pytest.approx((0.99988 + 2 * 0.26894) / 3, abs=1e-4)

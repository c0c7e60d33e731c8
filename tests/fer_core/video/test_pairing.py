"""One-to-one pairs."""

import numpy as np

from fer_core.video.pairing import best_pairs


def test_the_sum_decides_not_the_best_single_pair():
    assert [*best_pairs(np.array([[0.9, 0.8], [0.7, 0.1]]))] == [(0, 1), (1, 0)]


def test_the_smaller_side_is_paired_and_nothing_gives_nothing():
    assert [*best_pairs(np.array([[0.1], [0.5], [0.2]]))] == [(1, 0)]
    assert [*best_pairs(np.zeros((0, 3)))] == []

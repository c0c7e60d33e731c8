"""Which of two sets of things belong together, one to one."""

from collections.abc import Iterator

import numpy as np


def best_pairs(alike: np.ndarray) -> Iterator[tuple[int, int]]:
    """The pairs whose likenesses have the largest sum; as many as the smaller side has.

    The Hungarian method of scipy, imported where it is asked for: it takes most of a second, which
    a page that opens need not wait for.

    Args:
        alike: (M, N) likeness of each row to each column.

    Yields:
        Row and column of each pair, in the order of the rows.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(alike, maximize=True)
    for row, column in zip(rows, columns, strict=True):
        yield int(row), int(column)

"""Copies of one image with different labels: at least one of the labels is wrong."""

import numpy as np
from PIL import Image

from fer_core.datasets import Split
from fer_core.datasets.cache.decode import fit
from fer_core.datasets.checks.duplicates import (
    THUMBNAIL,
    equal_groups,
    joined,
    near_groups,
)

PORTION = 1024  # images in memory at once


def contradicting_copies(split: Split, noisy_labels: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Groups of identical or near-duplicate training images that do not share one label.

    Args:
        split: N decoded images.
        noisy_labels: (N,).

    Returns:
        Positions of the images of each group, in ascending order.
    """
    thumbnails = np.empty((len(split.names), THUMBNAIL.size, THUMBNAIL.size), np.uint8)
    for start in range(0, len(thumbnails), PORTION):
        rows = np.arange(start, min(start + PORTION, len(thumbnails)))
        for row, pixels in zip(rows, split.images[rows], strict=True):
            thumbnails[row] = fit(Image.fromarray(pixels.squeeze()), THUMBNAIL)[..., 0]
    groups = joined([*equal_groups(split.digests), *near_groups(thumbnails)])
    return tuple(tuple(group) for group in groups if len(np.unique(noisy_labels[group])) > 1)

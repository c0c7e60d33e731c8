"""Thumbnails of the images that a gallery shows, from the images that a run has decoded."""

import numpy as np
from PIL import Image

from fer_core.audit.gallery import Thumbnails
from fer_core.datasets import Split

SIDE = 96  # pixels; smaller images stay as they are


def make_thumbnails(split: Split, rows: np.ndarray) -> Thumbnails:
    """Small copies of images under audit.

    Args:
        split: the images under audit.
        rows: positions of the images to show, at least one.
    """
    small = [_reduced(split.images[rows[at : at + 1]][0]) for at in range(len(rows))]
    return Thumbnails(tuple(split.names[row] for row in rows), np.stack(small))


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """(h, w, C) uint8 with sides of at most `SIDE`."""
    if max(pixels.shape[:2]) <= SIDE:
        return pixels
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    image.thumbnail((SIDE, SIDE))
    small = np.asarray(image)
    return small if small.ndim == 3 else small[..., None]

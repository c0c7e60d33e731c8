"""Means over rectangles of an image in constant time, for the detector's many reductions of it.

A summed-area table: Crow, SIGGRAPH 1984.
"""

from collections.abc import Sequence

import numpy as np


def summed(image: np.ndarray) -> np.ndarray:
    """(3, H + 1, W + 1) uint32 sums of all pixels above and to the left, of (H, W, 3) uint8 RGB.

    Sums of more than 16.8 million pixels wrap around, and so do their differences, which are right.
    """
    height, width, channels = image.shape
    above = image.reshape(height, width * channels).astype(np.uint32)
    for row in range(1, height):  # whole rows: faster than `accumulate` along columns
        above[row] += above[row - 1]
    sums = np.zeros((channels, height + 1, width + 1), np.uint32)
    planes = above.reshape(image.shape).transpose(2, 0, 1)
    np.add.accumulate(planes, axis=2, out=sums[:, 1:, 1:])
    return sums


def reduced(sums: np.ndarray, box: Sequence[int], height: int, width: int) -> np.ndarray:
    """A part of the image as a network takes it, reduced or enlarged by area.

    Every output pixel is the mean of the pixels that it touches, as PyTorch's "area" interpolation
    has it.

    Args:
        sums: of `summed`.
        box: left, top, right and bottom of the part, in whole pixels.
        height: of the output.
        width: of the output.

    Returns:
        (3, height, width) float32 in about [-1, 1].
    """
    left, top, right, bottom = box
    part = sums[:, top : bottom + 1, left : right + 1]  # `take` copies it, and needs no more
    first, last = _edges(bottom - top, height)
    rows = part.take(last, axis=1)
    rows -= part.take(first, axis=1)
    start, end = _edges(right - left, width)
    totals = rows.take(end, axis=2)
    totals -= rows.take(start, axis=2)
    return _network_input(totals.astype(np.float32), (last - first)[:, None] * (end - start))


def reduced_parts(sums: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """As `reduced`, of many parts at once: a photograph of a group has hundreds.

    Args:
        sums: of `summed`.
        boxes: (N, 4) left, top, right and bottom of each part, in whole pixels.
        side: of each output.

    Returns:
        (N, 3, side, side) float32.
    """
    left, top, right, bottom = boxes.T[:, :, None]  # (N, 1)
    first, last = _edges(bottom - top, side)  # (N, side)
    start, end = _edges(right - left, side)
    flat, width = sums.reshape(len(sums), -1), sums.shape[2]

    def corner(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        places = ((top + rows) * width)[:, :, None] + (left + columns)[:, None]
        return flat.take(places, axis=1)  # (3, N, side, side)

    totals = corner(last, end)
    totals -= corner(first, end)
    totals -= corner(last, start)
    totals += corner(first, start)
    pixels = (last - first)[:, :, None] * (end - start)[:, None]
    return _network_input(
        totals.transpose(1, 0, 2, 3).astype(np.float32, order="C"), pixels[:, None]
    )


def _network_input(totals: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The means of sums over so many pixels, as the networks take them; changes the sums."""
    totals /= pixels.astype(np.float32)
    totals -= np.float32(127.5)
    totals *= np.float32(1 / 128)
    return totals


def _edges(length: int | np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and past the last of ``length`` input places of each of ``count`` output places."""
    places = np.arange(count)
    return places * length // count, -(-(places + 1) * length // count)

"""MTCNN (Zhang et al., IEEE SPL 2016, arXiv 1604.02878): three networks that find faces.

The weights are those of facenet-pytorch, and so are the steps between the networks. Two things are
done in another way, with the same result: an image is summed up once, so that each of its many
reductions is a few differences (summed-area table: Crow, SIGGRAPH 1984), and the networks run in
ONNX Runtime where that is installed (`fer_core.faces.mtcnn_networks`). docs/experiments.md has the
figures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torchvision.ops import nms

from fer_core.faces.mtcnn_networks import CROPS, Network, Networks, networks, weights

CELL, STRIDE = 12, 2  # pixels that the first network sees at once, and between two of its places


class Detection(NamedTuple):
    """A face that the networks found.

    Attributes:
        box: (4,) x0, y0, x1, y1 in pixels; it may reach outside the image.
        score: probability in [0, 1].
        points: (5, 2) eye, eye, nose, mouth corner, mouth corner in pixels.
    """

    box: np.ndarray
    score: float
    points: np.ndarray


def find(sums: np.ndarray, least_face: int, by: Networks | None = None) -> list[Detection]:
    """The faces of an image, the largest first.

    Args:
        sums: of `summed`, of the image.
        least_face: side of the smallest face that is looked for, in pixels.
        by: the networks; None: those of `networks`.
    """
    by = by or networks()
    boxes = _propose(sums, least_face, by.pnet)
    boxes = _refine(sums, boxes, by.rnet)
    found = _finish(sums, boxes, by.onet)
    return sorted(found, key=lambda one: -float(np.prod(one.box[2:] - one.box[:2])))


def summed(image: np.ndarray) -> np.ndarray:
    """(3, H + 1, W + 1) uint32 sums of all pixels above and to the left, of (H, W, 3) uint8 RGB.

    Sums of more than 16.8 million pixels wrap around, and so do their differences, which are right.
    """
    height, width, channels = image.shape
    sums = np.zeros((channels, height + 1, width + 1), np.uint32)
    inner = sums[:, 1:, 1:]
    inner[:] = image.transpose(2, 0, 1)
    np.add.accumulate(inner, axis=1, out=inner)
    np.add.accumulate(inner, axis=2, out=inner)
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
    first, last = _edges(top, bottom - top, height)
    rows = sums[:, last, left : right + 1] - sums[:, first, left : right + 1]
    start, end = _edges(0, right - left, width)
    totals = rows[:, :, end] - rows[:, :, start]
    counts = ((last - first)[:, None] * (end - start)).astype(np.float32)
    return (totals.astype(np.float32) / counts - np.float32(127.5)) * np.float32(1 / 128)


def _edges(start: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and past the last input place of each of ``count`` output places."""
    places = np.arange(count)
    return start + places * length // count, start - (-(places + 1) * length // count)


def _propose(sums: np.ndarray, least_face: int, pnet: Network) -> np.ndarray:
    """First network: everywhere, in ever smaller copies of the image; (N, 4) square boxes."""
    height, width = (side - 1 for side in sums.shape[1:])
    found = [np.empty((0, 9), np.float32)]
    scale, threshold = CELL / least_face, weights().thresholds[0]
    side = min(height, width) * scale
    while side >= CELL:
        size = int(height * scale + 1), int(width * scale + 1)
        shifts, scores = pnet(reduced(sums, (0, 0, width, height), *size)[None])
        seen = _cells(shifts[0], scores[0, 1], scale, threshold)
        found.append(seen[_best(seen, 0.5)])
        scale, side = scale * weights().factor, side * weights().factor
    boxes = np.concatenate(found)
    boxes = boxes[_best(boxes, 0.7)]
    return _square(_moved(boxes[:, :4], boxes[:, 5:], border=0))


def _cells(shifts: np.ndarray, scores: np.ndarray, scale: float, threshold: float) -> np.ndarray:
    """Where the first network sees a face: (N, 9) box, score, shifts."""
    rows, columns = np.nonzero(scores >= threshold)
    places = STRIDE * np.stack([columns, rows, columns, rows], 1).astype(np.float32)
    places += np.array([1, 1, CELL, CELL], np.float32)
    boxes = np.floor(places / np.float32(scale))
    return np.column_stack([boxes, scores[rows, columns], shifts[:, rows, columns].T])


def _refine(sums: np.ndarray, boxes: np.ndarray, rnet: Network) -> np.ndarray:
    """Second network: throws most candidates away; (N, 4) square boxes."""
    boxes, outputs = _seen(sums, boxes, rnet, CROPS["rnet"])
    if not len(boxes):
        return boxes
    shifts, scores = outputs
    passed = scores[:, 1] > weights().thresholds[1]
    kept = np.column_stack([boxes, scores[:, 1], shifts])[passed]
    kept = kept[_best(kept, 0.7)]
    return _square(_moved(kept[:, :4], kept[:, 5:], border=1))


def _finish(sums: np.ndarray, boxes: np.ndarray, onet: Network) -> list[Detection]:
    """Third network: the last word, and the five points."""
    boxes, outputs = _seen(sums, boxes, onet, CROPS["onet"])
    if not len(boxes):
        return []
    shifts, scores, points = outputs
    passed = scores[:, 1] > weights().thresholds[2]
    boxes, shifts, scores, points = boxes[passed], shifts[passed], scores[passed, 1], points[passed]
    sides = boxes[:, 2:] - boxes[:, :2] + 1  # (N, 2)
    places = points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides[:, None] + boxes[:, None, :2] - 1
    boxes = _moved(boxes, shifts, border=1)
    return [
        Detection(boxes[one], float(scores[one]), places[one])
        for one in _best_of_smaller(boxes, scores, 0.7)
    ]


def _seen(
    sums: np.ndarray, boxes: np.ndarray, network: Network, side: int
) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """The boxes that lie in the image at all, and the network's outputs on them."""
    height, width = (length - 1 for length in sums.shape[1:])
    whole = np.trunc(boxes).astype(int)
    whole[:, :2] = np.maximum(whole[:, :2], 1) - 1  # counted from 1
    whole[:, 2:] = np.minimum(whole[:, 2:], (width, height))
    inside = (whole[:, 2:] > whole[:, :2]).all(1)
    if not inside.any():
        return boxes[:0], ()
    crops = np.stack([reduced(sums, box, side, side) for box in whole[inside]])
    return boxes[inside], network(crops)


def _best(boxes: np.ndarray, most: float) -> np.ndarray:
    """Rows of the best (N, 5+) boxes, without those that cover a better one by more."""
    return nms(torch.from_numpy(boxes[:, :4]), torch.from_numpy(boxes[:, 4]), most).numpy()


def _best_of_smaller(boxes: np.ndarray, scores: np.ndarray, most: float) -> list[int]:
    """The same, where what two boxes share counts as a part of the smaller one."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1)
    rest, kept = np.argsort(scores)[::-1], []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.maximum(0, high - low + 1).prod(1)
        rest = rest[shared / np.minimum(areas[best], areas[rest]) <= most]
    return kept


def _moved(boxes: np.ndarray, shifts: np.ndarray, border: int) -> np.ndarray:
    """The (N, 4) boxes with their edges moved by shares of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2] + border
    return boxes + shifts * np.concatenate([sides, sides], 1)


def _square(boxes: np.ndarray) -> np.ndarray:
    """The squares around the middles of the (N, 4) boxes, as wide as their longer sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(1, keepdims=True)
    corner = boxes[:, :2] + sides * np.float32(0.5) - longest * np.float32(0.5)
    return np.concatenate([corner, corner + longest], 1)

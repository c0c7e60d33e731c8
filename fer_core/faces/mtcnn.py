"""MTCNN (Zhang et al., IEEE SPL 2016, arXiv 1604.02878): three networks that find faces.

The weights are those of facenet-pytorch, and so are the steps between the networks. Two things are
done in another way, with the same result: an image is summed up once, so that each of its many
reductions is a few differences (summed-area table: Crow, SIGGRAPH 1984), and the networks run in
ONNX Runtime where that is installed (`fer_core.faces.mtcnn_networks`). docs/experiments.md has the
figures.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torchvision.ops import nms

from fer_core.faces.area_sums import reduced, reduced_parts
from fer_core.faces.mtcnn_networks import CROPS, Network, Networks, count_threads, networks, weights

TOGETHER = 256  # parts of an image that are reduced at once, for the memory
SHARED = 0.5  # of the smaller of two boxes, from which they are of one face
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
        sums: of `fer_core.faces.area_sums.summed`, of the image.
        least_face: side of the smallest face that is looked for, in pixels.
        by: the networks; None: those of `networks`.
    """
    return find_in_each([sums], least_face, by)[0]


def find_in_each(
    images: Sequence[np.ndarray],
    least_face: int,
    by: Networks | None = None,
    known: Sequence[np.ndarray] | None = None,
) -> list[list[Detection]]:
    """The faces of each of several images of one size, all of them through the networks together.

    Args:
        images: of `fer_core.faces.area_sums.summed`, of each image.
        least_face: as for `find`.
        by: likewise.
        known: (N, 4) boxes in each image of faces that are known: the later networks, which take
            as long as the first in an image with many faces, need not see them again.
    """
    by = by or networks()
    boxes = _propose(images, least_face, by.pnet)
    if known is not None:
        boxes = [_elsewhere(*pair) for pair in zip(boxes, known, strict=True)]
    boxes = _refine(images, boxes, by.rnet)
    return [
        sorted(found, key=lambda one: -float(np.prod(one.box[2:] - one.box[:2])))
        for found in _finish(images, boxes, by.onet)
    ]


def find_near(
    images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], by: Networks | None = None
) -> list[list[Detection]]:
    """The faces of each of several images where they are expected: without the first network.

    Args:
        images: of `fer_core.faces.area_sums.summed`, of each image; of any sizes.
        boxes: (N, 4) squares of each image that may be a face.
        by: as for `find`.
    """
    by = by or networks()
    return _finish(images, _refine(images, boxes, by.rnet), by.onet)


def _propose(images: Sequence[np.ndarray], least_face: int, pnet: Network) -> list[np.ndarray]:
    """First network: everywhere, in ever smaller copies; (N, 4) square boxes of each image."""
    height, width = (side - 1 for side in images[0].shape[1:])
    scale, threshold = CELL / least_face, weights().thresholds[0]

    def propose(scale: float) -> list[np.ndarray]:
        size = int(height * scale + 1), int(width * scale + 1)
        small = [reduced(sums, (0, 0, width, height), *size) for sums in images]
        shifts, scores = pnet(np.stack(small))
        seen = [
            _cells(*outputs, scale, threshold) for outputs in zip(shifts, scores[:, 1], strict=True)
        ]
        return [of_image[_best(of_image, 0.5)] for of_image in seen]

    scales, side = [], min(height, width) * scale
    while side >= CELL:
        scales.append(scale)
        scale, side = scale * weights().factor, side * weights().factor
    none = [np.empty((0, 9), np.float32) for _ in images]
    threads = _threads(count_threads(), os.getpid())  # the largest takes as long as all others
    found = [none, *(map(propose, scales) if threads is None else threads.map(propose, scales))]
    boxes = [np.concatenate(of_image) for of_image in zip(*found, strict=True)]
    boxes = [of_image[_best(of_image, 0.7)] for of_image in boxes]
    return [_square(_moved(one[:, :4], one[:, 5:], border=0)) for one in boxes]


def _elsewhere(boxes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The (N, 4) boxes that share less than half of the smaller one with each of the (M, 4)."""
    low = np.maximum(boxes[:, None, :2], known[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], known[None, :, 2:])
    shared = np.maximum(0, high - low).prod(2)  # (N, M)
    areas = [np.prod(one[:, 2:] - one[:, :2], axis=1) for one in (boxes, known)]
    smaller = np.minimum(areas[0][:, None], areas[1])
    return boxes[(shared <= SHARED * smaller).all(1)]


@lru_cache(maxsize=1)
def _threads(count: int, process: int) -> ThreadPoolExecutor | None:
    """Threads for the scales of an image; none where one has to do. A fork has none of these."""
    return ThreadPoolExecutor(count, thread_name_prefix="scales") if count > 1 else None


def _cells(shifts: np.ndarray, scores: np.ndarray, scale: float, threshold: float) -> np.ndarray:
    """Where the first network sees a face: (N, 9) box, score, shifts."""
    rows, columns = np.nonzero(scores >= threshold)
    places = STRIDE * np.stack([columns, rows, columns, rows], 1).astype(np.float32)
    places += np.array([1, 1, CELL, CELL], np.float32)
    boxes = np.floor(places / np.float32(scale))
    return np.column_stack([boxes, scores[rows, columns], shifts[:, rows, columns].T])


def _refine(
    images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], rnet: Network
) -> list[np.ndarray]:
    """Second network: throws most candidates away; (N, 4) square boxes of each image."""
    refined = []
    for of_image, (shifts, scores, *_) in _seen(images, boxes, rnet, CROPS["rnet"]):
        passed = scores[:, 1] > weights().thresholds[1]
        kept = np.column_stack([of_image, scores[:, 1], shifts])[passed]
        kept = kept[_best(kept, 0.7)]
        refined.append(_square(_moved(kept[:, :4], kept[:, 5:], border=1)))
    return refined


def _finish(
    images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], onet: Network
) -> list[list[Detection]]:
    """Third network: the last word, and the five points."""
    return [
        _detections(of_image, *outputs)
        for of_image, outputs in _seen(images, boxes, onet, CROPS["onet"])
    ]


def _detections(
    boxes: np.ndarray, shifts: np.ndarray, scores: np.ndarray, points: np.ndarray
) -> list[Detection]:
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
    images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], network: Network, side: int
) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """The boxes of each image that lie in it at all, and the network's outputs on them.

    Images without such a box have empty boxes and outputs.
    """
    kept, crops = [], []
    for sums, of_image in zip(images, boxes, strict=True):
        height, width = (length - 1 for length in sums.shape[1:])
        whole = np.trunc(of_image).astype(int)
        whole[:, :2] = np.maximum(whole[:, :2], 1) - 1  # counted from 1
        whole[:, 2:] = np.minimum(whole[:, 2:], (width, height))
        inside = (whole[:, 2:] > whole[:, :2]).all(1)
        kept.append(of_image[inside])
        rows = whole[inside]
        crops += [
            reduced_parts(sums, rows[start : start + TOGETHER], side)
            for start in range(0, len(rows), TOGETHER)
        ]
    if not crops:
        return [(of_image, [np.empty((0, size)) for size in (4, 2, 10)]) for of_image in kept]
    ends = np.cumsum([len(of_image) for of_image in kept])[:-1]
    outputs = [np.split(output, ends) for output in network(np.concatenate(crops))]
    return [(of_image, list(of)) for of_image, *of in zip(kept, *outputs, strict=True)]


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

"""At which scales a photograph is searched for faces, and in which parts.

The detector sees faces down to 20 pixels of what it is given, and its time grows with the area that
it is given. So a photograph is reduced for large faces, and only searched in full where small ones
are to be expected: in overlapping parts, so that memory does not grow with the photograph.
benchmarks/face_sizes.py measures recall and time by the size of the faces.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LEAST_SIDE = 24  # pixels; the detector fails on smaller images
LEAST_FACE = 20  # pixels, of what the detector is given
FACE_SHARES = (8, 20)  # of the shorter side: looked for first, and where there is none
DETECTION_SIDE = 1280  # larger images are reduced to this for detection
SMALLEST = 32  # pixels of the photograph, of the smallest faces that are looked for
MOST_PIXELS = 12e6  # of a reduced photograph; larger ones are reduced further, to bound the time
PART_SIDE, PART_OVERLAP = 2600, 200  # pixels of a part after reduction
FINE_MARGIN = 48  # pixels of grey around a part in which small faces are looked for
LONGEST = 3  # times the shorter side; longer photographs are searched in parts from the start
NEAR = 1.7  # times its limit, up to which a face says that a search may have missed smaller ones

Region = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the photograph


class Search(NamedTuple):
    """One search of a photograph.

    Attributes:
        reduction: by which it is reduced, at least 1.
        least: side of the smallest face in pixels, after the reduction.
        parts: that are searched, one after the other.
        coarser: the limit of the search before in pixels of the photograph; 0 of the first.
        margin: pixels of grey around each part; None: a share of its shorter side.
    """

    reduction: float
    least: int
    parts: tuple[Region, ...]
    coarser: float
    margin: int | None = None


def searches(size: tuple[int, int], *, thorough: bool) -> Iterator[Search]:
    """The searches of a photograph, the coarsest first; none of one that is too small.

    Args:
        size: width and height in pixels.
        thorough: also for faces smaller than a twentieth of the shorter side.
    """
    reduction = _reduction(size)
    side = min(size) / reduction
    if side < LEAST_SIDE:
        return
    parts = _parts(size, DETECTION_SIDE * reduction, PART_OVERLAP * reduction)
    limits = [max(LEAST_FACE, round(side / share)) for share in FACE_SHARES]
    if thorough:
        limits.append(max(LEAST_FACE, min(limits[1], round(SMALLEST / reduction))))
    coarser = 0.0
    for least in dict.fromkeys(limits):
        yield Search(reduction, least, parts, coarser)
        coarser = least * reduction
    fine = max(SMALLEST / LEAST_FACE, math.sqrt(size[0] * size[1] / MOST_PIXELS))
    if thorough and reduction > fine:
        fine_parts = _parts(size, PART_SIDE * fine, PART_OVERLAP * fine)
        yield Search(fine, LEAST_FACE, fine_parts, coarser, FINE_MARGIN)


def is_near(face: float, limit: float) -> bool:
    """Whether the smallest face that was found is so small that smaller ones may be missing.

    Args:
        face: its width in pixels of the photograph.
        limit: of the search that found it.
    """
    return face < NEAR * limit


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection of two boxes (x0, y0, x1, y1) as a share of the smaller one."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / max(1e-9, min(areas))


def _reduction(size: tuple[int, int]) -> float:
    """By its longer side; a long strip by its shorter one, as it is searched in parts."""
    longer, shorter = max(size), min(size)
    if longer > LONGEST * shorter:
        return max(1.0, LONGEST * shorter / DETECTION_SIDE)
    return max(1.0, longer / DETECTION_SIDE)


def _parts(size: tuple[int, int], side: float, margin: float) -> tuple[Region, ...]:
    """Parts of at most ``side`` pixels that overlap by about ``margin``, row by row."""
    columns, rows = (_spans(length, side, margin) for length in size)
    return tuple((x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns)


def _spans(length: int, side: float, margin: float) -> list[tuple[int, int]]:
    count = 1 if length <= side + 1 else math.ceil((length - margin) / (side - margin))
    if count == 1:
        return [(0, length)]
    width = min(length, math.ceil(side))
    step = (length - width) / (count - 1)
    return [(round(i * step), round(i * step) + width) for i in range(count)]

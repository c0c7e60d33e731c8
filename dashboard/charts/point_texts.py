"""Where the texts beside the points of a scatter chart go, so that they can be read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LETTER, LINE, MARKER = 6.4, 15.0, 8.0  # pixels: width and height of a text, radius of a point
THICK = 1.5  # half of a line, in pixels
# Plotly's names for the place of a text: where its left end (in widths) and its lower end are.
SIDES = {
    "top right": (0.0, MARKER / 2),
    "bottom right": (0.0, -LINE - MARKER / 2),
    "middle right": (0.0, -LINE / 2),
    "top left": (-1.0, MARKER / 2),
    "bottom left": (-1.0, -LINE - MARKER / 2),
    "middle left": (-1.0, -LINE / 2),
    "top center": (-0.5, MARKER),
    "bottom center": (-0.5, -LINE - MARKER),
}


class _Box(NamedTuple):
    left: float
    low: float
    right: float
    high: float

    def shared(self, other: "_Box") -> float:
        """The area of both, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.high, other.high) - max(self.low, other.low)
        return max(width, 0.0) * max(height, 0.0)


def text_positions(
    places: np.ndarray, texts: Sequence[str], width: float, lines: np.ndarray | None = None
) -> list[str]:
    """Plotly's ``textposition`` of each text: the one that covers least of what is there.

    Texts are placed from the left to the right; the first of SIDES wins where several are free.

    Args:
        places: (n, 2) pixels of the points, from the left and from below.
        texts: of the points.
        width: of the plot, in pixels; texts stay in it.
        lines: (m, 4) other things that no text should cover, as horizontal or vertical lines:
            left, lower, right and upper end in pixels.
    """
    taken = [_around(x, y) for x, y in places]
    drawn = [] if lines is None else [_thick(*line) for line in lines.tolist()]
    inside = _Box(0.0, -np.inf, width, np.inf)
    chosen = [""] * len(texts)
    order: list[int] = np.argsort(places[:, 0], kind="stable").tolist()
    for index in order:
        boxes = {side: _box(places[index], texts[index], side) for side in SIDES}
        others = [box for place, box in enumerate(taken) if place != index] + drawn
        costs = {
            side: sum(box.shared(other) for other in others) + _outside(box, inside)
            for side, box in boxes.items()
        }
        side = min(costs, key=lambda one: costs[one])
        chosen[index] = side
        taken.append(boxes[side])
    return chosen


def _around(x: float, y: float) -> _Box:
    return _Box(x - MARKER, y - MARKER, x + MARKER, y + MARKER)


def _thick(left: float, low: float, right: float, high: float) -> _Box:
    return _Box(left - THICK, low - THICK, right + THICK, high + THICK)


def _box(place: np.ndarray, text: str, side: str) -> _Box:
    shift, low = SIDES[side]
    width = LETTER * len(text)
    gap = MARKER * (1 + 2 * shift)  # to the right, to the left, or none
    left = float(place[0]) + shift * width + gap
    return _Box(left, float(place[1]) + low, left + width, float(place[1]) + low + LINE)


def _outside(box: _Box, inside: _Box) -> float:
    """The area that would be cut."""
    cut = max(inside.left - box.left, 0.0) + max(box.right - inside.right, 0.0)
    return 10 * cut * LINE

"""Boxes with labels on a photograph, and face crops enlarged for the eye."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from demo_app.render.fonts import Font, font_for
from fer_core.explain import cam

Rectangle = tuple[float, float, float, float]

# Where many faces stand close together, smaller labels are tried, then the shorter ones.
SHRINKS = (1.0, 0.7, 0.5)


class Mark(NamedTuple):
    """One labelled box.

    Attributes:
        box: (x0, y0, x1, y1) in pixels.
        text: of the label.
        colour: ``#rrggbb`` of the box and of the label's ground.
        strong: drawn thicker than the others.
        short: text where there is no room for the whole; empty: the whole one all the same.
    """

    box: Rectangle
    text: str
    colour: str
    strong: bool = False
    short: str = ""


class _Label(NamedTuple):
    position: Rectangle
    text: str
    colour: str
    font: Font


def draw_marks(photo: Image.Image, marks: Sequence[Mark]) -> Image.Image:
    """A copy of the photograph with the marks; labels avoid each other and stay inside."""
    image = photo.convert("RGB")
    image = image.copy() if image is photo else image
    pen = ImageDraw.Draw(image)
    line = max(2, round(max(image.size) / 250))
    if len(marks) > 1:
        line = max(2, min(line, round(min(mark.box[2] - mark.box[0] for mark in marks) / 20)))
    for mark in marks:
        width = 2 * line if mark.strong else line
        pen.rounded_rectangle(_inside(mark.box, image.size), 2 * line, None, mark.colour, width)
    for label in _lay_out(pen, marks, image.size):
        pen.rounded_rectangle(label.position, 2 * line, label.colour)
        middle = (sum(label.position[::2]) / 2, sum(label.position[1::2]) / 2)
        pen.text(middle, label.text, text_colour(label.colour), label.font, anchor="mm")
    return image


def text_colour(ground: str) -> str:
    """Black or white, whichever is read more easily on the ground (WCAG 2 contrast)."""
    channels = np.array(ImageColor.getrgb(ground)[:3]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#111111"


def enlarge(crop: Image.Image, side: int = 384) -> Image.Image:
    """The crop in whole, visible pixels: every pixel that the model saw becomes a square."""
    factor = max(1, side // max(crop.size))
    size = (crop.width * factor, crop.height * factor)
    return crop.convert("RGB").resize(size, Image.Resampling.NEAREST)


def crop_overlay(
    crop: Image.Image, attention: np.ndarray, opacity: float, side: int = 384
) -> Image.Image:
    """The enlarged crop with an attention map (h, w) on it."""
    large = enlarge(crop, side)
    fill = np.array([[large.width, 0, 0], [0, large.height, 0]], dtype=float)
    return cam.overlay(large, attention, fill, opacity)


def _lay_out(
    pen: ImageDraw.ImageDraw, marks: Sequence[Mark], size: tuple[int, int]
) -> list[_Label]:
    """A label for every mark: as large as all of them can be without covering one another."""
    ordered = sorted(marks, key=lambda mark: not mark.strong)
    labels: list[_Label] = []
    for shrink in SHRINKS:
        labels, crowded = [], False
        for mark in ordered:
            others = [other.box for other in marks if other is not mark]
            taken = [label.position for label in labels]
            font, text = font_for(mark.text, _points(mark.box, size, shrink))
            position = _free_position(pen, text, mark.box, font, size, [*taken, *others])
            crowded |= position is None
            text = text if position else mark.short or text
            position = position or _place_label(pen, text, mark.box, font, size, taken)
            labels.append(_Label(position, text, mark.colour, font))
        if not crowded:
            break
    return labels


def _points(box: Rectangle, size: tuple[int, int], shrink: float) -> float:
    """Size of a label as wide as the box where that is readable: photographs have many sizes."""
    side = max(size)
    points = np.clip((box[2] - box[0]) / 8, side / 32, side / 24) * shrink
    return float(max(10, points))


def _inside(box: Rectangle, size: tuple[int, int]) -> Rectangle:
    width, height = size
    x0, x1 = (float(np.clip(x, 0, width - 1)) for x in (box[0], box[2]))
    y0, y1 = (float(np.clip(y, 0, height - 1)) for y in (box[1], box[3]))
    return x0, y0, x1, y1


def _free_position(
    pen: ImageDraw.ImageDraw,
    text: str,
    box: Rectangle,
    font: Font,
    size: tuple[int, int],
    taken: Sequence[Rectangle],
) -> Rectangle | None:
    """The first position in the image that covers nothing taken; None where there is none."""
    positions = _positions(pen, text, box, font, size)
    free = [
        position for position in positions if not any(_overlap(position, other) for other in taken)
    ]
    return free[0] if free else None


def _place_label(
    pen: ImageDraw.ImageDraw,
    text: str,
    box: Rectangle,
    font: Font,
    size: tuple[int, int],
    taken: Sequence[Rectangle],
) -> Rectangle:
    """The first free position, or else the first in the image, or else at its edge."""
    free = _free_position(pen, text, box, font, size, taken)
    if free:
        return free
    inside = _positions(pen, text, box, font, size)
    if inside:
        return inside[0]
    width, height = _label_size(pen, text, font)
    x = float(np.clip(box[0], 0, max(0, size[0] - width)))
    y = float(np.clip(box[1] - height, 0, max(0, size[1] - height)))
    return x, y, x + width, y + height


def _positions(
    pen: ImageDraw.ImageDraw, text: str, box: Rectangle, font: Font, size: tuple[int, int]
) -> list[Rectangle]:
    """Above the box, below it, or inside it, as far as that is in the image."""
    width, height = _label_size(pen, text, font)
    x = float(np.clip(box[0], 0, max(0, size[0] - width)))
    tops = [box[1] - height, box[3], box[1], box[3] - height]
    return [(x, y, x + width, y + height) for y in tops if y >= 0 and y + height <= size[1]]


def _label_size(pen: ImageDraw.ImageDraw, text: str, font: Font) -> tuple[float, float]:
    left, top, right, bottom = pen.textbbox((0, 0), text, font)
    return (right - left) + 0.9 * (bottom - top), 1.6 * (bottom - top)


def _overlap(one: Rectangle, two: Rectangle) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]

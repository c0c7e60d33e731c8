"""Boxes with labels on a photograph, and face crops enlarged for the eye."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from fer_core import cam

Rectangle = tuple[float, float, float, float]


class Mark(NamedTuple):
    """One labelled box.

    Attributes:
        box: (x0, y0, x1, y1) in pixels.
        text: of the label.
        colour: ``#rrggbb`` of the box and of the label's ground.
        strong: drawn thicker than the others.
    """

    box: Rectangle
    text: str
    colour: str
    strong: bool = False


def draw_marks(photo: Image.Image, marks: Sequence[Mark]) -> Image.Image:
    """A copy of the photograph with the marks; labels avoid each other and stay inside."""
    picture = photo.convert("RGB")
    picture = picture.copy() if picture is photo else picture
    pen = ImageDraw.Draw(picture)
    taken: list[Rectangle] = []
    line = max(2, round(max(picture.size) / 250))
    for mark in marks:
        width = 2 * line if mark.strong else line
        pen.rounded_rectangle(_inside(mark.box, picture.size), 2 * line, None, mark.colour, width)
    for mark in sorted(marks, key=lambda mark: not mark.strong):
        font = _font(mark.box, picture.size)
        label = _place_label(pen, mark, font, picture.size, taken)
        taken.append(label)
        pen.rounded_rectangle(label, 2 * line, mark.colour)
        middle = ((label[0] + label[2]) / 2, (label[1] + label[3]) / 2)
        pen.text(middle, mark.text, text_colour(mark.colour), font, anchor="mm")
    return picture


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


def _font(box: Rectangle, size: tuple[int, int]) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """As wide as the box where that is readable: photographs are shown at many sizes."""
    side = max(size)
    return ImageFont.load_default(float(np.clip((box[2] - box[0]) / 8, side / 32, side / 24)))


def _inside(box: Rectangle, size: tuple[int, int]) -> Rectangle:
    width, height = size
    x0, x1 = (float(np.clip(x, 0, width - 1)) for x in (box[0], box[2]))
    y0, y1 = (float(np.clip(y, 0, height - 1)) for y in (box[1], box[3]))
    return x0, y0, x1, y1


def _place_label(
    pen: ImageDraw.ImageDraw,
    mark: Mark,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    size: tuple[int, int],
    taken: Sequence[Rectangle],
) -> Rectangle:
    """Above the box, below it, or inside it: the first place that is free and in the picture."""
    left, top, right, bottom = pen.textbbox((0, 0), mark.text, font)
    height = 1.6 * (bottom - top)
    width = (right - left) + 0.9 * (bottom - top)
    x = float(np.clip(mark.box[0], 0, max(0, size[0] - width)))
    places = [mark.box[1] - height, mark.box[3], mark.box[1], mark.box[3] - height]
    candidates = [(x, y, x + width, y + height) for y in places]
    inside = [r for r in candidates if r[1] >= 0 and r[3] <= size[1]]
    free = [r for r in inside if not any(_overlap(r, other) for other in taken)]
    if free or inside:
        return (free or inside)[0]
    y = float(np.clip(places[0], 0, max(0, size[1] - height)))
    return x, y, x + width, y + height


def _overlap(one: Rectangle, two: Rectangle) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]

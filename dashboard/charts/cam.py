"""Class attention maps as pictures: over the grey face, side by side, on one sheet to keep."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.explain.cam import overlay

SIDE = 112  # pixels of one face: three stand side by side on a telephone
SMALL_SIDE = 96  # so that eight stand side by side on a page
SHARP = 2  # pictures are made this much larger than they are shown
GAP = 6  # pixels between pictures of a strip
OPACITY = 0.7
LINE = 17  # pixels of a line of text on the sheet
LETTERS = 12  # points


class Panel(NamedTuple):
    """One picture and the words under it."""

    picture: Image.Image
    words: str


def face_picture(crop: np.ndarray) -> Image.Image:
    """A face alone, in grey.

    Args:
        crop: (S, S, 3) uint8.
    """
    side = SIDE * SHARP
    grey = Image.fromarray(crop).convert("L").resize((side, side), Image.Resampling.BICUBIC)
    return grey.convert("RGB")


def map_picture(crop: np.ndarray, attention: np.ndarray) -> Image.Image:
    """A map over the grey face, coloured as `fer_core.explain.cam` does, scaled by its maximum.

    Args:
        crop: (S, S, 3) uint8.
        attention: (h, w) raw class attention map of the crop.
    """
    side = SIDE * SHARP
    whole = np.array([[side, 0, 0], [0, side, 0]], dtype=float)
    return overlay(face_picture(crop), attention, whole, OPACITY)


def strip(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures side by side, with gaps that show the page."""
    gap = GAP * SHARP
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    whole = Image.new("RGBA", (width, max(picture.height for picture in pictures)))
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + gap
    return whole


def sheet(rows: Sequence[tuple[str, Sequence[Panel]]]) -> bytes:
    """Rows of pictures with a heading each, on white, as a PNG file to keep or to print.

    Args:
        rows: heading and panels of each row.
    """
    font = ImageFont.load_default(LETTERS * SHARP)
    line, gap = LINE * SHARP, GAP * SHARP
    pictures = [panel.picture for _, panels in rows for panel in panels]
    wide, high = (max(lengths) for lengths in zip(*(p.size for p in pictures), strict=True))
    deep = max(panel.words.count("\n") + 1 for _, panels in rows for panel in panels) * line
    most = max(len(panels) for _, panels in rows)
    row_height = line + gap + high + gap + deep + line
    whole = Image.new("RGB", (most * (wide + gap) + gap, len(rows) * row_height + gap), "white")
    pen = ImageDraw.Draw(whole)
    for number, (heading, panels) in enumerate(rows):
        top = gap + number * row_height
        pen.text((gap, top), heading, "black", font)
        for place, panel in enumerate(panels):
            left = gap + place * (wide + gap)
            whole.paste(panel.picture, (left, top + line + gap))
            pen.text((left, top + line + high + 2 * gap), panel.words, "black", font)
    content = io.BytesIO()
    whole.save(content, "PNG")
    return content.getvalue()

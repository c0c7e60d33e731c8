"""Images of class attention maps: overlays on grey faces, strips, and a sheet to download."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.explain.cam import overlay

SIDE = 112  # displayed pixels of a face: three fit next to each other on a phone
SMALL_SIDE = 96  # eight fit next to each other on a page
SHARP = 2  # images have this many pixels for each displayed one
GAP = 6  # displayed pixels between the images of a strip
OPACITY = 0.7
LINE = 17  # displayed pixels of a line of text on the sheet
LETTERS = 12  # points


class Panel(NamedTuple):
    """An image and its caption."""

    image: Image.Image
    caption: str


def face_image(crop: np.ndarray) -> Image.Image:
    """A face in grey.

    Args:
        crop: (S, S, 3) uint8.
    """
    side = SIDE * SHARP
    grey = Image.fromarray(crop).convert("L").resize((side, side), Image.Resampling.BICUBIC)
    return grey.convert("RGB")


def map_overlay(crop: np.ndarray, attention: np.ndarray) -> Image.Image:
    """A map over the grey face, in the colours of `fer_core.explain.cam`, scaled by its maximum.

    Args:
        crop: (S, S, 3) uint8.
        attention: (h, w) raw class attention map of the crop.
    """
    side = SIDE * SHARP
    full = np.array([[side, 0, 0], [0, side, 0]], dtype=float)
    return overlay(face_image(crop), attention, full, OPACITY)


def strip(images: Sequence[Image.Image]) -> Image.Image:
    """Images in a row, with transparent gaps."""
    gap = GAP * SHARP
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    canvas = Image.new("RGBA", (width, max(image.height for image in images)))
    left = 0
    for image in images:
        canvas.paste(image, (left, 0))
        left += image.width + gap
    return canvas


def sheet(rows: Sequence[tuple[str, Sequence[Panel]]]) -> bytes:
    """Rows of images with a heading each, on white, as a PNG file.

    Args:
        rows: heading and panels of each row.
    """
    font = ImageFont.load_default(LETTERS * SHARP)
    line, gap = LINE * SHARP, GAP * SHARP
    images = [panel.image for _, panels in rows for panel in panels]
    width, height = (max(lengths) for lengths in zip(*(i.size for i in images), strict=True))
    text = max(panel.caption.count("\n") + 1 for _, panels in rows for panel in panels) * line
    columns = max(len(panels) for _, panels in rows)
    row_height = line + gap + height + gap + text + line
    size = (columns * (width + gap) + gap, len(rows) * row_height + gap)
    canvas = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(canvas)
    for number, (heading, panels) in enumerate(rows):
        top = gap + number * row_height
        pen.text((gap, top), heading, "black", font)
        for column, panel in enumerate(panels):
            left = gap + column * (width + gap)
            canvas.paste(panel.image, (left, top + line + gap))
            pen.text((left, top + line + height + 2 * gap), panel.caption, "black", font)
    content = io.BytesIO()
    canvas.save(content, "PNG")
    return content.getvalue()

"""Images of class attention maps: overlays on grey faces, strips, and a sheet to download."""

import io
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.explain.cam import colourise, overlay

SIDE = 112  # displayed pixels of a face: three fit next to each other on a phone
SMALL_SIDE = 96  # eight fit next to each other on a page
SHARP = 2  # images have this many pixels for each displayed one
GAP = 2  # displayed pixels between the images of a strip
SHEET_GAP = 6  # displayed pixels between the images of a sheet
LINE_COLOUR = "#8A8F98"  # between images; visible on white and on near-black
QUALITY = 88  # of JPEG
OPACITY = 0.7
BAR_WIDTH, BAR_HEIGHT = 200, 10  # displayed pixels of the colour bar
LINE = 17  # displayed pixels of a line of text on the sheet
LETTERS = 12  # points
KEPT = 256  # overlays, of 150 kB each


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

    The last KEPT are kept, since a page draws about forty of them each time. Shared: read only.

    Args:
        crop: (S, S, 3) uint8.
        attention: (h, w) raw class attention map of the crop.
    """
    grid = (attention.shape, attention.dtype.str)
    return _overlay(crop.tobytes(), crop.shape, attention.tobytes(), *grid)


@lru_cache(maxsize=KEPT)
def _overlay(
    crop: bytes, shape: tuple[int, ...], attention: bytes, grid: tuple[int, ...], kind: str
) -> Image.Image:
    side = SIDE * SHARP
    full = np.array([[side, 0, 0], [0, side, 0]], dtype=float)
    face = face_image(np.frombuffer(crop, np.uint8).reshape(shape))
    return overlay(face, np.frombuffer(attention, kind).reshape(grid), full, OPACITY)


def colour_bar() -> Image.Image:
    """The colours of the maps, from values of at most 0 to the strongest point."""
    row = np.linspace(0, 1, BAR_WIDTH * SHARP, dtype=np.float32)
    return Image.fromarray(colourise(np.tile(row, (BAR_HEIGHT * SHARP, 1))))


def image_url(image: Image.Image) -> str:
    """The image as an address that holds it.

    Streamlit scales images down to the width at which it shows them, and encodes them as PNG twice:
    that is slower and leaves them blurred on fine screens.
    """
    content = io.BytesIO()
    image.convert("RGB").save(content, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode()}"


def strip(images: Sequence[Image.Image]) -> Image.Image:
    """Images in a row, with thin grey lines between them."""
    gap = GAP * SHARP
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    canvas = Image.new("RGB", (width, max(image.height for image in images)), LINE_COLOUR)
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
    line, gap = LINE * SHARP, SHEET_GAP * SHARP
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

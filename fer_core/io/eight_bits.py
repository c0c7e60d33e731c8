"""Pixels of any mode and depth as upright RGB of eight bits."""

import logging
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageOps

STRIP = 512  # rows
ORIENTATION = 0x0112  # of EXIF
DEPTHS = (8, 10, 12, 14, 16)  # bits that a pixel in 16 may have
logger = logging.getLogger(__name__)


def upright(image: Image.Image) -> Image.Image:
    """The image as RGB of eight bits: EXIF rotation applied, transparency white.

    Pixels of more bits are reduced by their own range: 16 bits, the 12 or 10 that cameras and
    scanners keep in 16, and floating point in [0, 1] or beyond; the log says which.
    """
    turned = upright_uncopied(image)
    return turned.copy() if turned is image else turned


def upright_uncopied(image: Image.Image) -> Image.Image:
    """As `upright`; the very image where nothing is to be changed."""
    image.load()
    # Pillow would copy what needs no turn.
    turns = image.getexif().get(ORIENTATION, 1) != 1
    turned = ImageOps.exif_transpose(image) if turns else image
    if turned.mode.startswith("I") or turned.mode == "F":  # which Pillow would clip to white
        turned = _in_strips(turned, "L", eight_bits(*_extremes(turned), turned.mode == "F"))
    if turned.has_transparency_data:
        turned = _in_strips(turned, "RGB", _on_white)
    return turned if turned.mode == "RGB" else turned.convert("RGB")


def eight_bits(low: float, high: float, floating: bool) -> Callable[[Image.Image], Image.Image]:
    """What makes eight bits of pixels of more, scaled by their own range.

    Args:
        low: the smallest value of the image.
        high: the largest.
        floating: whether they are floating point.

    Raises:
        ValueError: for pixels that are not numbers.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("its pixels are NaN or infinite")
    shift, factor = 0.0, 1.0
    if not floating:
        bits = bits_below(high)
        return lambda strip: Image.fromarray(first_eight(np.asarray(strip, np.int64), bits))
    if low >= 0 and high <= 255:
        factor = 255.0 if high <= 1 else 1.0
        logger.info("floating point pixels up to %.4g: multiplied by %g", high, factor)
    else:
        shift, factor = low, 255 / max(high - low, 1e-12)
        logger.info("floating point pixels from %.4g to %.4g are spread over 0 to 255", low, high)
    return lambda strip: Image.fromarray(
        np.rint((np.asarray(strip) - shift) * factor).clip(0, 255).astype(np.uint8)
    )


def bits_below(high: float) -> int:
    """How many bits the pixels of an image have in 16, by the largest; the log says of fewer."""
    bits = next((bits for bits in DEPTHS if high < 2**bits), DEPTHS[-1])
    if bits != DEPTHS[-1]:
        logger.info("pixels up to %d are read as %d bits", high, bits)
    return bits


def first_eight(values: np.ndarray, bits: int) -> np.ndarray:
    """The first eight of so many bits, as uint8."""
    return (values.clip(0, 2**bits - 1) >> (bits - 8)).astype(np.uint8)


def _extremes(image: Image.Image) -> tuple[float, float]:
    """The smallest and the largest value, a strip at a time; NaN where there is one."""
    low, high = math.inf, -math.inf
    for top in range(0, image.height, STRIP):
        box = (0, top, image.width, min(top + STRIP, image.height))
        pixels = np.asarray(image.crop(box))
        lows, highs = float(pixels.min()), float(pixels.max())
        if not (math.isfinite(lows) and math.isfinite(highs)):
            return math.nan, math.nan
        low, high = min(low, lows), max(high, highs)
    return low, high


def _in_strips(
    image: Image.Image, mode: str, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """An image changed point by point, a strip at a time, which takes the memory of a strip."""
    changed = Image.new(mode, image.size)
    for top in range(0, image.height, STRIP):
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
        changed.paste(change(strip), (0, top))
    return changed


def _on_white(strip: Image.Image) -> Image.Image:
    rgba = strip.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")

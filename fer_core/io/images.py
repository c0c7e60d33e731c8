"""Image files of any kind as upright RGB images of eight bits; and decoded images."""

import logging
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_core.io.image_budget import (
    FORMATS,
    ImageError,
    check_file,
    check_opened,
    check_stream,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "READ_ERRORS",
    "ImageError",
    "Images",
    "fault",
    "images_below",
    "open_checked",
    "open_upright",
    "open_within",
    "upright",
]

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif"),
)
# What Pillow's decoders raise on broken files.
READ_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError),
    *(AttributeError, MemoryError, RuntimeError, struct.error, zlib.error),
    Image.DecompressionBombError,
)
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
STRIP = 512  # rows
ORIENTATION = 0x0112  # of EXIF
HEIF_INSTALL = "pip install pillow-heif"
REDUCING_GAP = 2.0  # reduced by whole numbers first, then to at least twice less
DEPTHS = (8, 10, 12, 14, 16)  # bits that a pixel in 16 may have


logger = logging.getLogger(__name__)


class Images(Protocol):
    """Decoded images, wherever they are kept; ``numpy.ndarray`` is one kind.

    ``images[key]`` with a slice or an integer array gives (n, S, S, C) uint8.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, C)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> np.ndarray: ...  # noqa: ANN401 - what numpy takes


def open_upright(file: str | Path | BinaryIO) -> Image.Image:
    """Read an image file, see `upright`; of an animation the first frame.

    HEIC needs pillow-heif.

    Args:
        file: path, or a stream that can be read from anywhere.

    Raises:
        ImageError: for an image that asks for too much (`fer_core.io.image_budget`), and for HEIC
            without pillow-heif.
        One of READ_ERRORS when the file is absent or no whole image.
    """
    return open_within(file)[0]


def open_within(
    file: str | Path | BinaryIO, most_pixels: float = math.inf, enough: int | None = None
) -> tuple[Image.Image, float]:
    """As `open_upright`, reduced while it is read, which spares memory and work.

    Args:
        file: as for `open_upright`.
        most_pixels: that the image may have.
        enough: pixels of the longer side: a JPEG that has twice as many is decoded at a half, a
            quarter or an eighth of its sides, never to fewer.

    Returns:
        The image, and how many pixels of the file's sides are one of its own, at least 1.
    """
    try:
        return _open(file, most_pixels, enough)
    except UnidentifiedImageError as error:
        head = _head(file)
        if not head:
            raise ValueError("the file is empty") from error
        if head[4:8] != b"ftyp" or head[8:12] not in HEIF_BRANDS:
            raise
        _learn_heif()
        return _open(file, most_pixels, enough)


def images_below(folder: Path, most: int) -> list[Path]:
    """Image files of a folder at any depth, by their names; of many, evenly spread ones.

    Args:
        folder: to look into.
        most: how many at most.

    Raises:
        ValueError: when there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise ValueError(f"no image in {folder}: expected {', '.join(IMAGE_SUFFIXES)}")
    places = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    return [found[place] for place in places]


def fault(error: Exception) -> str:
    """What is wrong with an image in one line, without its path, which the caller names."""
    if isinstance(error, UnidentifiedImageError):
        return "no image format known here"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def upright(image: Image.Image) -> Image.Image:
    """The image as RGB of eight bits: EXIF rotation applied, transparency white.

    Pixels of more bits are reduced by their own range: 16 bits, the 12 or 10 that cameras and
    scanners keep in 16, and floating point in [0, 1] or beyond; the log says which.
    """
    turned = _eight_bit_rgb(image)
    return turned.copy() if turned is image else turned


def _eight_bit_rgb(image: Image.Image) -> Image.Image:
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
        ValueError: for pixels that are no numbers.
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


def open_checked(file: str | Path | BinaryIO) -> Image.Image:
    """An opened image, not yet decoded, of a format that is read and not too large.

    Raises:
        ImageError: see `open_upright`.
        One of READ_ERRORS when the file is absent or no image.
    """
    if isinstance(file, str | Path):
        check_file(Path(file))
        with Path(file).open("rb") as stream:
            check_stream(stream)
    else:
        check_stream(file)
    try:
        image = Image.open(file, formats=_formats())
    except Image.DecompressionBombError as error:
        raise ImageError(f"the image is too large: {error}") from error
    try:
        check_opened(image)
    except ImageError:
        image.close()
        raise
    return image


def _open(
    file: str | Path | BinaryIO, most_pixels: float, enough: int | None
) -> tuple[Image.Image, float]:
    with open_checked(file) as image:
        side = max(image.size)
        excess = math.sqrt(image.width * image.height / most_pixels)
        by = max(excess, side / enough if enough else 0.0)
        if by > 1:  # a JPEG is decoded at a half, a quarter or an eighth of its sides
            image.draft(None, (max(1, int(image.width / by)), max(1, int(image.height / by))))
        read = _eight_bit_rgb(image)
    excess = math.sqrt(read.width * read.height / most_pixels)
    if excess > 1:
        size = max(1, int(read.width / excess)), max(1, int(read.height / excess))
        read = read.resize(size, reducing_gap=REDUCING_GAP)
    return read, max(1.0, side / max(read.size))


def _formats() -> tuple[str, ...]:
    """Of `FORMATS` those that Pillow knows by now: HEIF is taught on the first such file."""
    Image.preinit()
    return tuple(name for name in FORMATS if name in Image.OPEN or name != "HEIF")


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


def _head(file: str | Path | BinaryIO) -> bytes:
    if isinstance(file, str | Path):
        with Path(file).open("rb") as stream:
            return stream.read(12)
    file.seek(0)
    return file.read(12)


def _learn_heif() -> None:
    """Teach Pillow HEIC, on the first such file: few have one, and the library is large."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise ImageError(
            f"this is a HEIC image, which needs another package: {HEIF_INSTALL}"
        ) from error
    register_heif_opener()

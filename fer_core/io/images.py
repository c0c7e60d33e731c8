"""Image files of any kind as upright RGB images of eight bits; and decoded images."""

import math
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from fer_core.io.eight_bits import upright_uncopied
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
HEIF_INSTALL = "pip install pillow-heif"
REDUCING_GAP = 2.0  # reduced by whole numbers first, then to at least twice less


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
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
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
        read = upright_uncopied(image)
    excess = math.sqrt(read.width * read.height / most_pixels)
    if excess > 1:
        size = max(1, int(read.width / excess)), max(1, int(read.height / excess))
        read = read.resize(size, reducing_gap=REDUCING_GAP)
    return read, max(1.0, side / max(read.size))


def _formats() -> tuple[str, ...]:
    """Of `FORMATS` those that Pillow knows by now: HEIF is taught on the first such file."""
    Image.preinit()
    return tuple(name for name in FORMATS if name in Image.OPEN or name != "HEIF")


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

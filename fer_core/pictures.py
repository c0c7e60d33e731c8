"""Picture files of any kind as upright RGB pictures of eight bits; and decoded pictures."""

import struct
import zlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
# What Pillow's decoders raise on broken files.
READ_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError),
    *(AttributeError, MemoryError, RuntimeError, struct.error, zlib.error),
    Image.DecompressionBombError,
)


class Images(Protocol):
    """Decoded pictures, wherever they are kept; ``numpy.ndarray`` is one kind.

    ``images[key]`` with a slice or an integer array gives (n, S, S, C) uint8.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, C)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> np.ndarray: ...  # noqa: ANN401 - what numpy takes


def open_upright(path: str | Path) -> Image.Image:
    """Read a picture file, see `upright`.

    Raises:
        One of READ_ERRORS when the file is absent or no whole picture.
    """
    try:
        with Image.open(path) as picture:
            return upright(picture)
    except UnidentifiedImageError as error:
        if not Path(path).stat().st_size:
            raise ValueError("the file is empty") from error
        raise


def fault(error: Exception) -> str:
    """What is wrong with a picture in one line, without its path, which the caller names."""
    if isinstance(error, UnidentifiedImageError):
        return "no picture format known here"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def upright(picture: Image.Image) -> Image.Image:
    """The picture as RGB: EXIF rotation applied, transparency white, 16 bits reduced to 8."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip to white
        turned = Image.fromarray((np.asarray(turned) >> 8).clip(0, 255).astype(np.uint8))
    if turned.has_transparency_data:
        rgba = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return turned.convert("RGB")

"""What an image file may ask for, found in its own bytes before anything is decoded.

A few kilobytes can ask for gigabytes or for minutes: sides of a hundred million pixels, hundreds of
scans of a progressive JPEG, a million chunks of a PNG, comments of a hundred megabytes. Limits are
on what makes a decoder work, so that they hold for files that no one has thought of.
"""

import os
import stat
import struct
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from fer_core.errors import FerError

# Formats that are opened at all: others start programs (EPS) or read numbers from text (PPM).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF")
MOST_BYTES = 100_000_000
MOST_PIXELS = 52_000_000
LONGEST_SIDE = 20_000  # pixels
MOST_SCANS = 100  # of a JPEG; a progressive one has about ten, one with a thumbnail twenty
MOST_SCANNED = 1000  # megapixels of all scans of a JPEG
MOST_CHUNKS = 20_000  # of a PNG
MOST_OTHER_CHUNKS = 1000  # of a PNG, that hold no pixels
MOST_EXTRA = 8_000_000  # bytes of comments, texts, profiles
_PNG = b"\x89PNG\r\n\x1a\n"


class ImageError(FerError, ValueError):
    """A whole image that is not read; the message is one sentence without a full stop."""


def check_file(file: Path) -> None:
    """See that a path is a regular file of a size that is read, before it is opened.

    Raises:
        ImageError: when it is another: a named pipe, for example, would be waited for without end.
        OSError: when it is absent.
    """
    facts = file.stat()
    if stat.S_ISDIR(facts.st_mode):
        return  # whoever opens it says so
    if not stat.S_ISREG(facts.st_mode):
        raise ImageError("this is a pipe or a device, not a file: it is not read as an image")
    _check_bytes(facts.st_size)


def check_stream(stream: BinaryIO) -> None:
    """See what a file asks for by its own bytes; the stream is at its beginning afterwards.

    What a damaged file asks for is left to its decoder, which refuses it.

    Raises:
        ImageError: naming what is too much, and the limit.
    """
    _check_bytes(stream.seek(0, os.SEEK_END))
    stream.seek(0)
    head = stream.read(30)
    if head.startswith(b"\xff\xd8"):
        _check_scans(stream)
    elif head.startswith(_PNG):
        if head[12:16] == b"IHDR":
            check_size(*struct.unpack(">II", head[16:24].ljust(8, b"\0")))
        _check_chunks(stream)
    elif head.startswith((b"GIF87a", b"GIF89a")):
        _check_blocks(stream, head)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        check_size(*_webp_size(head))  # its decoder makes room as soon as it is opened
    stream.seek(0)


def check_opened(image: Image.Image) -> None:
    """See that an opened image, not yet decoded, is of a size that is read.

    Raises:
        ImageError: naming its size and the limit.
    """
    check_size(*image.size)
    scans = image.info.get("progressive") and image.format == "JPEG"
    if scans:
        stream: BinaryIO | None = getattr(image, "fp", None)
        count = _count_scans(stream) if stream is not None else 0
        if count * image.width * image.height > MOST_SCANNED * 1e6:
            raise ImageError(
                f"the image has {count} scans of {image.width * image.height / 1e6:.0f} "
                f"megapixels, at most {MOST_SCANNED} megapixels in all are read"
            )


def check_size(width: int, height: int) -> None:
    """See that sides in pixels are of an image that is read.

    Raises:
        ImageError: naming them and the limit.
    """
    if width * height > MOST_PIXELS:
        raise ImageError(
            f"the image is too large: {width * height // 10**6} megapixels, at most "
            f"{MOST_PIXELS // 10**6} megapixels are read"
        )
    if max(width, height) > LONGEST_SIDE:
        raise ImageError(
            f"the image is too long: {width} x {height} pixels, at most {LONGEST_SIDE:,} a side "
            "are read"
        )


def _check_bytes(size: int) -> None:
    if size > MOST_BYTES:
        raise ImageError(
            f"the image file is too large: {size // 10**6} MB, at most {MOST_BYTES // 10**6} MB "
            "are read"
        )


def _check_scans(stream: BinaryIO) -> None:
    count = _count_scans(stream)
    if count > MOST_SCANS:
        raise ImageError(f"the image has {count} scans, at most {MOST_SCANS} are read")


def _count_scans(stream: BinaryIO) -> int:
    """Markers of a scan; inside one they cannot occur, a thumbnail in the file has its own."""
    place = stream.tell()
    stream.seek(0)
    count, before = 0, b""
    while part := stream.read(1 << 20):
        count += (before + part).count(b"\xff\xda")
        before = part[-1:]
    stream.seek(place)
    return count


def _check_chunks(stream: BinaryIO) -> None:
    stream.seek(len(_PNG))
    chunks, others, extra = 0, 0, 0
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        chunks += 1
        if kind not in (b"IDAT", b"fdAT"):
            others, extra = others + 1, extra + length
        if chunks > MOST_CHUNKS or others > MOST_OTHER_CHUNKS or extra > MOST_EXTRA:
            raise ImageError(
                f"the PNG has too many parts: at most {MOST_CHUNKS:,} chunks are read, "
                f"{MOST_OTHER_CHUNKS:,} of them, of {MOST_EXTRA // 10**6} MB, without pixels"
            )
        stream.seek(length + 4, os.SEEK_CUR)
        if kind == b"IEND":
            return


def _check_blocks(stream: BinaryIO, head: bytes) -> None:
    """Bytes in front of the first picture of a GIF, of which all are read."""
    if len(head) < 13:
        return
    check_size(*struct.unpack("<HH", head[6:10]))
    stream.seek(13 + (3 << (head[10] & 7) + 1 if head[10] & 128 else 0))
    while (kind := stream.read(1)) == b"!":
        stream.read(1)
        while length := stream.read(1):
            if length == b"\0":
                break
            stream.seek(length[0], os.SEEK_CUR)
            if stream.tell() > MOST_EXTRA:
                raise ImageError(
                    f"the GIF has more than {MOST_EXTRA // 10**6} MB of comments in front of its "
                    "first picture, which are not read"
                )
    if kind == b",":
        left, top, width, height = struct.unpack("<HHHH", stream.read(8).ljust(8, b"\0"))
        check_size(left + width, top + height)  # the canvas grows to hold it


def _webp_size(head: bytes) -> tuple[int, int]:
    kind, body = head[12:16], head[20:30]
    if kind == b"VP8X" and len(body) == 10:
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) == 10:
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0  # no WebP that is read

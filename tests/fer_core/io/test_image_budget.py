"""Images of a few bytes that ask for minutes or gigabytes; each was seen to."""

import io
import os
import struct
import zlib

import pytest
from PIL import Image

from fer_core.io.image_budget import FORMATS, ImageError, check_size, check_stream
from fer_core.io.images import READ_ERRORS, open_upright

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, between=b"", depth=8, colour=2):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return PNG + chunk(b"IHDR", head) + between + chunk(b"IDAT", zlib.compress(b"\0" * 40))


def jpeg(size, scans):
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    last = whole[whole.rfind(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + whole[-2:]


def gif(comment=b"", size=(30, 30)):
    stream = io.BytesIO()
    Image.new("P", size).save(stream, "GIF")
    whole = stream.getvalue()
    start = 13 + (3 << (whole[10] & 7) + 1 if whole[10] & 128 else 0)
    return whole[:start] + comment + whole[start:]


def webp(width, height):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


LOSSLESS = b"RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\x2f" + (16382 | 16382 << 14).to_bytes(4, "little")
LOSSY = b"RIFF\x20\0\0\0WEBPVP8 \x10\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16383, 16383)
COMMENTS = b"!\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0"
BOMBS = {
    "one pixel wide": (png(1, 178_956_970, depth=1, colour=0), "178 megapixels"),
    "a long strip": (png(1, 30_000), "too long: 1 x 30000 pixels"),
    "sixteen bits": (png(13_300, 13_300, depth=16, colour=6), "176 megapixels"),
    "text chunks": (png(10, 10, chunk(b"tEXt", b"a\0b") * 2000), "too many parts"),
    "long texts": (png(10, 10, chunk(b"iTXt", b"x" * 9_000_000)), "too many parts"),
    "empty chunks": (png(10, 10, chunk(b"IDAT", b"") * 30_000), "too many parts"),
    "scans": (jpeg((64, 64), 400), "410 scans, at most 100"),
    "scans of much": (jpeg((3000, 4000), 85), "scans of 12 megapixels"),
    "comments": (gif(COMMENTS), "MB of comments"),
    "canvas": (webp(16_383, 16_383), "268 megapixels"),
    "lossless": (LOSSLESS + b"\0" * 30, "268 megapixels"),
    "lossy": (LOSSY + b"\0" * 30, "268 megapixels"),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_what_asks_for_too_much_is_refused_before_it_is_decoded(name, monkeypatch):
    content, words = BOMBS[name]
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(ImageError, match=words):
        open_upright(io.BytesIO(content))


def test_a_picture_of_a_gif_beyond_its_canvas_counts_with_its_own_sides():
    content = bytearray(gif())
    place = content.index(b",") + 1
    content[place : place + 8] = struct.pack("<HHHH", 60_000, 60_000, 5000, 5000)
    with pytest.raises(ImageError, match="megapixels"):
        check_stream(io.BytesIO(content))


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as stream:
        stream.truncate(100_000_001)
    with pytest.raises(ImageError, match="100 MB, at most 100 MB"):
        open_upright(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "photo.jpg")
    with pytest.raises(ImageError, match="a pipe or a device"):
        open_upright(tmp_path / "photo.jpg")


@pytest.mark.parametrize("content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
                                     b"P3 2 1 255\n0 0 0 9 9 9\n", b"P6 1 1 255\n\0\0\0",
                                     b"/* XPM */\n", b"%PDF-1.4\n", b"8BPS\0\1"])  # fmt: skip
def test_formats_beside_the_short_list_are_not_opened(content, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(READ_ERRORS, match="cannot identify image file"):
        open_upright(path)
    assert "EPS" not in FORMATS


@pytest.mark.parametrize("cut", [2, 8, 12, 20, 29])
def test_a_cut_file_is_left_to_its_decoder(cut):
    for content in (png(10, 10), jpeg((8, 8), 0), gif(), webp(10, 10)):
        check_stream(io.BytesIO(content[:cut]))


def test_fifty_megapixels_are_read():
    check_size(8660, 6000)
    with pytest.raises(ImageError, match="53 megapixels"):
        check_size(8900, 6000)

"""Small files that once took gigabytes or minutes to read (docs/reliability.md)."""

import io
import struct
import zlib

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"


def hostile_images() -> dict[str, bytes]:
    """The bytes of each, by what it is."""
    text = b"tEXt", b"a\0b"
    return {
        "PNG of 1 x 178,956,970": _png(1, 178_956_970, depth=1, colour=0),
        "PNG of 13,300 x 13,300, 16 bits": _png(13_300, 13_300, depth=16, colour=6),
        "PNG with a million texts": _png(10, 10, between=_chunk(*text) * 10**6),
        "PNG of 7,200 x 7,200, 16 bits": _png(7_200, 7_200, depth=16, colour=6),
        "JPEG of 169 megapixels, 410 scans": _jpeg((13_000, 13_000), 400),
        "JPEG of 49 megapixels, 90 scans": _jpeg((7_000, 7_000), 80),
        "JPEG of 4 megapixels, 90 scans": _jpeg((2_000, 2_000), 80),
        "JPEG of 49 megapixels, 19 scans": _jpeg((7_000, 7_000), 9),
        "GIF with a comment of 20 MB": _gif(b"!\xfe" + (b"\xff" + b"x" * 255) * 80_000 + b"\0"),
        "GIF of 7,600 x 4,300, 5,000 frames": _long_gif((7_600, 4_300), 5_000),
        "WebP of 16,383 x 16,383": _webp(),
        "PPM in digits": b"P3 3000 3000 255\n" + b"0 " * 27_000_000,
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n",
    }


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(
    width: int, height: int, *, between: bytes = b"", depth: int = 8, colour: int = 2
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    bits = {0: 1, 2: 3, 6: 4}[colour] * depth
    row = b"\0" * (1 + (width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    rows = [packer.compress(row * min(1000, height - at)) for at in range(0, height, 1000)]
    pixels = b"".join(rows) + packer.flush()
    return PNG + b"".join(
        (_chunk(b"IHDR", head), between, _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    )


def _jpeg(size: tuple[int, int], scans: int) -> bytes:
    """A progressive one whose last scan comes again and again."""
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    last = whole[whole.rfind(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + whole[-2:]


def _gif(comment: bytes) -> bytes:
    stream = io.BytesIO()
    Image.new("P", (30, 30)).save(stream, "GIF")
    whole = stream.getvalue()
    start = 13 + (3 << (whole[10] & 7) + 1 if whole[10] & 128 else 0)
    return whole[:start] + comment + whole[start:]


def _long_gif(size: tuple[int, int], frames: int) -> bytes:
    """A canvas of much, each frame a pixel of it."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b";"


def _webp() -> bytes:
    body = b"WEBPVP8L\x10\0\0\0\x2f" + (16382 | 16382 << 14).to_bytes(4, "little") + b"\0" * 30
    return b"RIFF" + struct.pack("<I", len(body)) + body

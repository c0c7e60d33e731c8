"""The static page reads the size of an image in its first bytes, as Pillow does, and has limits."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.demo_app.page.conftest import fault

pytestmark = pytest.mark.browser
READ = """async (content) => {
  const { imageSize } = await import("/js/budget.js");
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
  return await imageSize(new Blob([bytes]));
}"""


def encoded(kind, size=(321, 123), mode="RGB", **options):
    file = io.BytesIO()
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8))
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def png_of(width, height):
    """A PNG that declares a size and has the pixels of none."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )  # fmt: skip


def test_sizes_are_those_that_pillow_reads(visit, chromium):
    page = visit(chromium)
    plain, comment = encoded("JPEG"), b"\xff\xfe" + struct.pack(">H", 60_000) + bytes(59_998)
    files = {
        "JPEG": plain,
        "progressive JPEG": encoded("JPEG", progressive=True),
        "JPEG with 300 kB of comments": plain[:2] + 5 * comment + plain[2:],
        "PNG": encoded("PNG"),
        "grey PNG": encoded("PNG", mode="L"),
        "GIF": encoded("GIF", mode="P"),
        "lossy WebP": encoded("WEBP"),
        "lossless WebP": encoded("WEBP", lossless=True),
        "WebP with a profile": encoded("WEBP", exif=b"Exif\0\0" + b"e" * 100),
        "BMP": encoded("BMP"),
        "AVIF": encoded("AVIF"),
    }
    sizes = {
        name: page.evaluate(READ, base64.b64encode(content).decode())
        for name, content in files.items()
    }
    assert set(map(tuple, sizes.values())) == {(321, 123)}, sizes
    for broken in (b"", b"no image" * 20, encoded("JPEG")[:60], b"\xff\xd8" + b"\xff" * 100):
        assert page.evaluate(READ, base64.b64encode(broken).decode()) is None


@pytest.mark.parametrize(
    "content",
    [png_of(1, 178_956_970), png_of(20_001, 10), png_of(13_300, 13_300)],
    ids=["a line", "a side", "pixels"],
)
def test_an_image_that_asks_for_too_much_is_refused_before_it_is_decoded(visit, chromium, content):
    page = visit(chromium, prepare=count_decoded)
    before = page.evaluate("window.decoded")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": content})
    assert "at most 100 MB, 52 megapixels and 20,000 pixels a side" in fault(page)
    assert page.evaluate("window.decoded") == before > 0


def test_a_file_of_too_many_bytes_is_refused_unread(visit, chromium):
    page = visit(chromium)
    drop = """async () => {
      const { checkBudget } = await import("/js/budget.js");
      const blob = { size: 100_000_001, slice: () => { throw new Error("read"); } };
      const limits = { bytes: 100_000_000, side: 20_000, pixels: 52_000_000 };
      return await checkBudget(blob, limits).catch((error) => error.kind);
    }"""
    assert page.evaluate(drop) == "too_large"


def count_decoded(page):
    page.add_init_script(
        "window.decoded = 0; const made = createImageBitmap;"
        "window.createImageBitmap = (...all) => { window.decoded += 1; return made(...all); };"
    )

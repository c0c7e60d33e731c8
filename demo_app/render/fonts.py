"""Fonts for labels on photographs: Pillow's own for English, those of the system for the rest."""

import unicodedata
from functools import lru_cache
from typing import Any

from PIL import ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

# By the names of their files, as Pillow looks for them in the folders of the system: Linux first,
# then Windows and macOS.
SYSTEM_FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf"),
    *("NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf", "wqy-microhei.ttc"),
    *("arial.ttf", "msyh.ttc", "malgun.ttf", "Arial Unicode.ttf", "Hiragino Sans GB.ttc"),
)
_NO_CHARACTER = "\U0010ffff"
_PROBE = 16.0  # points at which glyphs are compared


def font_for(text: str, points: float) -> tuple[Font, str]:
    """A font that has the letters of a text, and the text as it can be drawn with it.

    Where no font has them all, the letters that Pillow's own font lacks are left out: the page
    names the class next to the image too.
    """
    for name in ("", *SYSTEM_FONTS):
        if _open(name, _PROBE) is not None and all(_has(name, letter) for letter in set(text)):
            font = _open(name, points)
            assert font is not None  # it was opened before
            return font, text
    plain = "".join(letter for letter in text if _has("", letter))
    return ImageFont.load_default(points), " ".join(plain.split())


@lru_cache(maxsize=256)
def _open(name: str, points: float) -> Font | None:
    """The font in a file of the system, None where it is not there; Pillow's own without a name."""
    if not name:
        return ImageFont.load_default(points)
    try:
        return ImageFont.truetype(name, points)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    """Whether a font has a letter; what is absent is drawn as the same box everywhere."""
    font = _open(name, _PROBE)
    if font is None:
        return False
    if letter.isspace() or unicodedata.combining(letter):
        return True
    return _pixels(font, letter) != _pixels(font, _NO_CHARACTER)


def _pixels(font: Any, letter: str) -> bytes:  # noqa: ANN401 - Pillow does not type its masks
    return bytes(font.getmask(letter))

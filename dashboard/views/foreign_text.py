"""Text of records in Markdown: shown as it is.

Records come from anywhere. An image in the name of a run or in an error would be loaded by the
browser of whoever looks at it, from a server that then knows who looked, and when.
"""

import re

_MARKS = re.compile(r"([\\\[\]<>$])")
_ALL_MARKS = re.compile(r"([\\`*_\[\]<>$~#|])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # takes no room, and ends what would be made a link


def foreign(text: object) -> str:
    """Text in which nothing is a link, an image, a formula or HTML; emphasis and code stay."""
    return _ADDRESS.sub(_WORD_JOINER, _MARKS.sub(r"\\\1", str(text)))


def verbatim(text: object) -> str:
    """Text that is shown as it is, without any formatting."""
    return _ADDRESS.sub(_WORD_JOINER, _ALL_MARKS.sub(r"\\\1", str(text)))


def foreign_code(text: object) -> str:
    """Text between two backticks, which it does not end itself."""
    return str(text).replace("`", "'")

"""Text of records in Markdown: shown as it is.

Records come from anywhere. An image in the name of a run or in an error would be loaded by the
browser of whoever looks at it, from a server that then knows who looked, and when.
"""

import re

_MARKS = re.compile(r"([\\\[\]<>])")


def foreign(text: object) -> str:
    """Text in which nothing is a link, an image or HTML; emphasis and code stay."""
    return _MARKS.sub(r"\\\1", str(text))


def foreign_code(text: object) -> str:
    """Text between two backticks, which it does not end itself."""
    return str(text).replace("`", "'")

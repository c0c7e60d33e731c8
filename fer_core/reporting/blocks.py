"""Tables inside of Markdown pages: each is between two comments, of which the first says what.

<!-- report: noise ferplus-* -->
...
<!-- end of report -->
"""

import re
from collections.abc import Callable

from fer_core.errors import FerError

_BLOCK = re.compile(
    r"^<!-- report: (?P<order>[^\n]*?) -->\n(?P<body>.*?)^<!-- end of report -->$", re.M | re.S
)
_OPENING, _CLOSING = "<!-- report:", "<!-- end of report -->"


class ReportError(FerError, ValueError):
    """A page, an order or a set of records that no table can be made of."""


def orders(text: str) -> list[str]:
    """The orders of a page's blocks, from top to bottom.

    Raises:
        ReportError: when a block is not closed, or closed twice.
    """
    found = [match["order"] for match in _BLOCK.finditer(text)]
    if not len(found) == text.count(_OPENING) == text.count(_CLOSING):
        raise ReportError(
            f"{text.count(_OPENING)} lines '{_OPENING} ... -->' and {text.count(_CLOSING)} lines "
            f"'{_CLOSING}' make {len(found)} blocks: each block needs one of both, on its own line"
        )
    return found


def fill(text: str, table: Callable[[str], str]) -> str:
    """The page with every block's content regenerated.

    Args:
        text: the page.
        table: order -> Markdown.

    Raises:
        ReportError: see `orders`, and what ``table`` raises.
    """
    orders(text)

    def made(match: re.Match[str]) -> str:
        content = table(match["order"]).strip()
        return f"{_OPENING} {match['order']} -->\n{content}\n{_CLOSING}"

    return _BLOCK.sub(made, text)

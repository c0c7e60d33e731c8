"""Cells of CSV files that people open: none is a formula.

Spreadsheet programs run a cell that begins with one of a few signs, and names of files, runs and
classes come from anywhere. Files that programs read back (``predictions.csv``, lists of images)
keep every name as it is.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DIGITS = r"[+-]?\d[\d.,]*(?:e[+-]?\d+)?(?: ?%)?"
# A dash for no value; a number, perhaps with its spread or as an interval.
_HARMLESS = re.compile(rf"-|[+-](?:inf|nan)|{_DIGITS}(?:(?: ± | to ){_DIGITS})?", re.IGNORECASE)


def no_formula(value: object) -> object:
    """The value of a cell; text that would be run as a formula gets an apostrophe first.

    Args:
        value: of any type; numbers stay as they are, also as text and with their spread.
    """
    if not isinstance(value, str) or not value.startswith(FORMULA_STARTS):
        return value
    return value if _HARMLESS.fullmatch(value) else f"'{value}"


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """A whole table in UTF-8, its lines ended by a line feed; no cell is a formula.

    Args:
        rows: the header first.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([no_formula(value) for value in row] for row in rows)
    return stream.getvalue().encode()

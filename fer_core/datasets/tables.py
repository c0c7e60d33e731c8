"""Tables of labels in CSV files, and lists of lines."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple, TextIO

from fer_core.datasets.base import DataError

csv.field_size_limit(2**24)  # a row of FER2013 holds 2,304 pixels
DELIMITERS = (",", ";", "\t")  # of equals, the first


class TableRow(NamedTuple):
    """One row of a CSV file.

    Attributes:
        line: where it ends in the file, counted from 1.
        cells: column -> text without blanks around it; a short row lacks the last columns.
        fault: what is wrong with a short row, empty for a whole one.
    """

    line: int
    cells: dict[str, str]
    fault: str


def read_lines(path: Path) -> list[str]:
    """The lines of a text in UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises:
        DataError: when the file is not such a text.
    """
    try:
        return path.read_text(encoding=encoding_of(path)).splitlines()
    except UnicodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error


def encoding_of(path: Path) -> str:
    """UTF-16 where the file begins with its mark, else UTF-8."""
    with path.open("rb") as file:
        start = file.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def read_table(path: Path, needed: AbstractSet[str]) -> list[dict[str, str]]:
    """The rows of a CSV file, their cells and column names without blanks around them.

    Args:
        path: as for `table_rows`.
        needed: columns that must be there.

    Raises:
        DataError: when the file is not a table, or lacks columns or cells.
    """
    rows = []
    for row in table_rows(path, needed):
        if row.fault:
            raise DataError(f"{path} line {row.line} {row.fault}")
        rows.append(row.cells)
    return rows


def table_rows(
    path: Path, needed: AbstractSet[str], headless: Sequence[str] = ()
) -> Iterator[TableRow]:
    """The rows of a CSV file one by one, so that a large one need not fit in memory.

    Args:
        path: UTF-8 or UTF-16 with a byte order mark; cells between commas, semicolons or tabs.
        needed: columns that must be there, in any case.
        headless: column names of a file that may come without them: its first line is a row when
            it holds none of these.

    Raises:
        DataError: when the file is not a table, or lacks columns.
    """
    try:
        with path.open(encoding=encoding_of(path), newline="") as file:
            lines = csv.reader(file, delimiter=_delimiter(file, {*needed, *headless}))
            filled = (cells for cells in lines if any(cell.strip() for cell in cells))
            first = [column.strip() for column in next(filled, [])]
            if first and headless and not set(first) & set(headless):
                columns = list(headless)
                yield _row(lines.line_num, first, columns)
            else:
                columns = _in_our_case(first, needed)
            twice = sorted(name for name in needed if columns.count(name) > 1)
            if twice:
                raise DataError(
                    f"{path} has several columns {', '.join(twice)}: rename all but one of each"
                )
            missing = sorted(needed - set(columns))
            if missing:
                raise DataError(
                    f"{path} lacks the columns {', '.join(missing)}; it has "
                    f"{', '.join(filter(None, columns)) or 'none'}"
                )
            for cells in lines:
                if any(cell.strip() for cell in cells):
                    yield _row(lines.line_num, cells, columns)
    except (UnicodeError, csv.Error) as error:
        raise DataError(f"{path} is not a UTF-8 table: {error}") from error


def _delimiter(file: TextIO, names: AbstractSet[str]) -> str:
    """What stands between the cells: that which makes most known names of the first line."""
    line = next((line for line in file if line.strip()), "")
    file.seek(0)
    known = {name.casefold() for name in names}
    return max(DELIMITERS, key=lambda sign: len(known & {*_names(line, sign)}))


def _names(line: str, sign: str) -> list[str]:
    return [cell.strip().casefold() for row in csv.reader([line], delimiter=sign) for cell in row]


def _in_our_case(columns: Sequence[str], needed: AbstractSet[str]) -> list[str]:
    """The columns, those that are needed written as they are needed."""
    names = {name.casefold(): name for name in needed}
    return [
        names.get(column.casefold(), column) if column not in needed else column
        for column in columns
    ]


def _row(line: int, cells: list[str], columns: list[str]) -> TableRow:
    uneven = len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :])
    fault = f"has {len(cells)} cells, the header has {len(columns)}" if uneven else ""
    texts = (cell.strip() for cell in cells)
    return TableRow(line, dict(zip(columns, texts, strict=False)), fault)

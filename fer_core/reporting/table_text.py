r"""A table as text for a paper, a page or a program: LaTeX (booktabs), Markdown, CSV.

Cells hold plain text; each function escapes it for its format. A cell may be bold (the best of its
column) and may carry a mark (a paired interval excludes zero).
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fer_core.io.csv_cells import no_formula

PLUS_MINUS = " ± "
MINUS = "\N{MINUS SIGN}"
MARK = "*"
_NUMBER = re.compile(rf"[+\-{MINUS}]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")
_LATEX = {
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"},
    **{"±": r"$\pm$", "·": r"$\cdot$", MINUS: "$-$", "→": r"$\to$"},
    **{"≤": r"$\leq$", "≥": r"$\geq$", "λ": r"$\lambda$", "…": r"\dots{}"},
    **{"\N{MULTIPLICATION SIGN}": r"$\times$", "\N{EN DASH}": "--", "—": "---"},
}
_LATEX_MARKS = re.compile("|".join(map(re.escape, _LATEX)))
# An underscore within a word emphasises nothing, so that names of backbones stay readable.
_MARKDOWN_MARKS = re.compile(r"[\\`*|<>\[\]]|(?<!\w)_|_(?!\w)")


class Cell(NamedTuple):
    """One cell.

    Attributes:
        text: plain text; a spread follows ``±``, as in ``79.0 ± 0.4``.
        bold: whether it stands out as the best of its column.
        marked: whether it carries `MARK`.
        note: written after it, as ``n = 3``; may be empty.
    """

    text: str
    bold: bool = False
    marked: bool = False
    note: str = ""

    @property
    def plain(self) -> str:
        """The text and its note, without emphasis."""
        return f"{self.text} ({self.note})" if self.note else self.text


@dataclass(frozen=True)
class TextTable:
    """A table of cells.

    Attributes:
        header: title of each column.
        rows: cells of each row, as many as there are titles.
        caption: what the table shows: data, measure, number of seeds; may be empty.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.header):
                raise ValueError(
                    f"row {number} has {len(row)} cells, the header has {len(self.header)}"
                )

    @property
    def numeric(self) -> tuple[bool, ...]:
        """By column, whether every cell that is not empty is a number: it is aligned right."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.header)
        return tuple(_all_numbers([cell.text for cell in column]) for column in columns)


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = ""
) -> TextTable:
    """A table of plain texts."""
    cells = tuple(tuple(Cell(text) for text in row) for row in rows)
    return TextTable(tuple(header), cells, caption)


def to_latex(table: TextTable) -> str:
    r"""The table for LaTeX with the package booktabs; all special characters are escaped.

    Numbers are set in mathematical mode, so that minus signs and ``±`` are right.
    """
    numeric = table.numeric
    lines = [
        *(r"% \usepackage{booktabs}", r"\begin{table}", r"  \centering"),
        *([rf"  \caption{{{latex_text(table.caption)}}}"] if table.caption else []),
        rf"  \begin{{tabular}}{{{''.join('r' if number else 'l' for number in numeric)}}}",
        r"    \toprule",
        rf"    {' & '.join(map(latex_text, table.header))} \\",
        r"    \midrule",
        *(rf"    {' & '.join(map(_latex_cell, row))} \\" for row in table.rows),
        *(r"    \bottomrule", r"  \end{tabular}", r"\end{table}"),
    ]
    return "\n".join(lines) + "\n"


def to_markdown(table: TextTable) -> str:
    """The table for Markdown with pipes; bold and marks are kept, the caption follows it."""
    lines = [
        list(map(markdown_text, table.header)),
        ["---:" if number else "---" for number in table.numeric],
        *([_markdown_cell(cell) for cell in row] for row in table.rows),
    ]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{text}\n\n{markdown_text(table.caption)}\n" if table.caption else f"{text}\n"


def to_csv(table: TextTable) -> str:
    """The table for a program: texts as they are, without bold and marks."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([no_formula(name) for name in table.header])
    writer.writerows([no_formula(cell.plain) for cell in row] for row in table.rows)
    return file.getvalue()


TABLE_FORMATS: dict[str, Callable[[TextTable], str]] = {
    "LaTeX": to_latex,
    "Markdown": to_markdown,
    "CSV": to_csv,
}


def latex_text(text: str) -> str:
    """Plain text with LaTeX's special characters escaped; lines are joined."""
    return _LATEX_MARKS.sub(lambda found: _LATEX[found[0]], " ".join(text.split()))


def markdown_text(text: str) -> str:
    """Plain text with Markdown's special characters escaped; lines are joined."""
    return _MARKDOWN_MARKS.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def _latex_cell(cell: Cell) -> str:
    note = f" ({latex_text(cell.note)})" if cell.note else ""
    mark = rf"^{{{MARK}}}" if cell.marked else ""
    number, sign, spread = cell.text.partition(PLUS_MINUS)
    if _is_number(number):
        formula = rf"\mathbf{{{_latex_number(number)}}}" if cell.bold else _latex_number(number)
        formula += rf" \pm {_latex_number(spread)}" if sign else ""
        return f"${formula}{mark}${note}"
    text = latex_text(cell.text)
    text = rf"\textbf{{{text}}}" if cell.bold and text else text
    return f"{text}${mark}${note}" if mark else text + note


def _latex_number(number: str) -> str:
    plain = number.replace(MINUS, "-").replace(",", "{,}")
    return re.sub(r"e([+-]?)0*(\d+)", lambda e: rf" \times 10^{{{e[1].strip('+')}{e[2]}}}", plain)


def _markdown_cell(cell: Cell) -> str:
    number, sign, spread = cell.text.partition(PLUS_MINUS)
    number = markdown_text(number)
    text = (f"**{number}**" if cell.bold and number else number) + sign + markdown_text(spread)
    text += markdown_text(MARK) if cell.marked else ""
    return f"{text} ({markdown_text(cell.note)})" if cell.note else text


def _all_numbers(texts: Sequence[str]) -> bool:
    stated = [text.partition(PLUS_MINUS)[0] for text in texts if text not in ("", "-")]
    return bool(stated) and all(map(_is_number, stated))


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None

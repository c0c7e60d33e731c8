"""The report as one self-contained HTML file, which loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

import plotly.graph_objects as go
from PIL import Image
from plotly.offline import get_plotlyjs

from dashboard.report.part import Part, part_table
from fer_core.reporting.table_text import MARK, Cell, TextTable, to_latex

MAX_ROWS = 500  # of a table
PRINTED_ROWS = 12  # of a table on paper; report.css hides the others
# Letters in the longest row, and rows, of a table that is half as wide as a printed page.
NARROW, LOW = 90, 10
# The browser refuses everything that is not in the file.
# Plotly compiles the shaders of parallel coordinates, hence unsafe-eval.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "img-src data: blob:; font-src data:"
)
STYLE = Path(__file__).with_name("report.css")
SCRIPT = Path(__file__).with_name("report.js")
SHORT_NOTE = 400  # letters of a text that is a third as wide as a printed page
SHORT_TEXT, PAGE_LETTERS = 32, 170  # letters of a cell on one line on paper, and of such a line
SHORT_TABLE = 60  # rows of a table that is offered as LaTeX
NOT_PRINTED = (
    "The file has more than this print: the data of each chart, all rows and the LaTeX of each "
    "table, measured speeds, results of small comparisons, the other charts of published results, "
    "and options against accuracy run by run."
)


def render(title: str, lead: str, facts: Sequence[str], pages: Mapping[str, Sequence[Part]]) -> str:
    """The HTML file.

    Args:
        title: of the report.
        lead: its most important sentence.
        facts: lines below the lead: date, sources, counts.
        pages: by title, the blocks of each page.
    """
    anchors = {name: f"page-{number}" for number, name in enumerate(pages)}
    links = "".join(f'<a href="#{anchors[name]}">{escape(name)}</a>' for name in pages)
    lines = "".join(f"<div>{escape(fact)}</div>" for fact in facts)
    body: list[str] = []
    charts = 0
    for name, parts in pages.items():
        screen = "" if parts else ' class="screen"'
        body.append(f'<h2{screen} id="{anchors[name]}">{escape(name)}</h2><div class="parts">')
        if not parts:
            body.append('<p class="soft wide screen">There are no records for this page yet.</p>')
        for part in parts:
            body.append(_block(part, f"chart-{charts}"))
            charts += part.figure is not None
        body.append("</div>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text()}</style></head>\n"
        f'<body><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>'
        f'<div class="soft">{lines}<div class="paper">{NOT_PRINTED}</div></div>'
        f"<nav><p>{links}</p></nav>"
        '<p class="search"><input type="search" placeholder="Search all tables" '
        'aria-label="Search all tables"><output></output></p>'
        "<noscript><p>The charts need JavaScript; the data of each chart is below "
        "it.</p></noscript>\n"
        + "\n".join(body)
        + f"\n<script>{get_plotlyjs()}</script>\n<script>{SCRIPT.read_text()}</script>\n"
        "</body></html>\n"
    )


def _block(part: Part, chart: str) -> str:
    half = part.figure is not None and not part.wide
    drawn = part.figure is not None or part.image
    table = part_table(part)
    kinds = f"part{'' if half else ' wide'}{' figure' if drawn else ''}"
    kinds += _paper_width(part, table)
    kinds += " screen" if part.screen or (part.folded and not part.text) else ""
    kinds += " whole" if part.whole else ""
    pieces = [f'<section class="{kinds}"><h3>{escape(part.heading)}</h3>']
    if part.text:
        pieces.append(f"<p>{escape(part.text)}</p>")
    if part.figure is not None:
        pieces.append(f'<div class="chart" id="{chart}"></div>')
        pieces.append(f'<script type="application/json" data-chart="{chart}">')
        pieces.append(f"{_figure_json(part.figure)}</script>")
    if part.image:
        data = b64encode(part.image).decode()
        name = escape(part.heading, quote=True)
        pieces.append(f'<img alt="{name}" src="data:image/png;base64,{data}">')
    if table is not None:
        what = "The table"
        if drawn:
            what = f"Data of the {'chart' if part.figure is not None else 'image'}"
        rows = _rows(table, part.whole)
        hidden = f"<details><summary>{what}</summary>{rows}</details>"
        pieces.append(hidden if drawn or part.folded else rows)
        if not drawn and len(table.rows) <= SHORT_TABLE:
            pieces.append(_latex(table))
    return "".join([*pieces, "</section>"])


def _paper_width(part: Part, table: TextTable | None) -> str:
    """The class of a block of half (``narrow``) or a third (``short``) of a printed page."""
    if part.half:
        return " narrow"
    if part.figure is not None:
        return ""
    if part.image:
        with Image.open(BytesIO(part.image)) as image:
            return " narrow" if image.width < image.height else ""
    if table is None or part.folded:
        return " short" if 0 < len(part.text) <= SHORT_NOTE else ""
    fits = sum(_widths(table)) + 2 * len(table.header) <= NARROW
    return " narrow" if fits and len(table.rows) <= LOW else ""


def _widths(table: TextTable) -> list[int]:
    """Letters of the longest cell of each column, its name included."""
    rows = ([f"{cell.text}{cell.note}" for cell in row] for row in table.rows)
    return [max(map(len, column)) for column in zip(table.header, *rows, strict=True)]


def _figure_json(figure: go.Figure) -> str:
    bare = go.Figure(figure).update_layout(template="none")  # the page sets the colours
    # A text such as the name of a run must not end the script element.
    return str(bare.to_json()).replace("<", "\\u003c")


def _rows(table: TextTable, whole: bool) -> str:
    """The table, with buttons that sort it; ``whole``: paper has all rows."""
    count = len(table.rows)
    note = f"<p>The first {MAX_ROWS} of {count:,} rows.</p>" if count > MAX_ROWS else ""
    marks = _marks(table)
    kinds = [' class="n"' if numeric else "" for numeric in table.numeric]
    head = "".join(
        f'<th scope="col"{kind}><button type="button">{escape(name)}</button></th>'
        for name, kind in zip(table.header, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{mark}>{_cell(cell)}</td>" for cell, mark in zip(row, marks, strict=True))
        + "</tr>"
        for row in table.rows[:MAX_ROWS]
    )
    rest = 0 if whole else min(count, MAX_ROWS) - PRINTED_ROWS
    noun = "row" if rest == 1 else "rows"
    more = f'<p class="paper">{rest} more {noun} in the file.</p>' if rest > 0 else ""
    return (
        f'{note}<div class="rows"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def _marks(table: TextTable) -> list[str]:
    """Classes of the columns: ``n`` for numbers, ``s`` for short texts, on one line on paper."""
    widths = [min(width, SHORT_TEXT) for width in _widths(table)]
    fits = sum(widths) <= PAGE_LETTERS
    return [
        ' class="n"' if numeric else ' class="s"' if fits and width < SHORT_TEXT else ""
        for numeric, width in zip(table.numeric, widths, strict=True)
    ]


def _cell(cell: Cell) -> str:
    text = escape(cell.text + (MARK if cell.marked else ""))
    note = f" ({escape(cell.note)})" if cell.note else ""
    return (f"<b>{text}</b>" if cell.bold else text) + note


def _latex(table: TextTable) -> str:
    return (
        f"<details><summary>LaTeX</summary><pre>{escape(to_latex(table))}</pre>"
        '<button type="button" class="copy">Copy</button></details>'
    )

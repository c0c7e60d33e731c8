"""The report as one self-contained HTML file, which loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from dashboard.report.parts import Part

MAX_ROWS = 500  # of a table
# The browser refuses everything that is not in the file.
# Plotly compiles the shaders of parallel coordinates, hence unsafe-eval.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "img-src data: blob:; font-src data:"
)
STYLE = """
:root { color-scheme: light dark; --ink: #22262c; --soft: #5d646e; --paper: #fff; --line: #d9dce1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a3a9b2; --paper: #16181b; --line: #3a3e45; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1000px; margin: 0 auto; padding: 1.5rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1.2rem; margin-top: 2.5rem; }
h3 { margin: 2rem 0 .3rem; }
nav a, a { color: inherit; }
nav a { margin-right: 1rem; }
.lead { font-size: 1.25rem; }
.soft, caption { color: var(--soft); font-size: .9rem; text-align: left; }
.chart { min-height: 430px; }
img { max-width: 100%; height: auto; }
.rows { overflow-x: auto; max-height: 480px; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--paper); }
summary { cursor: pointer; color: var(--soft); }
@media print { .rows { max-height: none; overflow: visible; } }
"""
SCRIPT = """
const dark = matchMedia("(prefers-color-scheme: dark)");
function drawAll() {
  const ink = dark.matches ? "#e8eaed" : "#22262c", line = dark.matches ? "#3a3e45" : "#d9dce1";
  for (const source of document.querySelectorAll("script[data-chart]")) {
    const chart = JSON.parse(source.textContent), layout = chart.layout;
    layout.font = {...layout.font, color: ink};
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key)))
      layout[name] = {automargin: true, ...layout[name], gridcolor: line, zerolinecolor: line};
    Plotly.react(source.dataset.chart, chart.data, layout,
      {responsive: true, displaylogo: false, toImageButtonOptions: {scale: 2}});
  }
}
drawAll();
dark.addEventListener("change", drawAll);
"""


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
        body.append(f'<h2 id="{anchors[name]}">{escape(name)}</h2>')
        if not parts:
            body.append('<p class="soft">There are no records for this page yet.</p>')
        for part in parts:
            body.append(_block(part, f"chart-{charts}"))
            charts += part.figure is not None
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f'<body><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>'
        f'<div class="soft">{lines}</div><nav><p>{links}</p></nav>'
        "<noscript><p>The charts need JavaScript; the data of each chart is below "
        "it.</p></noscript>\n"
        + "\n".join(body)
        + f"\n<script>{get_plotlyjs()}</script>\n<script>{SCRIPT}</script>\n</body></html>\n"
    )


def _block(part: Part, chart: str) -> str:
    pieces = [f"<h3>{escape(part.heading)}</h3>"]
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
    if part.table is not None:
        rows, shown = _table(part.table), "chart" if part.figure is not None else "image"
        within = f"<details><summary>Data of the {shown}</summary>{rows}</details>"
        pieces.append(rows if part.figure is None and not part.image else within)
    return "".join(pieces)


def _figure_json(figure: go.Figure) -> str:
    bare = go.Figure(figure).update_layout(template="none")  # the page sets the colours
    # A text such as the name of a run must not end the script element.
    return str(bare.to_json()).replace("<", "\\u003c")


def _table(table: pd.DataFrame) -> str:
    count = len(table)
    note = f"<p>The first {MAX_ROWS} of {count:,} rows.</p>" if count > MAX_ROWS else ""
    rows = table.head(MAX_ROWS).to_html(
        index=False, na_rep="-", float_format="{:.4g}".format, border=0, justify="left"
    )
    return f'<div class="rows">{rows}</div>{note}'

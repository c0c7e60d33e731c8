"""A chart of the dashboard as a figure for a paper: PDF, SVG or PNG of a column's width.

matplotlib draws the same traces that Plotly shows. Fonts are embedded in PDF and outlined in SVG,
the ground is white, legend and caption are measured with the font that draws them, and the page
is as high as they need. The result does not depend on the browser or its theme.
"""

import io
import threading
from collections.abc import Sequence
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from dashboard.charts.paper_marks import draw_marks
from dashboard.charts.paper_traces import (
    GREY,
    POINTS,
    Scale,
    draw_trace,
    group_offsets,
    plain,
    set_axis,
)
from dashboard.charts.style import (
    PAPER_FORMATS,
    PAPER_TRACES,
    can_be_on_paper,
    layout_of,
    traces_of,
)
from fer_core.reporting.confusion_figure import drawable

SOFT = "#5D646E"  # of the caption
TITLE = 0.68  # of the width, which is beside the labels of the vertical axis
DPI = 300  # of PNG files
INCH = 72  # points
EDGE = 0.04  # inches around everything
MARGIN = 0.08  # inches between the parts
PLOTTED = 0.42  # of the width, that is not the names of rows
TICKS = 3  # of an inch
LINE, AROUND = 0.135, 0.75  # inches of a line of a row's name; of title and axis
_LOCK = threading.Lock()  # matplotlib's settings belong to the whole process


class PaperError(ValueError):
    """A chart that cannot be drawn for a paper."""


def paper_figure(figure: go.Figure, kind: str, width: float, caption: str = "") -> bytes:
    """The file of a figure.

    Args:
        figure: a chart of the dashboard.
        kind: one of PAPER_FORMATS.
        width: in inches; the height follows.
        caption: a line below: data, split, noise, n, measure; may be empty.

    Raises:
        PaperError: when a trace cannot be drawn.
    """
    if kind not in PAPER_FORMATS:
        raise PaperError(f"format must be one of {', '.join(PAPER_FORMATS)}, got {kind}")
    content = io.BytesIO()
    with _LOCK, mpl.rc_context():
        page = draw_page(figure, width, caption)
        dates: dict[str, Any] = {
            **({"CreationDate": None} if kind == "PDF" else {}),
            **({"Date": None} if kind == "SVG" else {}),
        }
        page.savefig(content, format=kind.lower(), dpi=DPI, metadata=dates, facecolor="white")
    return content.getvalue()


def draw_page(figure: go.Figure, width: float, caption: str) -> Figure:
    """The figure with its legend and caption, all inside the page.

    Call it within `matplotlib.rc_context`, since it changes matplotlib's settings.
    """
    if not can_be_on_paper(figure):
        kinds = sorted({str(trace.type) for trace in traces_of(figure)} - set(PAPER_TRACES))
        raise PaperError(f"these traces cannot be drawn for a paper: {', '.join(kinds) or 'none'}")
    _use_settings(width, _texts(figure, caption))
    body = _body_height(figure, width)
    page = Figure(figsize=(width, body), layout="constrained")
    FigureCanvasAgg(page)
    entries = _draw_panels(page, figure)
    words = _wrapped(page, caption, width - 2 * EDGE)
    note = page.text(0, 0, words, va="bottom", ha="left", color=SOFT, fontsize="small")
    note.set_in_layout(False)
    legend = _legend(page, entries, width) if layout_of(figure).showlegend is not False else None
    below_note = _height(page, note) if words else 0.0
    below_legend = _height(page, legend) if legend else 0.0
    foot = EDGE + (below_note + MARGIN if words else 0) + (below_legend + MARGIN if legend else 0)
    total = body + foot
    page.set_size_inches(width, total)
    note.set_position((EDGE / width, EDGE / total))
    if legend:
        low = EDGE + (below_note + MARGIN if words else 0)
        legend.set_bbox_to_anchor((0.5, low / total), transform=page.transFigure)
    engine = page.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, foot / total, 1, body / total))  # pyright: ignore[reportCallIssue]
    return page


def _use_settings(width: float, texts: Sequence[str]) -> None:
    mpl.rcdefaults()
    _, families = drawable(list(texts))
    size = 7 if width < 5 else 8
    mpl.rcParams.update(
        {
            **{"font.size": size, "font.family": families, "text.parse_math": False},
            **{"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "fer-core"},
            **{"axes.titlesize": size + 0.5, "axes.titlelocation": "left", "axes.labelsize": size},
            **{"axes.grid": True, "axes.axisbelow": True, "grid.color": "#E4E4E4"},
            **{"axes.spines.top": False, "axes.spines.right": False, "grid.linewidth": 0.5},
            **{"xtick.labelsize": size - 0.5, "ytick.labelsize": size - 0.5},
            **{"legend.frameon": False, "legend.fontsize": size - 0.5, "axes.linewidth": 0.6},
        }
    )


def _texts(figure: go.Figure, caption: str) -> list[str]:
    """Every text that is drawn, so that fonts with all its letters are found."""
    layout = layout_of(figure)
    axes = [layout[name] for name in layout if str(name)[1:5] == "axis"]
    ticks = [plain(text) for axis in axes for text in (axis.ticktext or ())]
    names = [plain(trace.name) for trace in traces_of(figure) if trace.name]
    titles = [plain(axis.title.text) for axis in axes] + [plain(layout.title.text)]
    notes = [plain(note.text) for note in layout.annotations]
    return [*ticks, *names, *titles, *notes, caption]


def _axes_of(figure: go.Figure, name: str) -> dict[str, tuple[float, float]]:
    """By axis with traces, its place in [0, 1]; from the top, or from the left.

    Args:
        figure: a chart.
        name: ``x`` or ``y``.
    """
    used = dict.fromkeys(str(trace[f"{name}axis"] or name) for trace in traces_of(figure))
    found = {}
    for axis in used:
        domain = layout_of(figure)[_long(axis)].domain
        found[axis] = (0.0, 1.0) if domain is None else (float(domain[0]), float(domain[1]))
    sign = 1 if name == "x" else -1
    return dict(sorted(found.items(), key=lambda item: sign * item[1][0]))


def _body_height(figure: go.Figure, width: float) -> float:
    matrix = any(trace.type == "heatmap" for trace in traces_of(figure))
    one = min(0.9 * width, 4.2) if matrix else (0.72 if width < 5 else 0.48) * width
    upright = _axes_of(figure, "y")
    lines = [
        len(plain(row).split("\n"))
        for name in upright
        if not matrix and layout_of(figure)[_long(name)].type == "category"
        for row in layout_of(figure)[_long(name)].ticktext or ()
    ]
    needed = LINE * sum(lines) + AROUND
    if layout_of(figure).annotations:  # as far apart as on the screen
        needed = POINTS * float(layout_of(figure).height) / INCH
    return max(one * (1.4 if len(upright) > 1 else 1), needed)


def _draw_panels(page: Figure, figure: go.Figure) -> list[tuple[Any, str]]:
    """Draw all traces in a grid of panels; handles and names of the legend."""
    upright, level = _axes_of(figure, "y"), _axes_of(figure, "x")
    grid = page.subplots(
        *(len(upright), len(level)),
        sharex="col" if len(upright) > 1 else False,
        sharey="row" if len(level) > 1 else False,
        height_ratios=[high - low for low, high in upright.values()],
        width_ratios=[high - low for low, high in level.values()],
        squeeze=False,
    )
    entries: list[tuple[Any, str]] = []
    offsets = group_offsets(figure)
    bars = max(1, sum(trace.type == "bar" for trace in traces_of(figure)))
    scales = {name: _scale(figure, name) for name in (*upright, *level)}
    for (row, along), (column, across) in product(enumerate(upright), enumerate(level)):
        axes = grid[row, column]
        x, y = scales[across], scales[along]
        for trace in traces_of(figure):
            if (str(trace.xaxis or "x"), str(trace.yaxis or "y")) != (across, along):
                continue
            place = offsets.get(str(trace.name), 0.0)
            handle = draw_trace(axes, trace, x, y, place, bars)
            listed = getattr(trace, "showlegend", None) is not False
            if trace.name and listed and handle is not None:
                entries.append((handle, plain(trace.name)))
        beside, below = (layout_of(figure)[_long(name)] for name in (along, across))
        if column == 0:
            set_axis(axes.yaxis, beside.to_plotly_json(), y, axes, "y")
        if row == len(upright) - 1:
            set_axis(axes.xaxis, below.to_plotly_json(), x, axes, "x")
            if len(level) > 1:
                _narrow(page, axes, len(level))
        if beside.zeroline:
            axes.axhline(0, color=GREY, linewidth=0.8)
        if below.zeroline:
            axes.axvline(0, color=GREY, linewidth=0.8)
        draw_marks(axes, layout_of(figure), across, along)
    room, size = TITLE * page.get_size_inches()[0], mpl.rcParams["axes.titlesize"]
    lines = plain(layout_of(figure).title.text).split("\n")
    title = "\n".join(_wrapped(page, line, room, size) for line in lines)
    if len(level) > 1:
        page.suptitle(title, x=EDGE / page.get_size_inches()[0], ha="left", fontsize=size)
    else:
        grid[0, 0].set_title(title)
    return entries


def _narrow(page: Figure, axes: Axes, panels: int) -> None:
    """Title and ticks of a horizontal axis that shares the width with other panels."""
    room = PLOTTED * page.get_size_inches()[0] / panels
    words = _wrapped(page, axes.get_xlabel(), room, mpl.rcParams["axes.labelsize"])
    axes.set_xlabel(words)
    axes.xaxis.set_major_locator(MaxNLocator(max(2, round(TICKS * room))))


def _scale(figure: go.Figure, name: str) -> Scale:
    """The scale of an axis, by everything that is drawn along it."""
    letter = name[0]
    values = [
        value
        for trace in traces_of(figure)
        if str(trace[f"{letter}axis"] or letter) == name
        for value in _values(trace[letter])
    ]
    return Scale(layout_of(figure)[_long(name)].to_plotly_json(), values)


def _values(values: object) -> list[object]:
    return [] if values is None else list(values)  # pyright: ignore[reportArgumentType]


def _long(name: str) -> str:
    """``y2`` -> ``yaxis2``."""
    return f"{name[0]}axis{name[1:]}"


def _legend(page: Figure, entries: list[tuple[Any, str]], width: float) -> Legend | None:
    """The legend with as many columns as fit into the width; long names are wrapped."""
    if not entries:
        return None
    handles = [handle for handle, _ in entries]
    room = width - 2 * EDGE
    size = mpl.rcParams["legend.fontsize"]
    names = [_wrapped(page, name, room - 0.4, size) for _, name in entries]
    for columns in range(min(len(entries), 4), 0, -1):
        legend = page.legend(
            handles, names, ncols=columns, loc="lower center", borderaxespad=0, handlelength=1.8
        )
        legend.set_in_layout(False)
        extent = legend.get_window_extent(page.canvas.get_renderer())  # pyright: ignore[reportAttributeAccessIssue]
        if columns == 1 or extent.width / page.dpi <= room:
            return legend
        legend.remove()
    return None


def _wrapped(page: Figure, text: str, room: float, size: str | float = "small") -> str:
    """The text in lines that fit into a width in inches, measured with the font that draws it."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        probe = Text(0, 0, longer, figure=page, fontsize=size)
        wide = probe.get_window_extent(page.canvas.get_renderer()).width / page.dpi  # pyright: ignore[reportAttributeAccessIssue]
        if wide <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _height(page: Figure, part: Any) -> float:  # noqa: ANN401
    renderer = page.canvas.get_renderer()  # pyright: ignore[reportAttributeAccessIssue]
    return float(np.ceil(part.get_window_extent(renderer).height) / page.dpi)

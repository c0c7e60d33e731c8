"""Colours, symbols and layout of all charts."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fer_core.config.methods import METHODS

# Okabe and Ito's colours in an order that stays legible on white and on near-black.
COLOURS = ("#1F83C4", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
HEIGHT = 430
# What `charts.paper` draws, which imports matplotlib: kinds of traces, widths in inches, files.
PAPER_TRACES = ("scatter", "bar", "heatmap")
PAPER_WIDTHS = {"one column (3.3 in)": 3.3, "two columns (7 in)": 7.0}
PAPER_FORMATS = {"PDF": "application/pdf", "SVG": "image/svg+xml", "PNG": "image/png"}
# Ticks within each decade of a logarithmic axis, by the number of decades shown at most.
TICKS = {1.0: (1, 1.5, 2, 3, 4, 5, 7), 3.5: (1, 2, 5), float("inf"): (1,)}


def hues_of(method: str) -> tuple[str, ...]:
    """The colours of a method in order; empty for an unknown method."""
    return METHODS[method].colours if method in METHODS else ()


def distinct_colours() -> tuple[str, ...]:
    """All colours: as many runs or lines as there are of them differ by colour alone."""
    every = (colour for spec in METHODS.values() for colour in spec.colours)
    return tuple(dict.fromkeys((*COLOURS, *every)))


def method_colours(methods: Mapping[str, str]) -> dict[str, str]:
    """A colour for each run or line: first the hues of its method, then those nobody here has.

    A method has the same hue on all pages; further runs or lines of it take the next hue. None
    takes a hue that another shows; when all are used up, a method repeats its own.
    """
    left = {method: list(hues_of(method)) for method in methods.values()}
    own = {name: left[method].pop(0) for name, method in methods.items() if left[method]}
    spare = [colour for colour in distinct_colours() if colour not in own.values()]
    chosen: dict[str, str] = {}
    for name, method in methods.items():
        cycle = hues_of(method) or COLOURS
        chosen[name] = own.get(name) or (spare.pop(0) if spare else cycle[len(chosen) % len(cycle)])
    return chosen


def tint(colour: str, opacity: float = 0.18) -> str:
    """A colour as a translucent area.

    Args:
        colour: as ``#RRGGBB``.
        opacity: in [0, 1].
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def marker_style(index: int) -> dict[str, str]:
    """Colour and symbol of the one of this number; each of the first 36 has its own pair."""
    turn = index + index // len(COLOURS)
    return {"color": COLOURS[index % len(COLOURS)], "symbol": SYMBOLS[turn % len(SYMBOLS)]}


def traces_of(figure: go.Figure) -> tuple[Any, ...]:
    """The traces of a figure, whose kinds Plotly's types do not say."""
    traces: Any = figure.data
    return tuple(traces)


def layout_of(figure: go.Figure) -> Any:  # noqa: ANN401
    """The layout of a figure, whose fields Plotly's types do not say."""
    return figure.layout


def can_be_on_paper(figure: go.Figure) -> bool:
    """Whether `charts.paper` can draw all traces of a chart; not parallel coordinates."""
    traces = traces_of(figure)
    return bool(traces) and all(trace.type in PAPER_TRACES for trace in traces)


def band_trace(
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    colour: str,
    *,
    group: str,
    name: str,
    opacity: float = 0.18,
) -> dict[str, Any]:
    """An interval along a line as a translucent area without hover text or legend entry.

    Args:
        x: (n,) places, ascending.
        low: (n,) lower ends.
        high: (n,) upper ends.
        colour: of the line, as ``#RRGGBB``.
        group: of the legend, that of the line.
        name: of the trace.
        opacity: in [0, 1].
    """
    return {
        "type": "scatter",
        "x": np.concatenate([x, x[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "mode": "lines",
        "line": {"width": 0, "color": colour},
        "fill": "toself",
        "fillcolor": tint(colour, opacity),
        "hoverinfo": "skip",
        "legendgroup": group,
        "name": name,
        "showlegend": False,
    }


def finish(figure: go.Figure, title: str, *, legend: bool | None = None) -> go.Figure:
    """The figure with the title, legend and margins that all charts share."""
    return figure.update_layout(
        title={"text": title},
        height=HEIGHT,
        hovermode="closest",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.3, "x": 0, "yanchor": "top"},
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
    )


def name_classes(axis: Any, tints: Mapping[str, str], names: Mapping[str, str]) -> None:  # noqa: ANN401
    """Label the ticks of an axis with classes: a square in the class's colour, and its name.

    Args:
        axis: layout of a Plotly axis, as passed by `for_each_xaxis`.
        tints: by class.
        names: text of the tick of each class, in HTML.
    """
    texts = [f'<span style="color:{tints[one]}">■</span> {text}' for one, text in names.items()]
    # Classes may be called 1, 2, 3.
    axis.update(type="category", tickvals=list(names), ticktext=texts)


def matrix_axes(
    figure: go.Figure, classes: Iterable[object], tints: Mapping[str, str], across: str
) -> None:
    """Axes of a heat map of classes: labels from top to bottom, ``across`` from left to right."""
    figure.update_xaxes(title=across, showgrid=False, tickangle=-35)
    figure.update_yaxes(title="Label", autorange="reversed", showgrid=False)
    names = {str(name): escape(str(name)) for name in classes}
    figure.for_each_xaxis(lambda axis: name_classes(axis, tints, names))
    figure.for_each_yaxis(lambda axis: name_classes(axis, tints, names))


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Range and ticks of a logarithmic axis: at least a factor of four, ticks at round numbers.

    Args:
        low: the smallest value drawn, above zero.
        high: the largest value drawn.
    """
    ends = np.log10([low, high])
    room = max(0.08 * (ends[1] - ends[0]), (np.log10(4) - (ends[1] - ends[0])) / 2)
    start, end = ends[0] - room, ends[1] + room
    decades = 10.0 ** np.arange(np.floor(start), np.ceil(end) + 1)
    steps = next(steps for most, steps in TICKS.items() if end - start <= most)
    ticks = np.array([step * decade for decade in decades for step in steps])
    ticks = ticks[(np.log10(ticks) >= start) & (np.log10(ticks) <= end)]
    texts = [f"{tick:,.0f}" if tick >= 10 else f"{tick:g}" for tick in ticks]
    return {
        "type": "log",
        "range": [float(start), float(end)],
        "tickvals": ticks.tolist(),
        "ticktext": texts,
    }

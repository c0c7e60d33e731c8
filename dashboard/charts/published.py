"""Charts of the page of published results."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.placed import MEASURED
from dashboard.analysis.published import AXES
from dashboard.analysis.published_points import OWN_VALIDATION, VALIDATION, spread
from dashboard.charts.style import HEIGHT, finish, log_axis
from dashboard.data.own_results import OWN

GREY = "#8A8F98"
KINDS: dict[str, tuple[str, str]] = {
    "other methods": (GREY, "circle"),
    "not ranked": (GREY, "x-thin-open"),
    "EAC": ("#1F83C4", "diamond"),
    MEASURED: ("#009E73", "star"),
    VALIDATION: ("#009E73", "star-open"),
    OWN: ("#CC79A7", "square"),
    OWN_VALIDATION: ("#CC79A7", "square-open"),
}
LINE = 14  # pixels from one name to the next
LONGEST = 22  # letters of a name on the chart
AROUND = 170  # pixels above and below the plot: title, axis, legend
BIN = 0.08  # of a logarithmic axis: names of points that are closer share a column


def published_figure(
    points: pd.DataFrame, metric: str, axis: str = "Year", *, names: bool = True
) -> go.Figure:
    """Published values over year or parameters; EAC and our own runs are highlighted.

    Args:
        points: of `published_points.drawn_points`, of one comparable group.
        metric: name of the metric, for the axis.
        axis: one of `published.AXES`; parameters have a logarithmic axis.
        names: whether to write the method beside each point.
    """
    column = AXES[axis]
    where = "%{x}" if axis == "Year" else "%{x:.3~r} million parameters"
    figure = go.Figure()
    for kind, (colour, symbol) in KINDS.items():
        rows = points[points["kind"] == kind]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows[column],
            y=rows["value"],
            customdata=rows[["method", "backbone", "trust"]].fillna("not stated").to_numpy(),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 1.5}},
            name=kind,
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>%{{customdata[1]}}<br>{where}: "
            "%{y:.2f} %<br>%{customdata[2]}<extra></extra>",
        )
    ends = points[column].astype(float).agg(["min", "max"])
    if axis == "Year":
        figure.update_xaxes(
            title="Year", dtick=1, tickformat="d", range=[ends["min"] - 0.3, ends["max"] + 0.9]
        )
    else:
        figure.update_xaxes(title="Parameters (millions)", **log_axis(*ends))
    figure.update_yaxes(title=f"{metric.capitalize()} (%)")
    finish(figure, f"{metric.capitalize()} by {axis.lower()}", legend=True)
    return _name_points(figure, points, column, axis != "Year") if names else figure


def _name_points(
    figure: go.Figure, points: pd.DataFrame, column: str, logarithmic: bool
) -> go.Figure:
    """Write the method beside each point, with a line to it where there is no room beside it."""
    places = points[column].to_numpy(dtype=float)
    heights = points["value"].to_numpy(dtype=float)
    columns = np.round(np.log10(places) / BIN) if logarithmic else places
    crowd = max(np.unique(columns, return_counts=True)[1])
    plot = max(HEIGHT - AROUND, LINE * (crowd + 1))  # pixels
    low, high = heights.min(), heights.max()
    room = max(0.08 * (high - low), 0.5)
    low, high = low - room, high + room
    pixels = plot / (high - low)
    names = [_short(str(name)) for name in points["method"]]
    written = []  # set at once: adding them one by one checks all of them each time
    for one in np.unique(columns):
        members = np.flatnonzero(columns == one)
        placed = spread([float(heights[index]) for index in members], LINE / pixels)
        for index, height in zip(members, placed, strict=True):
            x = float(np.log10(places[index])) if logarithmic else float(places[index])
            written.append(_name(names[index], x, heights[index], height, pixels))
    return figure.update_layout(
        height=plot + AROUND, yaxis={"range": [low, high]}, annotations=written
    )


def _name(text: str, x: float, y: float, height: float, pixels: float) -> dict[str, Any]:
    """The name of a point at ``y``, drawn at ``height``."""
    moved = abs(height - y) * pixels > LINE / 3
    return {
        **{"x": x, "y": y, "text": text, "font": {"size": 11}, "xanchor": "left"},
        **{"showarrow": True, "ax": 16 if moved else 8, "ay": (y - height) * pixels},
        **{"arrowhead": 0, "arrowwidth": 0.8, "standoff": 6},
        "arrowcolor": GREY if moved else "rgba(0,0,0,0)",
    }


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"

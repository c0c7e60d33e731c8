"""Charts of the page of published results."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.published import AXES
from dashboard.charts.style import finish, log_axis

KINDS: dict[str, tuple[str, str]] = {
    "other methods": ("#8A8F98", "circle"),
    "not ranked": ("#8A8F98", "x-thin-open"),
    "EAC": ("#1F83C4", "diamond"),
    "measured here": ("#009E73", "star"),
}


def published_figure(points: pd.DataFrame, metric: str, axis: str = "Year") -> go.Figure:
    """Published values over year or parameters; EAC and our own runs are highlighted.

    Args:
        points: of `published.drawn_points`, of one comparable group.
        metric: name of the metric, for the axis.
        axis: one of `published.AXES`; parameters have a logarithmic axis.
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
    if axis == "Year":
        figure.update_xaxes(title="Year", dtick=1, tickformat="d")
    else:
        ends = points[column].agg(["min", "max"])
        figure.update_xaxes(title="Parameters (millions)", **log_axis(*ends))
    figure.update_yaxes(title=f"{metric.capitalize()} (%)")
    return finish(figure, f"{metric.capitalize()} by {axis.lower()}", legend=True)

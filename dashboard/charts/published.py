"""Published results beside our own."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import finish

KINDS: dict[str, tuple[str, str]] = {
    "other methods": ("#8A8F98", "circle"),
    "not ranked": ("#8A8F98", "x-thin-open"),
    "EAC": ("#1F83C4", "diamond"),
    "measured here": ("#009E73", "star"),
}


def published_figure(points: pd.DataFrame, metric: str) -> go.Figure:
    """Published values over their year, EAC and the runs measured here set apart.

    Args:
        points: `published.scatter_points` of one comparable group.
        metric: name of the metric, for the axis.
    """
    figure = go.Figure()
    for kind, (colour, symbol) in KINDS.items():
        rows = points[points["kind"] == kind]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["year"],
            y=rows["value"],
            customdata=rows[["method", "backbone", "trust"]].fillna("not stated").to_numpy(),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 1.5}},
            name=kind,
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{x}: %{y:.2f} %"
            "<br>%{customdata[2]}<extra></extra>",
        )
    figure.update_xaxes(title="Year", dtick=1, tickformat="d")
    figure.update_yaxes(title=f"{metric.capitalize()} (%)")
    return finish(figure, f"{metric.capitalize()} by year", legend=True)

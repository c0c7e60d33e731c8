"""Curves of training runs over their epochs or their training time."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.curves import Series
from dashboard.charts.style import finish


def curves_figure(
    points: pd.DataFrame, series: Sequence[Series], colours: Mapping[str, str]
) -> go.Figure:
    """One chart of curves: a colour a run, a line style a series.

    Args:
        points: `curves.curve_points`; with ``minutes`` over the time, with ``smoothed`` that curve
            before the raw one, which is drawn thin.
        series: the series drawn, all of one chart.
        colours: by run, the same in every chart of the page.
    """
    figure = go.Figure()
    unit = " %" if series[0].percent else ""
    by_time, smoothed = "minutes" in points, "smoothed" in points
    x, where = ("minutes", "%{x:.1f} min") if by_time else ("epoch", "epoch %{x}")
    for (run, label, name), rows in points.groupby(["run", "label", "series"], sort=False):
        one = next(item for item in series if item.label == name)
        colour, group = colours[str(run)], f"{run} {name}"
        if smoothed:
            figure.add_scatter(
                x=rows[x],
                y=rows["value"],
                mode="lines",
                line={"color": colour, "width": 1, "dash": one.dash},
                opacity=0.55,
                legendgroup=group,
                name=f"{label}, {_lower(one.label)}, raw",
                showlegend=False,
                hoverinfo="skip",
            )
        figure.add_scatter(
            x=rows[x],
            y=rows["smoothed" if smoothed else "value"],
            mode="lines" if len(rows) > 1 else "markers",
            line={"color": colour, "width": 2.2, "dash": one.dash},
            marker={"color": colour},
            legendgroup=group,
            name=f"{label}, {_lower(one.label)}" if len(series) > 1 else str(label),
            hovertemplate=f"{label}<br>{where}: {_lower(one.label)} "
            f"%{{y:.4g}}{unit}{' (smoothed)' if smoothed else ''}<extra></extra>",
        )
    title = series[0].label if len(series) == 1 else series[0].chart
    figure.update_xaxes(
        title="Training and evaluation time (minutes)" if by_time else "Epoch", rangemode="tozero"
    )
    figure.update_yaxes(title=f"{title}{' (%)' if unit else ''}")
    # Zooms stay when a run that goes on has written an epoch.
    figure.update_layout(uirevision=title)
    return finish(figure, title, legend=True)


def _lower(label: str) -> str:
    return label if label.startswith("L_") else label[0].lower() + label[1:]

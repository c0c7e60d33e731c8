"""Curves of training runs over their epochs."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import finish
from dashboard.curves import Series


def curves_figure(
    points: pd.DataFrame, series: Sequence[Series], colours: Mapping[str, str]
) -> go.Figure:
    """One chart of curves: a colour a run, a line style a series.

    Args:
        points: `curves.curve_points`.
        series: the series drawn, all of one chart.
        colours: by run, the same in every chart of the page.
    """
    figure = go.Figure()
    unit = " %" if series[0].percent else ""
    for (run, label, name), rows in points.groupby(["run", "label", "series"], sort=False):
        one = next(item for item in series if item.label == name)
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["value"],
            mode="lines" if len(rows) > 1 else "markers",
            line={"color": colours[str(run)], "width": 2.2, "dash": one.dash},
            marker={"color": colours[str(run)]},
            name=f"{label}, {_lower(one.label)}" if len(series) > 1 else str(label),
            hovertemplate=f"{label}<br>epoch %{{x}}: {_lower(one.label)} "
            f"%{{y:.4g}}{unit}<extra></extra>",
        )
    title = series[0].label if len(series) == 1 else series[0].chart
    figure.update_xaxes(title="Epoch", rangemode="tozero")
    figure.update_yaxes(title=f"{title}{' (%)' if unit else ''}")
    return finish(figure, f"{title} per epoch", legend=True)


def _lower(label: str) -> str:
    return label if label.startswith("L_") else label[0].lower() + label[1:]

"""Charts of the page Label audit: trust in each class, transitions, precision by recall."""

from collections.abc import Mapping
from html import escape

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.classes import matrix_figure
from dashboard.charts.style import COLOURS, band_trace, finish, name_classes

MOST_CURVES = len(COLOURS)


def reliability_figure(table: pd.DataFrame, tints: Mapping[str, str]) -> go.Figure:
    """P(label is right) of each class: estimated by the model, and known where it is.

    Args:
        table: of `reliability_table`.
        tints: colour of each class.
    """
    figure = go.Figure()
    for column, name, colour in (
        ("estimated", "estimated by the model", COLOURS[0]),
        ("true", "known", COLOURS[1]),
    ):
        if table[column].notna().any():
            figure.add_bar(
                x=table["class"],
                y=table[column],
                name=name,
                marker={"color": colour},
                customdata=table[["images", "flagged"]],
                hovertemplate="%{x}<br>%{y:.1f} % right<br>images: %{customdata[0]:,}, "
                "flagged: %{customdata[1]:,}<extra></extra>",
            )
    names = {str(name): escape(str(name)) for name in table["class"]}
    figure.for_each_xaxis(lambda axis: name_classes(axis, tints, names))
    figure.update_yaxes(title="P(label is right) (%)", range=[0, 100])
    return finish(figure, "How far each label can be trusted", legend=True)


def transition_figure(table: pd.DataFrame, title: str, tints: Mapping[str, str]) -> go.Figure:
    """Heat map of `transition_frame`: rows are noisy labels, columns what they become.

    Args:
        table: percent of each row.
        title: of the chart.
        tints: colour of each class.
    """
    heat = {
        "colorscale": "Blues",
        "zmin": 0,
        "zmax": 100,
        "texttemplate": "%{z:.0f}",
        "hovertemplate": "label %{y}<br>becomes %{x}<br>%{z:.1f} % of the label<extra></extra>",
    }
    return matrix_figure(table, heat, title, tints, "Becomes")


def curve_figure(points: pd.DataFrame, share: float) -> go.Figure:
    """Precision by recall, a line with its 95 % band for each score.

    Args:
        points: of `curve_points`.
        share: percent of the images whose label is wrong, what guessing would find.
    """
    figure = go.Figure()
    for colour, (name, rows) in zip(COLOURS, points.groupby("score", sort=False), strict=False):
        x, low, high = (rows[one].to_numpy(dtype=float) for one in ("recall", "low", "high"))
        figure.add_trace(
            band_trace(x, low, high, colour, group=str(name), name=f"{name}, 95 % interval")
        )
        figure.add_scatter(
            x=rows["recall"],
            y=rows["precision"],
            mode="lines",
            line={"color": colour, "width": 2},
            legendgroup=str(name),
            name=str(name),
            hovertemplate=f"{name}<br>%{{x:.0f}} % of the wrong labels found<br>%{{y:.1f}} % of the"
            " images up to there are wrong<extra></extra>",
        )
    figure.add_hline(y=share, line={"color": "#8A8F98", "width": 1, "dash": "dot"})
    figure.update_xaxes(title="Wrong labels found (recall, %)", range=[0, 100])
    figure.update_yaxes(title="Wrong among those looked at (precision, %)", range=[0, 102])
    return finish(figure, "Precision by recall", legend=True)

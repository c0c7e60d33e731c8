"""Charts of the images that change sides: gained and lost by group, and the tested differences."""

from collections.abc import Mapping
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.changes import CHANGES, CellTests
from dashboard.charts.classes import DIVERGING, signed_points
from dashboard.charts.style import HEIGHT, finish, matrix_axes

GAINED_COLOUR, LOST_COLOUR = "#1F83C4", "#D55E00"
GREY, ON_GREY = "#E3E3E3", "#595959"  # of cells that are not significant; contrast 5.5
SMALL = 12  # pixels of the second line of a title
BAR = 34  # pixels of a bar


def changes_figure(table: pd.DataFrame, by: str, names: tuple[str, str]) -> go.Figure:
    """Bars of the images gained, to the right, and lost, to the left, in percent of their group.

    Args:
        table: `changes.changes_by`.
        by: its column of groups.
        names: of the two sides.
    """
    groups = [f"{escape(str(row[by]))} ({row['images']:,})" for _, row in table.iterrows()]
    figure = go.Figure()
    sides = zip(CHANGES, ("gained", "lost"), (1, -1), (GAINED_COLOUR, LOST_COLOUR), strict=True)
    for change, column, sign, colour in sides:
        figure.add_bar(
            x=sign * 100 * table[column] / table["images"],
            y=groups,
            orientation="h",
            marker={"color": colour},
            name=change,
            text=table[column].astype(str).tolist(),
            textposition="outside",
            cliponaxis=False,
            customdata=np.abs(100 * table[column] / table["images"]),
            hovertemplate="%{y}<br>" + change + ", images: %{text} (%{customdata:.1f} %)"
            "<extra></extra>",
        )
    most = float((100 * table[["gained", "lost"]].max(axis=1) / table["images"]).max())
    reach = 1.25 * max(most, 1.0)
    figure.update_xaxes(title="% of the images in each row", range=[-reach, reach], zeroline=True)
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    finish(figure, _title(f"Changed sides by {by}", names), legend=True)
    return figure.update_layout(
        barmode="relative",
        bargap=0.35,
        height=max(HEIGHT, 220 + BAR * len(table)),
        margin={"t": 104},
        legend={"y": -0.2},
    )


def chance_figure(tests: CellTests, names: tuple[str, str], tints: Mapping[str, str]) -> go.Figure:
    """Heat map of the second confusion matrix minus the first; grey where it is not significant.

    Args:
        tests: `changes.cell_tests`.
        names: of the two sides.
        tints: colour of each class.
    """
    points = tests.points.to_numpy(dtype=float)
    chance = tests.chance.to_numpy(dtype=bool)
    most = max(float(np.nanmax(np.abs(points))) if np.isfinite(points).any() else 0.0, 1.0)
    shared = {
        "x": list(tests.points.columns),
        "y": list(tests.points.index),
        "customdata": tests.p_values.to_numpy(dtype=float),
        "texttemplate": "%{text}",
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    hover = "label %{y}<br>prediction %{x}<br>%{z:+.1f} points, adjusted p = %{customdata:.2g}"
    figure = go.Figure()
    figure.add_heatmap(
        z=np.where(chance, np.nan, points),
        text=_texts(np.where(chance, np.nan, points)),
        colorscale=DIVERGING,
        zmin=-most,
        zmax=most,
        hoverongaps=False,
        hovertemplate=f"{hover}<extra></extra>",
        **shared,
    )
    figure.add_heatmap(
        z=np.where(chance, points, np.nan),
        text=_texts(np.where(chance, points, np.nan)),
        textfont={"color": ON_GREY},
        colorscale=[[0.0, GREY], [1.0, GREY]],
        hoverongaps=False,
        hovertemplate=f"{hover}<br>not significant<extra></extra>",
        **shared,
    )
    matrix_axes(figure, tests.points.columns, tints, "Prediction")
    finish(figure, _title("Difference of predictions (points of the label)", names))
    return figure.update_layout(height=HEIGHT + 70, margin={"t": 104})


def _title(text: str, names: tuple[str, str]) -> str:
    """A title whose smaller lines name the two sides, one a line so that phones show them whole."""
    first, second = (escape(name) for name in names)
    return f'{text}<br><span style="font-size:{SMALL}px">from {first}<br>to {second}</span>'


def _texts(points: np.ndarray) -> list[list[str]]:
    return [[signed_points(value) for value in row] for row in points]

"""Charts of the classes page: confusion matrices, recall, calibration, groups of people."""

from collections.abc import Mapping
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.style import HEIGHT, SYMBOLS, finish, matrix_axes, name_classes

# From the second run to the first; the middle is visible on white and on near-black.
DIVERGING = [[0.0, "#D55E00"], [0.5, "#F4F4F4"], [1.0, "#1F83C4"]]
GREY = "#8A8F98"
LONG_NAMES = 40  # letters of two names that do not fit on one line


def confusion_figure(
    table: pd.DataFrame, normalised: bool, tints: Mapping[str, str], counts: str = "images"
) -> go.Figure:
    """Heat map of `classes.confusion_frame`: rows are labels, columns predictions.

    Args:
        table: counts, or percent of each label.
        normalised: which of them.
        tints: colour of each class.
        counts: what is counted.
    """
    unit = "% of the label" if normalised else counts
    heat = {
        "colorscale": "Blues",
        "zmin": 0,
        "zmax": 100 if normalised else None,
        "texttemplate": f"%{{z:{'.0f' if normalised else 'd'}}}",
        "hovertemplate": f"label %{{y}}<br>prediction %{{x}}<br>%{{z:.4g}} {unit}<extra></extra>",
    }
    # Short, to leave room for the buttons of the chart.
    title = f"Confusion matrix ({'%' if normalised else counts})"
    return matrix_figure(table, heat, title, tints)


def difference_figure(
    table: pd.DataFrame, first: str, second: str, tints: Mapping[str, str]
) -> go.Figure:
    """Heat map of `classes.confusion_difference`: blue where the first run predicts more often.

    Args:
        table: in points of each label.
        first: name of the run that the other is subtracted from.
        second: name of the other run.
        tints: colour of each class.
    """
    values = table.to_numpy(dtype=float)
    most = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    heat = {
        "colorscale": DIVERGING,
        "zmin": -max(most, 1.0),
        "zmax": max(most, 1.0),
        "text": [[signed_points(value) for value in row] for row in values],
        "texttemplate": "%{text}",
        "hovertemplate": "label %{y}<br>prediction %{x}<br>%{z:+.1f} points<extra></extra>",
    }
    figure = matrix_figure(table, heat, "Difference (points)", tints)
    between = " " if len(first + second) < LONG_NAMES else "<br>"
    return figure.update_xaxes(title=f"Prediction<br>{first}{between}minus {second}")


def recall_figure(
    table: pd.DataFrame, colours: Mapping[str, str], tints: Mapping[str, str]
) -> go.Figure:
    """Recall of each class with intervals, grouped by class.

    Args:
        table: `classes.recall_table`.
        colours: by run.
        tints: by class.
    """
    figure = _grouped(table, "class", "recall", colours)
    names = {str(name): escape(str(name)) for name in dict.fromkeys(table["class"])}
    if (table.groupby("class")["images"].nunique() == 1).all():
        counts = table.drop_duplicates("class").set_index("class")["images"]
        names = {name: f"{text}<br>n = {counts[name]}" for name, text in names.items()}
    figure.for_each_xaxis(lambda axis: name_classes(axis, tints, names))
    figure.update_yaxes(title="Recall (%)")
    return finish(figure, "Recall by class", legend=True)


def slices_figure(table: pd.DataFrame, colours: Mapping[str, str]) -> go.Figure:
    """Accuracy of each group with intervals, grouped by attribute value.

    Args:
        table: `classes.slice_table`, of one attribute.
        colours: by run.
    """
    figure = _grouped(table, "value", "accuracy", colours)
    figure.update_yaxes(title="Accuracy (%)")
    attribute = str(table["attribute"].iloc[0])
    return finish(figure, f"Accuracy by {attribute}", legend=True)


def calibration_figure(curve: pd.DataFrame, colours: Mapping[str, str]) -> go.Figure:
    """Accuracy over confidence with intervals, above a histogram of the confidences.

    Args:
        curve: `classes.CalibrationCurves.curve`.
        colours: by run.
    """
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.06
    )
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        name="perfect calibration",
        hoverinfo="skip",
        row=1,
        col=1,
    )
    for index, ((run, label), rows) in enumerate(curve.groupby(["run", "label"], sort=False)):
        colour = colours[str(run)]
        figure.add_scatter(
            x=rows["confidence"],
            y=rows["accuracy"],
            error_y=_errors(rows, "accuracy"),
            customdata=rows["images"],
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"color": colour, "size": 7, "symbol": SYMBOLS[index % len(SYMBOLS)]},
            legendgroup=str(run),
            name=str(label),
            hovertemplate=f"{label}<br>confidence %{{x:.1f}} %, accuracy %{{y:.1f}} %<br>"
            "images: %{customdata}<extra></extra>",
            row=1,
            col=1,
        )
        figure.add_bar(
            x=rows["middle"],
            y=rows["images"],
            marker={"color": colour},
            opacity=0.75,
            legendgroup=str(run),
            name=f"{label}, images",
            showlegend=False,
            hovertemplate=f"{label}<br>images: %{{y}}<extra></extra>",
            row=2,
            col=1,
        )
    figure.update_yaxes(title="Accuracy (%)", range=[0, 102], row=1, col=1)
    figure.update_yaxes(title="Images", row=2, col=1)
    figure.update_xaxes(range=[0, 102])
    figure.update_xaxes(title="Confidence (%)", row=2, col=1)
    finish(figure, "Calibration", legend=True)
    return figure.update_layout(height=HEIGHT + 120, barmode="group", bargap=0.15)


def matrix_figure(
    table: pd.DataFrame,
    heat: Mapping[str, object],
    title: str,
    tints: Mapping[str, str],
    across: str = "Prediction",
) -> go.Figure:
    """Heat map of classes.

    Args:
        table: (K, K), rows are labels.
        heat: colours and texts of the cells.
        title: of the chart.
        tints: colour of each class.
        across: what the columns are.
    """
    trace = go.Heatmap(
        z=table.to_numpy(dtype=float),
        x=list(table.columns),
        y=list(table.index),
        showscale=False,
        xgap=1,
        ygap=1,
        **heat,
    )
    figure = go.Figure(trace)
    matrix_axes(figure, table.columns, tints, across)
    return finish(figure, title)


def _grouped(table: pd.DataFrame, by: str, value: str, colours: Mapping[str, str]) -> go.Figure:
    """Points with intervals over categories, grouped by category."""
    figure = go.Figure()
    for index, ((run, label), rows) in enumerate(table.groupby(["run", "label"], sort=False)):
        figure.add_scatter(
            x=rows[by],
            y=rows[value],
            error_y=_errors(rows, value),
            customdata=rows[["images", "low", "high"]].to_numpy(),
            mode="markers",
            marker={
                "color": colours[str(run)],
                "size": 10,
                "symbol": SYMBOLS[index % len(SYMBOLS)],
            },
            offsetgroup=str(run),
            name=str(label),
            hovertemplate=f"{label}<br>%{{x}}: %{{y:.1f}} %<br>95 % interval %{{customdata[1]:.1f}}"
            " to %{customdata[2]:.1f}<br>images: %{customdata[0]}<extra></extra>",
        )
    figure.update_layout(scattermode="group", scattergap=0.5)
    figure.update_yaxes(range=[-2, 102])
    return figure


def signed_points(value: float) -> str:
    """Rounded points with a sign; empty for nan, and no sign for zero."""
    if np.isnan(value):
        return ""
    return f"{value:+.0f}" if round(value) else "0"


def _errors(rows: pd.DataFrame, value: str) -> dict[str, object]:
    return {
        "type": "data",
        "array": (rows["high"] - rows[value]).to_numpy(),
        "arrayminus": (rows[value] - rows["low"]).to_numpy(),
        "thickness": 1.5,
        "width": 4,
    }

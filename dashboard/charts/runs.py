"""Charts of one run: its curve and its label noise."""

from collections.abc import Mapping
from html import escape

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import COLOURS, finish, name_classes

CURVES = {
    "eval_accuracy": ("Evaluation", "solid"),
    "train_accuracy_noisy_labels": ("Train, noisy labels", "dash"),
    "train_accuracy_true_labels": ("Train, true labels", "dot"),
}


def run_curve_points(epochs: pd.DataFrame) -> pd.DataFrame:
    """Accuracies of one run by epoch in percent: epoch, series, value."""
    labels = {column: label for column, (label, _) in CURVES.items()}
    points = epochs[["epoch", *CURVES]].rename(columns=labels)
    long = points.melt("epoch", var_name="series", value_name="value").dropna(subset="value")
    return long.assign(value=100 * long["value"])


def run_curve_figure(points: pd.DataFrame) -> go.Figure:
    """The accuracies of one run: `run_curve_points`."""
    figure = go.Figure()
    for colour, (label, dash) in zip(COLOURS, CURVES.values(), strict=False):
        rows = points[points["series"] == label]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["value"],
            name=label,
            mode="lines" if len(rows) > 1 else "markers",
            line={"color": colour, "dash": dash, "width": 2.2},
            hovertemplate=f"epoch %{{x}}: {label.lower()} %{{y:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title="Epoch", rangemode="tozero")
    figure.update_yaxes(title="Accuracy (%)")
    return finish(figure, "Accuracy per epoch", legend=True)


def transition_figure(table: pd.DataFrame, shares: bool, tints: Mapping[str, str]) -> go.Figure:
    """Heat map of `run_facts.transition_table`: rows are true labels, columns noisy ones.

    Args:
        table: counts, or percent of each true label.
        shares: whether it is percent.
        tints: colour of each class.
    """
    unit = " % of the true label" if shares else " images"
    heat = go.Heatmap(
        z=table.to_numpy(),
        x=list(table.columns),
        y=list(table.index),
        colorscale="Blues",
        zmin=0,
        zmax=100 if shares else None,
        texttemplate="%{z:.1f}" if shares else "%{z:d}",
        hovertemplate=f"true %{{y}}<br>noisy %{{x}}<br>%{{z:.4g}}{unit}<extra></extra>",
        showscale=False,
        xgap=1,
        ygap=1,
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title="Noisy label", showgrid=False, tickangle=-35)
    figure.update_yaxes(title="True label", autorange="reversed", showgrid=False)
    names = {str(name): escape(str(name)) for name in table.columns}
    figure.for_each_xaxis(lambda axis: name_classes(axis, tints, names))
    figure.for_each_yaxis(lambda axis: name_classes(axis, tints, names))
    unit = "% of each true label" if shares else "images"
    return finish(figure, f"Label noise ({unit})")

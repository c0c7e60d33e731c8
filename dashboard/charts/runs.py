"""Charts of the runs page: options against accuracy, the curve and label noise of one run."""

import json
from collections.abc import Mapping
from html import escape

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import COLOURS, finish, name_classes

# From the lowest to the highest accuracy; legible on white and on near-black.
SCALE = [[0.0, "#D55E00"], [0.5, "#A89500"], [1.0, "#1F83C4"]]
CURVES = {
    "eval_accuracy": ("Evaluation", "solid"),
    "train_accuracy_noisy_labels": ("Train, noisy labels", "dash"),
    "train_accuracy_true_labels": ("Train, true labels", "dot"),
}


def parallel_figure(drawn: pd.DataFrame, accuracy: str) -> go.Figure:
    """Parallel coordinates: one line per run, one axis per option, the last for accuracy.

    Args:
        drawn: of `runs.option_axes`.
        accuracy: the column of accuracies in percent.
    """
    names = [name for name in drawn.columns if name not in ("run", accuracy)]
    axes = [_axis(name.replace("_", " "), drawn[name]) for name in names]
    values = drawn[accuracy]
    last = {"label": "accuracy (%)", "values": values.to_numpy(), "tickformat": ".1f"}
    line = {"color": values.to_numpy(), "colorscale": SCALE, "showscale": False}
    figure = go.Figure(go.Parcoords(dimensions=[*axes, last], line=line))
    finish(figure, "Options and accuracy", legend=False)
    # Room for the names above the axes and for their values.
    return figure.update_layout(margin={"l": 70, "r": 70, "t": 110, "b": 30})


def _axis(label: str, values: pd.Series) -> dict[str, object]:
    """A numeric axis if all values are numbers, else one tick for each value in order."""
    numeric = values.map(lambda one: isinstance(one, int | float) and not isinstance(one, bool))
    if bool(numeric.all()):
        numbers = values.astype(float)
        ticks = sorted(numbers.unique())
        marks = {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
        return {"label": label, "values": numbers.to_numpy(), **(marks if len(ticks) <= 8 else {})}
    texts = values.map(_text)
    names = sorted(texts.unique(), key=_order)
    return {
        "label": label,
        "values": texts.map({name: index for index, name in enumerate(names)}).to_numpy(),
        "tickvals": list(range(len(names))),
        "ticktext": [name if len(name) <= 22 else f"{name[:21]}…" for name in names],
        "range": [-0.3, len(names) - 0.7],
    }


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value)


def _order(text: str) -> tuple[float, str]:
    """Sort key: numbers in numerical order, then words."""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text


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

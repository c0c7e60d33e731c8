"""Options against accuracy: parallel coordinates that lie one below the other, and importance."""

import json
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from dashboard.charts.style import COLOURS, finish

# From the lowest to the highest accuracy; legible on white and on near-black.
SCALE = [[0.0, "#D55E00"], [0.5, "#A89500"], [1.0, "#1F83C4"]]
STEPS = 9  # of colour: lines of one step are one trace, so that 2,000 runs stay fast
MOST_TICKS = 8
ROW_HEIGHT, EDGES = 64, 120  # pixels of an axis, and of title and margins
SPREAD = 0.03  # of the axis: runs of one value lie next to each other
MOST_BARS = 12
LONGEST = 14  # letters of a value
GREY = "#8A8F98"


class _Axis(NamedTuple):
    """One axis: the place of each run in [0, 1], its text, and the ticks as (place, text)."""

    label: str
    places: np.ndarray
    texts: list[str]
    ticks: list[tuple[float, str]]


def parallel_figure(drawn: pd.DataFrame, accuracy: str) -> go.Figure:
    """Parallel coordinates: one line per run, one axis per option, the lowest for accuracy.

    The axes lie one below the other, so that they are legible on a phone.

    Args:
        drawn: of `runs.option_axes`.
        accuracy: the column of accuracies in percent.
    """
    values = drawn[accuracy].to_numpy(dtype=float)
    order = values.argsort(kind="stable").argsort() / max(1, len(values) - 1)
    names = [name for name in drawn.columns if name not in ("run", accuracy)]
    axes = [_axis(name.replace("_", " "), drawn[name], order) for name in names]
    axes.append(_number_axis("accuracy (%)", values, "{:.1f}"))
    steps = (STEPS * _scaled(values)).astype(int).clip(0, STEPS - 1)
    runs = [escape(str(run)) for run in drawn["run"]]
    traces = [
        _lines(axes, runs, values, np.flatnonzero(steps == step), step) for step in np.unique(steps)
    ]
    figure = go.Figure([*traces, *(_ticks(axis, row) for row, axis in enumerate(axes))])
    figure.update_xaxes(visible=False, range=[-0.1, 1.1], fixedrange=True)
    figure.update_yaxes(
        tickvals=list(range(len(axes))),
        ticktext=[escape(axis.label) for axis in axes],
        range=[len(axes) - 0.4, -0.6],
        fixedrange=True,
        zeroline=False,
    )
    finish(figure, "Options and accuracy", legend=False)
    return figure.update_layout(height=EDGES + ROW_HEIGHT * len(axes))


def importance_figure(table: pd.DataFrame) -> go.Figure:
    """Bars of `option_importance`, the most important option at the top; the first MOST_BARS."""
    table = table.head(MOST_BARS)
    names = [escape(name.replace("_", " ")) for name in table["option"]]
    figure = go.Figure(
        go.Bar(
            x=table["share"],
            y=names,
            orientation="h",
            marker={"color": COLOURS[0]},
            customdata=[escape(text) or "none" for text in table["together"]],
            hovertemplate="%{y}: %{x:.0f} %<br>the same runs differ in: %{customdata}"
            "<extra></extra>",
        )
    )
    figure.update_xaxes(title="Variance of accuracy explained (%)", range=[0, 100])
    figure.update_yaxes(autorange="reversed", type="category")
    finish(figure, "Importance of each option", legend=False)
    return figure.update_layout(height=EDGES + 34 * len(table))


def _lines(
    axes: list[_Axis], runs: list[str], accuracy: np.ndarray, chosen: np.ndarray, step: int
) -> dict[str, Any]:
    """The lines of some runs of one colour, with gaps between them."""
    count = len(axes)
    x, y, texts = [], [], []
    for run in chosen:
        x += [*(float(axis.places[run]) for axis in axes), None]
        y += [*range(count), None]
        texts += [
            *(f"{runs[run]}<br>{escape(axis.label)}: {escape(axis.texts[run])}" for axis in axes),
            "",
        ]
    colour = sample_colorscale(SCALE, [step / (STEPS - 1)])[0]
    low, high = accuracy[chosen].min(), accuracy[chosen].max()
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "text": texts,
        "mode": "lines",
        "line": {"color": colour, "width": 1.5},
        "opacity": 0.7,
        "name": f"{low:.1f} to {high:.1f} %",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _ticks(axis: _Axis, row: int) -> dict[str, Any]:
    """The values of an axis, in turn above and below it so that neighbours do not overlap."""
    sides = ("top center", "bottom center")
    return {
        "type": "scatter",
        "x": [place for place, _ in axis.ticks],
        "y": [row] * len(axis.ticks),
        "text": [escape(text) for _, text in axis.ticks],
        "textposition": [sides[number % 2] for number in range(len(axis.ticks))],
        "textfont": {"size": 11},
        "mode": "markers+text",
        "marker": {"symbol": "line-ns-open", "size": 9, "color": GREY},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "name": axis.label,
    }


def _axis(label: str, values: pd.Series, order: np.ndarray) -> _Axis:
    """A numeric axis if all values are numbers, else one place for each value in order."""
    numeric = values.map(lambda one: isinstance(one, int | float) and not isinstance(one, bool))
    if bool(numeric.all()):
        return _number_axis(label, values.to_numpy(dtype=float), "{:g}")
    texts = [_text(value) for value in values]
    names = sorted(set(texts), key=_order)
    places = {name: (index + 0.5) / len(names) for index, name in enumerate(names)}
    spread = SPREAD * (2 * order - 1)
    ticks = [
        (place, name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
        for name, place in places.items()
    ]
    return _Axis(label, np.array([places[text] for text in texts]) + spread, texts, ticks)


def _number_axis(label: str, values: np.ndarray, form: str) -> _Axis:
    known = np.unique(values)
    if len(known) > MOST_TICKS:
        known = np.linspace(known[0], known[-1], 5)
    places = np.interp(known, [values.min(), values.max()], [0, 1]) if len(known) > 1 else [0.5]
    ticks = [
        (float(place), form.format(float(f"{value:.3g}") if form == "{:g}" else value))
        for place, value in zip(places, known, strict=True)
    ]
    return _Axis(label, _scaled(values), [form.format(value) for value in values], ticks)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1]; equal ones in the middle."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is pd.NA:
        return "not stated"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value.item() if isinstance(value, np.generic) else value)


def _order(text: str) -> tuple[float, str]:
    """Sort key: numbers in numerical order, then words."""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text

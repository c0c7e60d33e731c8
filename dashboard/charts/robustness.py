"""Charts of the robustness page: a measure over the strength of one corruption."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.robustness import RobustnessMeasure, kind_name
from dashboard.charts.style import COLOURS, band_trace, finish, marker_style

HEIGHT = 270  # pixels without the legend
TITLE_HEIGHT = 40
AXIS_HEIGHT = 45  # pixels of its numbers and title
ENTRY_HEIGHT = 29  # pixels of a legend entry
MOST_MODELS = len(COLOURS)  # that can be told apart
BAND = 0.16  # opacity


def model_styles(labels: list[str]) -> dict[str, dict[str, str]]:
    """Colour and symbol of each model; colours beyond MOST_MODELS repeat."""
    return {label: marker_style(index) for index, label in enumerate(labels)}


def highest_value(points: pd.DataFrame, measure: RobustnessMeasure) -> float:
    """The upper end of the vertical axis, shared by the charts of all corruptions."""
    return 100.0 if measure.whole else max(5.0, 1.08 * float(points[measure.column].max()))


def robustness_figure(
    points: pd.DataFrame,
    kind: str,
    measure: RobustnessMeasure,
    styles: Mapping[str, Mapping[str, str]],
    top: float,
) -> go.Figure:
    """One corruption: a line for each model, dashed its value on the same images, not corrupted.

    The strengths are spaced evenly, the mildest first. Accuracy has a band, its interval.

    Args:
        points: of `robustness_points`, of the chosen models.
        kind: of the corruption.
        measure: on the vertical axis.
        styles: of `model_styles`.
        top: of the vertical axis.
    """
    drawn = points[points["kind"].eq(kind) & points["level"].gt(0)]
    clean = points[points["level"].eq(0)]
    values = dict(zip(clean["model"], clean[measure.column], strict=True))
    traces: list[dict[str, Any]] = []
    for model, rows in drawn.groupby("model", sort=False):
        style = styles[str(model)]
        if measure.column == "accuracy":
            traces.append(_band_trace(rows, style["color"]))
        traces.append(_clean_trace(rows, float(values[model]), style["color"]))
        traces.append(_line_trace(rows, measure, style))
    figure = go.Figure(traces)
    first = drawn[drawn["model"] == drawn["model"].iloc[0]]
    texts = first["strength"].map("{:g}".format).tolist()
    levels = first["level"].tolist()
    figure.update_xaxes(
        title={"text": escape(str(first["unit"].iloc[0])), "standoff": 8},
        tickvals=levels,
        ticktext=texts,
        range=[levels[0] - 0.3, levels[-1] + 0.3],
    )
    figure.update_yaxes(title=measure.axis, range=[0, top])
    name = kind_name(kind)
    finish(figure, escape(name[0].upper() + name[1:]), legend=True)
    below = ENTRY_HEIGHT * drawn["model"].nunique() + 10
    plot = HEIGHT - TITLE_HEIGHT - AXIS_HEIGHT  # pixels; the legend's place counts in shares of it
    place = {"x": -0.15, "xanchor": "left", "y": -(AXIS_HEIGHT + 5) / plot, "yanchor": "top"}
    return figure.update_layout(
        height=HEIGHT + below,
        margin={"t": TITLE_HEIGHT, "b": AXIS_HEIGHT + below},
        legend={**place, "orientation": "v", "font": {"size": 11}},
    )


def _line_trace(
    rows: pd.DataFrame, measure: RobustnessMeasure, style: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": rows["level"].to_numpy(),
        "y": rows[measure.column].to_numpy(),
        "text": [_hover_text(row) for row in rows.to_dict("records")],
        "mode": "lines+markers",
        "line": {"color": style["color"], "width": 2.2},
        "marker": {**style, "size": 8},
        "name": escape(str(rows["model"].iloc[0])),
        "legendgroup": str(rows["model"].iloc[0]),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _clean_trace(rows: pd.DataFrame, value: float, colour: str) -> dict[str, Any]:
    model = str(rows["model"].iloc[0])
    ends = [float(rows["level"].min()) - 0.3, float(rows["level"].max()) + 0.3]
    text = f"<b>{escape(model)}</b><br>not corrupted: {value:.1f} %"
    return {
        "type": "scatter",
        "x": ends,
        "y": [value, value],
        "text": [text, text],
        "mode": "lines",
        "line": {"color": colour, "width": 1.3, "dash": "dash"},
        "name": f"{escape(model)}, clean",
        "legendgroup": model,
        "showlegend": False,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _band_trace(rows: pd.DataFrame, colour: str) -> dict[str, Any]:
    model, there = str(rows["model"].iloc[0]), rows.sort_values("level")
    x, low, high = (there[one].to_numpy(dtype=float) for one in ("level", "low", "high"))
    name = f"{escape(model)}, 95 % interval"
    return band_trace(x, low, high, colour, group=model, name=name, opacity=BAND)


def _hover_text(row: Mapping[Any, Any]) -> str:
    return "<br>".join(
        (
            f"<b>{escape(row['model'])}</b>",
            f"{escape(kind_name(row['kind']))} {row['strength']:g} ({escape(row['unit'])})",
            f"accuracy {row['accuracy']:.1f} % (95 %: {row['low']:.1f} to {row['high']:.1f})",
            f"{row['lost']:.1f} points lost ({row['lost_low']:.1f} to {row['lost_high']:.1f})",
            f"mean class accuracy {row['mean_class_accuracy']:.1f} %",
            f"ECE {row['ece']:.1f} %, mean confidence {row['confidence']:.1f} %",
        )
    )

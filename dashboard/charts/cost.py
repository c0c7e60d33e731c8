"""Charts of the cost page: accuracy against cost."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.cost import Cost
from dashboard.charts.point_texts import text_positions
from dashboard.charts.style import HEIGHT, SYMBOLS, finish, log_axis, method_colours
from dashboard.data.names import method_name

ENTRY_HEIGHT = 22  # pixels of a legend entry
PLOT_WIDTH, PLOT_HEIGHT = 840, 230  # pixels at 1440 pixels of screen


def cost_figure(drawn: pd.DataFrame, cost: Cost) -> go.Figure:
    """Accuracy over one cost on a logarithmic axis: one point per approach, error bars over seeds.

    Colours are methods, symbols are backbones; image size and epochs are written at the point
    where they differ.

    Args:
        drawn: of `cost.drawn_costs`.
        cost: on the horizontal axis.
    """
    methods = {str(method): str(method) for method in drawn["method"].unique()}
    colours = method_colours(methods)
    backbones = list(dict.fromkeys(drawn["backbone"]))
    figure = go.Figure()
    drawn = drawn.assign(label=_labels(drawn))
    axis = _axis(drawn, cost)
    drawn = drawn.assign(side=_sides(drawn, cost, axis["range"]))
    groups = drawn.groupby(["method", "backbone"], sort=True)
    for (method, backbone), rows in groups:
        colour = colours[str(method)]
        x, low, high = (
            rows[f"{cost.column}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high")
        )
        bars = {"type": "data", "thickness": 1.3, "width": 4}
        figure.add_scatter(
            x=x,
            y=rows["accuracy"],
            error_y={**bars, "array": rows["accuracy_half"].to_numpy(dtype=float)},
            error_x={**bars, "symmetric": False, "array": high - x, "arrayminus": x - low},
            text=rows["label"],
            textposition=rows["side"],
            customdata=np.column_stack([rows["approach"], _texts(rows, cost)]),
            mode="markers+text",
            cliponaxis=False,
            marker={
                "color": colour,
                "symbol": SYMBOLS[backbones.index(backbone) % len(SYMBOLS)],
                "size": 11,
            },
            name=f"{method_name(str(method))} · {backbone}",
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
        )
    figure.update_xaxes(title=cost.axis, **axis)
    figure.update_yaxes(title="Accuracy (%)")
    finish(figure, cost.title, legend=True)
    return figure.update_layout(height=HEIGHT + ENTRY_HEIGHT * max(0, len(groups) - 3))


def _labels(drawn: pd.DataFrame) -> pd.Series:
    """What is written at each point: its image size and its epochs, where points differ in them."""
    forms = {"image_size": "{} px", "epochs_asked": "{} epochs"}
    told = [column for column in forms if drawn[column].nunique() > 1]
    texts = [
        ", ".join(forms[column].format(row[column]) for column in told)
        for row in drawn.to_dict("records")
    ]
    return pd.Series(texts, index=drawn.index, dtype=object)


def _sides(drawn: pd.DataFrame, cost: Cost, ends: list[float]) -> list[str]:
    """Where the text of each point goes on a chart of a usual size."""
    across = (np.log10(drawn[cost.column].to_numpy(dtype=float)) - ends[0]) / (ends[1] - ends[0])
    heights = drawn["accuracy"].to_numpy(dtype=float)
    up = (heights - heights.min()) / max(np.ptp(heights), 1.0)
    places = np.column_stack([across * PLOT_WIDTH, up * PLOT_HEIGHT])
    return text_positions(places, list(drawn["label"]), PLOT_WIDTH)


def _texts(rows: pd.DataFrame, cost: Cost) -> list[str]:
    texts = []
    for row in rows.to_dict("records"):
        value, low = row[cost.column], row[f"{cost.column}_low"]
        text = f"{value:.4g} {cost.unit}"
        if not np.isnan(low):
            text += f" ({low:.4g} to {row[f'{cost.column}_high']:.4g})"
        text += f"<br>{row['accuracy']:.1f} %"
        half = row["accuracy_half"]
        if not np.isnan(half):
            text += f" ({row['accuracy'] - half:.1f} to {row['accuracy'] + half:.1f})"
        seeds = "one seed, no interval" if row["n"] == 1 else f"{row['n']} seeds"
        texts.append(f"{text}<br>{seeds}")
    return texts


def _axis(drawn: pd.DataFrame, cost: Cost) -> dict[str, Any]:
    ends = drawn[[f"{cost.column}{end}" for end in ("", "_low", "_high")]].to_numpy(dtype=float)
    return log_axis(float(np.nanmin(ends)), float(np.nanmax(ends)))

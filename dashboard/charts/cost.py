"""Charts of the cost page: accuracy against cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.cost import Cost, cost_front
from dashboard.analysis.measures import ACCURACY_MEASURES, ShownMeasure
from dashboard.charts.point_texts import text_positions
from dashboard.charts.style import HEIGHT, SYMBOLS, finish, log_axis, method_colours
from dashboard.data.names import method_name
from fer_core.io.wording import counted

ENTRY_HEIGHT = 22  # pixels of a legend entry
# Pixels of the plot on a phone; on a wider screen the texts have more room to the same sides.
PLOT_WIDTH, PLOT_HEIGHT = 290, 230
MOST_NAMED = 8  # points that each have a text; of more, only the front has
MIN_BAR_SEEDS = 3  # Student's t makes the interval of two seeds wider than the chart
FRONT = "Pareto front"
GREY = "#8A8F98"


def cost_figure(
    drawn: pd.DataFrame, cost: Cost, measure: ShownMeasure = ACCURACY_MEASURES["Accuracy"]
) -> go.Figure:
    """Accuracy over one cost on a logarithmic axis: one point per approach, error bars over seeds.

    Colours are methods, symbols are backbones. Image size and epochs are written at the points
    where they differ; of more than MOST_NAMED points, only at the front: the approaches that none
    beats in accuracy at the same or a lower cost.

    Args:
        drawn: of `cost.drawn_costs`.
        cost: on the horizontal axis.
        measure: of the accuracy.
    """
    methods = {str(method): str(method) for method in drawn["method"].unique()}
    colours = method_colours(methods)
    backbones = list(dict.fromkeys(drawn["backbone"]))
    figure = go.Figure()
    many = len(drawn) > MOST_NAMED
    front = cost_front(drawn, cost)
    drawn = drawn.assign(label=_labels(drawn).where(front | (not many), ""))
    axis = _axis(drawn, cost)
    steps = _front_steps(drawn[front], cost) if many else np.empty((0, 2))
    drawn = drawn.assign(side=_sides(drawn, cost, axis["range"], steps))
    if many:
        line = {"color": GREY, "width": 1.5, "dash": "dot"}
        lines = {"mode": "lines", "line": line, "name": FRONT, "hoverinfo": "skip"}
        figure.add_scatter(x=steps[:, 0], y=steps[:, 1], **lines)
    groups = drawn.groupby(["method", "backbone"], sort=True)
    for (method, backbone), rows in groups:
        figure.add_scatter(
            x=rows[cost.column],
            y=rows["accuracy"],
            **_bars(rows, cost),
            text=rows["label"],
            textposition=rows["side"],
            customdata=np.column_stack([rows["approach"], _texts(rows, cost)]),
            mode="markers+text",
            cliponaxis=False,
            marker={
                "color": colours[str(method)],
                "symbol": SYMBOLS[backbones.index(backbone) % len(SYMBOLS)],
                "size": 9 if many else 11,
            },
            name=f"{method_name(str(method))} · {backbone}",
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
        )
    figure.update_xaxes(title=cost.axis, **axis)
    figure.update_yaxes(title=measure.axis)
    finish(figure, measure.by(cost.name), legend=True)
    return figure.update_layout(height=HEIGHT + ENTRY_HEIGHT * max(0, len(groups) - 3))


def _front_steps(front: pd.DataFrame, cost: Cost) -> np.ndarray:
    """(m, 2) corners of the best accuracy that each cost allows, from the left to the right."""
    corners = front.sort_values(cost.column)[[cost.column, "accuracy"]].to_numpy(dtype=float)
    across, up = np.repeat(corners, 2, axis=0).T
    # Up to the next cost the cheaper approach holds; of a speed, the faster one already does.
    pairs = (across[:-1], up[1:]) if cost.wanted else (across[1:], up[:-1])
    return np.column_stack(pairs)


def _bars(rows: pd.DataFrame, cost: Cost) -> dict[str, Any]:
    """Error bars of approaches with enough seeds."""
    told = rows["n"] >= MIN_BAR_SEEDS
    half = rows["accuracy_half"].where(told).to_numpy(dtype=float)
    x = rows[cost.column].to_numpy(dtype=float)
    low, high = (
        rows[f"{cost.column}_{end}"].where(told).to_numpy(dtype=float) for end in ("low", "high")
    )
    bars = {"type": "data", "thickness": 1.3, "width": 4}
    across = {**bars, "symmetric": False, "array": high - x, "arrayminus": x - low}
    return {"error_y": {**bars, "array": half}, "error_x": across}


def _labels(drawn: pd.DataFrame) -> pd.Series:
    """What is written at each point: its image size and its epochs, where points differ in them."""
    forms = {
        "image_size": "{} px".format,
        "epochs_asked": lambda epochs: counted(int(epochs), "epoch"),
    }
    told = [column for column in forms if drawn[column].nunique() > 1]
    texts = [
        ", ".join(forms[column](row[column]) for column in told) for row in drawn.to_dict("records")
    ]
    return pd.Series(texts, index=drawn.index, dtype=object)


def _sides(drawn: pd.DataFrame, cost: Cost, ends: Sequence[float], steps: np.ndarray) -> list[str]:
    """Where the text of each point goes on a narrow chart, clear of points, bars and the front."""
    points = drawn[[cost.column, "accuracy"]].to_numpy(dtype=float)
    scale = PLOT_HEIGHT / max(np.ptp(points[:, 1]), 1.0)

    def pixels(values: np.ndarray) -> np.ndarray:
        across = (np.log10(values[:, 0]) - ends[0]) / (ends[1] - ends[0])
        return np.column_stack([across * PLOT_WIDTH, (values[:, 1] - points[:, 1].min()) * scale])

    bars = drawn.loc[drawn["n"] >= MIN_BAR_SEEDS, [cost.column, "accuracy", "accuracy_half"]]
    across, middle, half = bars.to_numpy(dtype=float).T
    begin = pixels(np.vstack([steps[:-1], np.column_stack([across, middle - half])]))
    end = pixels(np.vstack([steps[1:], np.column_stack([across, middle + half])]))
    lines = np.hstack([np.minimum(begin, end), np.maximum(begin, end)])
    return text_positions(pixels(points), list(drawn["label"]), PLOT_WIDTH, lines)


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
    bars = drawn.loc[drawn["n"] >= MIN_BAR_SEEDS, [f"{cost.column}_low", f"{cost.column}_high"]]
    ends = np.append(bars.to_numpy(dtype=float), drawn[cost.column].to_numpy(dtype=float))
    return log_axis(float(np.nanmin(ends)), float(np.nanmax(ends)))

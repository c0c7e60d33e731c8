"""Charts of the noise page: accuracy over label noise."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.noise import NoiseMeasure
from dashboard.charts.style import HEIGHT, SYMBOLS, finish, hues_of, method_colours

PUBLISHED_HUES = {
    "EAC": hues_of("eac")[0],
    "cross-entropy": hues_of("cross_entropy")[0],
    "SCN": hues_of("scn")[0],
    "RUL": hues_of("rul")[0],
    "LA-Net": "#009E73",
}
OTHER_HUE = "#8A8F98"
PUBLISHED_SYMBOLS = {
    "MobileNetV2": "circle-open",
    "ResNet-18": "square-open",
    "ResNet-50": "diamond-open",
}
ENTRY_HEIGHT = 22  # pixels of a legend entry


def noise_figure(
    points: pd.DataFrame, summary: pd.DataFrame, references: pd.DataFrame, measure: NoiseMeasure
) -> go.Figure:
    """A measure over label noise: a line per method with error bars, a thin line per seed.

    Args:
        points: `comparison.noise_points` of one comparison.
        summary: `comparison.noise_summary` of the same points and the measure's column.
        references: published curves, drawn dotted, of `published_curves.reference_curves`.
        measure: on the vertical axis.
    """
    known = points.dropna(subset=measure.column)
    colours = method_colours(dict(zip(points["line"], points["method"], strict=True)))
    seeds = dict(iter(known.groupby("line", sort=False)))
    traces = [
        _reference_trace(str(curve), rows) for curve, rows in references.groupby("curve", sort=True)
    ]
    for index, (line, means) in enumerate(summary.groupby("line", sort=True)):
        colour, symbol = colours[str(line)], SYMBOLS[index % len(SYMBOLS)]
        traces.append(_seeds_trace(str(line), seeds[line], measure, colour))
        traces.append(_means_trace(str(line), means, measure, {"color": colour, "symbol": symbol}))
    figure = go.Figure(traces)  # all at once: adding one by one takes twice as long
    rates = sorted({*summary["noise_percent"], *references["noise_percent"]})
    ticks = rates if len(rates) <= 12 else None
    figure.update_xaxes(title="Noisy training labels (%)", tickvals=ticks)
    figure.update_yaxes(title=measure.axis)
    entries = summary["line"].nunique() + references["curve"].nunique()
    finish(figure, measure.title, legend=True)
    return figure.update_layout(height=HEIGHT + ENTRY_HEIGHT * max(0, entries - 2))


def _means_trace(
    line: str, means: pd.DataFrame, measure: NoiseMeasure, style: Mapping[str, str]
) -> dict[str, object]:
    halves = means["half"].to_numpy()
    texts = [
        _interval_text(mean, low, high, seeds, measure.unit)
        for mean, low, high, seeds in zip(
            means["mean"], means["low"], means["high"], means["n"], strict=True
        )
    ]
    return {
        "type": "scatter",
        "x": means["noise_percent"].to_numpy(),
        "y": means["mean"].to_numpy(),
        "error_y": {"type": "data", "array": halves, "thickness": 1.5, "width": 5},
        "text": texts,
        "mode": "lines+markers",
        "line": {"color": style["color"], "width": 2.5},
        "marker": {**style, "size": 9},
        "legendgroup": line,
        "name": f"{line} ({_seed_counts(means['n'])})",
        "hovertemplate": f"<b>{line}</b><br>%{{x:g}} % noise: %{{text}}<extra></extra>",
    }


def _seeds_trace(
    line: str, rows: pd.DataFrame, measure: NoiseMeasure, colour: str
) -> dict[str, object]:
    """The seeds of a line, each a thin line, in one trace with gaps."""
    rows = rows.sort_values(["seed", "noise_percent"])
    seeds = rows["seed"].to_numpy(dtype=float)
    gaps = np.flatnonzero(np.diff(seeds)) + 1
    xs, ys = (rows[name].to_numpy(dtype=float) for name in ("noise_percent", measure.column))
    return {
        "type": "scatter",
        "x": np.insert(xs, gaps, np.nan),
        "y": np.insert(ys, gaps, np.nan),
        "customdata": np.insert(seeds, gaps, np.nan),
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1},
        "marker": {"color": colour, "size": 7, "symbol": "circle-open"},
        "opacity": 0.6,
        "connectgaps": False,
        "legendgroup": line,
        "name": f"{line}, seeds",
        "showlegend": False,
        "hovertemplate": f"{line}<br>seed %{{customdata:d}}: %{{y:.1f}} {measure.unit}"
        "<extra></extra>",
    }


def _reference_trace(curve: str, rows: pd.DataFrame) -> dict[str, object]:
    first = rows.iloc[0]
    colour = PUBLISHED_HUES.get(str(first["method"]), OTHER_HUE)
    symbol = PUBLISHED_SYMBOLS.get(str(first["backbone"]), "x-thin-open")
    return {
        "type": "scatter",
        "x": rows["noise_percent"].to_numpy(),
        "y": rows["value"].to_numpy(),
        "customdata": rows[["trust", "source", "selection"]].to_numpy(),
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1.5, "dash": "dot"},
        "marker": {"color": colour, "size": 7, "symbol": symbol},
        "opacity": 0.75,
        "name": f"published: {curve}",
        "legendrank": 2000,  # listed after our own lines, but drawn behind them
        "hovertemplate": f"<b>published: {first['method']}</b><br>{first['backbone']}, "
        f"pre-training: {first['pretraining']}<br>%{{x:g}} % noise: %{{y:.2f}} %<br>"
        "%{customdata[2]}<br>%{customdata[0]}: %{customdata[1]}<extra></extra>",
    }


def _interval_text(mean: float, low: float, high: float, seeds: int, unit: str) -> str:
    if np.isnan(low):
        return f"{mean:.1f} {unit} (one seed, no interval)"
    return f"{mean:.1f} {unit}<br>95 % interval {low:.1f} to {high:.1f}<br>{seeds} seeds"


def _seed_counts(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"n = {low}" if low == high else f"n = {low} to {high}"

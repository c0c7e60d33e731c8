"""Accuracy over label noise."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import HEIGHT, HUES, SYMBOLS, finish, method_colours
from dashboard.robustness import Measure

PUBLISHED_HUES = {
    "EAC": HUES["eac"][0],
    "cross-entropy": HUES["cross_entropy"][0],
    "SCN": HUES["scn"][0],
    "RUL": HUES["rul"][0],
    "LA-Net": "#009E73",
}
OTHER_HUE = "#8A8F98"
PUBLISHED_SYMBOLS = {
    "MobileNetV2": "circle-open",
    "ResNet-18": "square-open",
    "ResNet-50": "diamond-open",
}
ENTRY_HEIGHT = 22  # of a line of the legend


def noise_figure(
    points: pd.DataFrame, summary: pd.DataFrame, references: pd.DataFrame, measure: Measure
) -> go.Figure:
    """A measure over label noise: a line a method, error bars over seeds, thin lines per seed.

    Args:
        points: `comparison.noise_points` of one comparison.
        summary: `comparison.noise_summary` of the same points and the measure's column.
        references: published curves to be drawn dotted, of `references.reference_curves`.
        measure: what stands on the vertical axis.
    """
    figure = go.Figure()
    known = points.dropna(subset=measure.column)
    colours = method_colours(dict(zip(points["line"], points["method"], strict=True)))
    for curve, rows in references.groupby("curve", sort=True):
        _add_reference(figure, str(curve), rows)
    for index, (line, means) in enumerate(summary.groupby("line", sort=True)):
        colour, symbol = colours[str(line)], SYMBOLS[index % len(SYMBOLS)]
        _add_seeds(figure, known[known["line"] == line], measure, colour)
        figure.add_scatter(
            x=means["noise_percent"],
            y=means["mean"],
            error_y={"type": "data", "array": means["half"], "thickness": 1.5, "width": 5},
            text=[_interval_text(row, measure.unit) for _, row in means.iterrows()],
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"color": colour, "size": 9, "symbol": symbol},
            legendgroup=str(line),
            name=f"{line} ({_seed_counts(means['n'])})",
            hovertemplate=f"<b>{line}</b><br>%{{x:g}} % noise: %{{text}}<extra></extra>",
        )
    rates = sorted({*summary["noise_percent"], *references["noise_percent"]})
    ticks = rates if len(rates) <= 12 else None
    figure.update_xaxes(title="Changed training labels (%)", tickvals=ticks)
    figure.update_yaxes(title=measure.axis)
    entries = summary["line"].nunique() + references["curve"].nunique()
    finish(figure, measure.title, legend=True)
    return figure.update_layout(height=HEIGHT + ENTRY_HEIGHT * max(0, entries - 2))


def _add_seeds(figure: go.Figure, rows: pd.DataFrame, measure: Measure, colour: str) -> None:
    """The seeds of a line: a thin line each, in one trace with gaps between them."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    seeds: list[int | None] = []
    for _, one in rows.groupby("seed", sort=True):
        xs += [*one["noise_percent"], None]
        ys += [*one[measure.column], None]
        seeds += [*one["seed"], None]
    line = str(rows["line"].iloc[0])
    figure.add_scatter(
        x=xs[:-1],
        y=ys[:-1],
        customdata=seeds[:-1],
        mode="lines+markers",
        line={"color": colour, "width": 1},
        marker={"color": colour, "size": 7, "symbol": "circle-open"},
        opacity=0.6,
        connectgaps=False,
        legendgroup=line,
        name=f"{line}, seeds",
        showlegend=False,
        hovertemplate=f"{line}<br>seed %{{customdata}}: %{{y:.1f}} {measure.unit}<extra></extra>",
    )


def _add_reference(figure: go.Figure, curve: str, rows: pd.DataFrame) -> None:
    first = rows.iloc[0]
    colour = PUBLISHED_HUES.get(str(first["method"]), OTHER_HUE)
    symbol = PUBLISHED_SYMBOLS.get(str(first["backbone"]), "x-thin-open")
    figure.add_scatter(
        x=rows["noise_percent"],
        y=rows["value"],
        customdata=rows[["trust", "source", "selection"]].to_numpy(),
        mode="lines+markers",
        line={"color": colour, "width": 1.5, "dash": "dot"},
        marker={"color": colour, "size": 7, "symbol": symbol},
        opacity=0.75,
        name=f"published: {curve}",
        legendrank=2000,  # after our own lines, though it is drawn behind them
        hovertemplate=f"<b>published: {first['method']}</b><br>{first['backbone']}, pre-training: "
        f"{first['pretraining']}<br>%{{x:g}} % noise: %{{y:.2f}} %<br>%{{customdata[2]}}<br>"
        "%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )


def _interval_text(row: pd.Series, unit: str) -> str:
    if pd.isna(row["half"]):
        return f"{row['mean']:.1f} {unit} (one seed, no interval)"
    return (
        f"{row['mean']:.1f} {unit}<br>95 % interval {row['low']:.1f} to {row['high']:.1f}"
        f"<br>{row['n']:.0f} seeds"
    )


def _seed_counts(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"n = {low}" if low == high else f"n = {low} to {high}"

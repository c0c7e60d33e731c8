"""Accuracy over label noise."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import SYMBOLS, finish, method_colours


def noise_figure(points: pd.DataFrame, summary: pd.DataFrame) -> go.Figure:
    """Accuracy over label noise: a line a method, error bars over seeds, thin points per seed.

    Args:
        points: `comparison.noise_points` of one comparison.
        summary: `comparison.noise_summary` of the same points.
    """
    figure = go.Figure()
    colours = method_colours(dict(zip(points["line"], points["method"], strict=True)))
    for index, (line, means) in enumerate(summary.groupby("line", sort=True)):
        colour, symbol = colours[str(line)], SYMBOLS[index % len(SYMBOLS)]
        seeds = points[points["line"] == line]
        figure.add_scatter(
            x=seeds["noise_percent"],
            y=seeds["accuracy_percent"],
            customdata=seeds["seed"],
            mode="markers",
            marker={"color": colour, "size": 8, "opacity": 0.8, "symbol": "circle-open"},
            legendgroup=str(line),
            showlegend=False,
            hovertemplate=f"{line}<br>seed %{{customdata}}: %{{y:.1f}} %<extra></extra>",
        )
        figure.add_scatter(
            x=means["noise_percent"],
            y=means["mean"],
            error_y={"type": "data", "array": means["half"], "thickness": 1.5, "width": 5},
            text=[_interval_text(row) for _, row in means.iterrows()],
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"color": colour, "size": 9, "symbol": symbol},
            legendgroup=str(line),
            name=f"{line} ({_seed_counts(means['n'])})",
            hovertemplate=f"<b>{line}</b><br>%{{x:g}} % noise: %{{text}}<extra></extra>",
        )
    figure.update_xaxes(title="Changed training labels (%)", tickvals=_ticks(summary))
    figure.update_yaxes(title="Test accuracy (%)")
    return finish(figure, "Test accuracy by label noise")


def _interval_text(row: pd.Series) -> str:
    if pd.isna(row["half"]):
        return f"{row['mean']:.1f} % (one seed, no interval)"
    return (
        f"{row['mean']:.1f} %<br>95 % interval {row['low']:.1f} to {row['high']:.1f}"
        f"<br>{row['n']:.0f} seeds"
    )


def _seed_counts(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def _ticks(summary: pd.DataFrame) -> list[float] | None:
    rates = sorted(set(summary["noise_percent"]))
    return rates if len(rates) <= 12 else None

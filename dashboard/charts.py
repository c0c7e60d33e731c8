"""Data frames -> Plotly figures. Knows no Streamlit; the theme is laid over by the page."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard.curves import Series

# Okabe and Ito's colours in an order that stays legible on white and on near-black.
COLOURS = ("#1F83C4", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
# A method keeps its hue through all pages; further runs or lines of it take the next one.
HUES: dict[str, tuple[str, ...]] = {
    "eac": ("#1F83C4", "#56B4E9"),
    "cross_entropy": ("#D55E00", "#E69F00"),
    "eac_balanced": ("#009E73",),
    "scn": ("#CC79A7",),
    "rul": ("#A89500",),
    "gce": ("#7B61C9",),
    "co_teaching": ("#8A6A3B",),
    "label_smoothing": ("#AA3377",),
}
KINDS: dict[str, tuple[str, str]] = {
    "other methods": ("#8A8F98", "circle"),
    "not ranked": ("#8A8F98", "x-thin-open"),
    "EAC": ("#1F83C4", "diamond"),
    "measured here": ("#009E73", "star"),
}
HEIGHT = 430


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
    return _finish(figure, "Test accuracy by label noise")


def curves_figure(
    points: pd.DataFrame, series: Sequence[Series], colours: Mapping[str, str]
) -> go.Figure:
    """One chart of curves: a colour a run, a line style a series.

    Args:
        points: `curves.curve_points`.
        series: the series drawn, all of one chart.
        colours: by run, the same in every chart of the page.
    """
    figure = go.Figure()
    unit = " %" if series[0].percent else ""
    for (run, label, name), rows in points.groupby(["run", "label", "series"], sort=False):
        one = next(item for item in series if item.label == name)
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["value"],
            mode="lines" if len(rows) > 1 else "markers",
            line={"color": colours[str(run)], "width": 2.2, "dash": one.dash},
            marker={"color": colours[str(run)]},
            name=f"{label}, {_lower(one.label)}" if len(series) > 1 else str(label),
            hovertemplate=f"{label}<br>epoch %{{x}}: {_lower(one.label)} "
            f"%{{y:.4g}}{unit}<extra></extra>",
        )
    title = series[0].label if len(series) == 1 else series[0].chart
    figure.update_xaxes(title="Epoch", rangemode="tozero")
    figure.update_yaxes(title=f"{title}{' (%)' if unit else ''}")
    return _finish(figure, f"{title} per epoch", legend=True)


def confusion_figure(table: pd.DataFrame, normalised: bool) -> go.Figure:
    """Heat map of `curves.confusion_frame`: rows are labels, columns predictions."""
    unit = " % of the label" if normalised else " images"
    shown = ".0f" if normalised else "d"
    heat = go.Heatmap(
        z=table.to_numpy(),
        x=list(table.columns),
        y=list(table.index),
        colorscale="Blues",
        zmin=0,
        zmax=100 if normalised else None,
        texttemplate=f"%{{z:{shown}}}",
        hovertemplate=f"label %{{y}}<br>answered %{{x}}<br>%{{z:.4g}}{unit}<extra></extra>",
        showscale=False,
        xgap=1,
        ygap=1,
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title="Prediction", showgrid=False, tickangle=-35)
    figure.update_yaxes(title="Label", autorange="reversed", showgrid=False)
    title = "Confusion matrix (% of each label)" if normalised else "Confusion matrix (images)"
    return _finish(figure, title)


def published_figure(points: pd.DataFrame, metric: str) -> go.Figure:
    """Published values over their year, EAC and the runs measured here set apart.

    Args:
        points: `published.scatter_points` of one comparable group.
        metric: name of the metric, for the axis.
    """
    figure = go.Figure()
    for kind, (colour, symbol) in KINDS.items():
        rows = points[points["kind"] == kind]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["year"],
            y=rows["value"],
            customdata=rows[["method", "backbone", "trust"]].fillna("not stated").to_numpy(),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 1.5}},
            name=kind,
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{x}: %{y:.2f} %"
            "<br>%{customdata[2]}<extra></extra>",
        )
    figure.update_xaxes(title="Year", dtick=1, tickformat="d")
    figure.update_yaxes(title=f"{metric.capitalize()} (%)")
    return _finish(figure, f"{metric.capitalize()} by year", legend=True)


def method_colours(methods: Mapping[str, str]) -> dict[str, str]:
    """A colour for each run or line, given its method: the method's own hues, then free ones."""
    free = [colour for colour in COLOURS if not any(colour in hues for hues in HUES.values())]
    chosen: dict[str, str] = {}
    for name, method in methods.items():
        wanted = [*HUES.get(method, ()), *free, *COLOURS]
        unused = [colour for colour in wanted if colour not in chosen.values()]
        chosen[name] = unused[0] if unused else wanted[len(chosen) % len(wanted)]
    return chosen


def _finish(figure: go.Figure, title: str, *, legend: bool | None = None) -> go.Figure:
    return figure.update_layout(
        title={"text": title},
        height=HEIGHT,
        hovermode="closest",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.3, "x": 0, "yanchor": "top"},
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
    )


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


def _lower(label: str) -> str:
    return label if label.startswith("L_") else label[0].lower() + label[1:]

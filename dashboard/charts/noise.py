"""Charts of the noise page: accuracy over label noise, and the difference from the baseline."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.comparison import paired_gaps
from dashboard.analysis.measures import ShownMeasure
from dashboard.analysis.seed_groups import seed_counts
from dashboard.charts.style import HEIGHT, SYMBOLS, band_trace, finish, hues_of, method_colours
from fer_core.io.wording import counted

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
PANEL_HEIGHT = 150  # pixels that the differences add


def noise_figure(
    points: pd.DataFrame,
    summary: pd.DataFrame,
    references: pd.DataFrame,
    measure: ShownMeasure,
    *,
    gaps: pd.DataFrame | None = None,
    single_seeds: bool = False,
) -> go.Figure:
    """A measure over label noise, and below it the paired difference from the baseline.

    A line per method with its 95 % interval as error bars and as a band.

    Args:
        points: `comparison.noise_points` of one comparison.
        summary: `comparison.noise_summary` of the same points and the measure's column.
        references: published curves, drawn dotted, of `published_curves.reference_curves`.
        measure: on the vertical axis.
        gaps: `comparison.paired_gaps` of the same points and column, if it is known already.
        single_seeds: also draw a thin line for each seed.
    """
    known = points.dropna(subset=measure.column)
    colours = method_colours(dict(zip(points["line"], points["method"], strict=True)))
    seeds = dict(iter(known.groupby("line", sort=False)))
    gaps = paired_gaps(points, measure.column) if gaps is None else gaps
    traces = [
        _reference_trace(str(curve), rows) for curve, rows in references.groupby("curve", sort=True)
    ]
    styles = {
        str(line): {"color": colours[str(line)], "symbol": SYMBOLS[index % len(SYMBOLS)]}
        for index, line in enumerate(sorted(summary["line"].unique()))
    }
    for line, means in summary.groupby("line", sort=True):
        name, style = str(line), styles[str(line)]
        traces += _band_traces(name, means, style["color"])
        if single_seeds:
            traces.append(_seeds_trace(name, seeds[line], measure, style["color"]))
        traces.append(_means_trace(name, means, measure, style))
    for line, rows in gaps.groupby("line", sort=True):
        traces.append(_gaps_trace(str(line), rows, styles[str(line)]))
    figure = go.Figure(traces)  # all at once: adding one by one takes twice as long
    rates = sorted({*summary["noise_percent"], *references["noise_percent"]})
    ticks = rates if len(rates) <= 12 else None
    title = "Noisy training labels (%)"
    figure.update_layout(xaxis={"title": title, "tickvals": ticks}, yaxis={"title": measure.axis})
    entries = summary["line"].nunique() + references["curve"].nunique()
    finish(figure, measure.by("label noise"), legend=True)
    height = HEIGHT + ENTRY_HEIGHT * max(0, entries - 2)
    if gaps.empty:
        return figure.update_layout(height=height)
    _add_panel(figure)
    return figure.update_layout(height=height + PANEL_HEIGHT)


def _add_panel(figure: go.Figure) -> None:
    """Room for the differences below the measure, on the same horizontal axis."""
    figure.update_layout(
        yaxis={"domain": [0.38, 1]},
        yaxis2={
            **{"domain": [0, 0.3], "anchor": "x", "title": "Difference from<br>baseline (points)"},
            **{"zeroline": True, "zerolinewidth": 1.5, "zerolinecolor": OTHER_HUE},
        },
        xaxis={"anchor": "y2"},
        legend={"y": -0.2},
    )


def _band_traces(line: str, means: pd.DataFrame, colour: str) -> list[dict[str, object]]:
    """The 95 % interval as an area, wherever neighbouring rates both have one."""
    rows = means.reset_index(drop=True)
    known = rows["half"].notna()
    runs = (known != known.shift()).cumsum()[known]
    traces: list[dict[str, object]] = []
    for index in runs.groupby(runs).groups.values():
        part = rows.loc[index]
        if len(part) < 2:
            continue
        x, low, high = (part[n].to_numpy(dtype=float) for n in ("noise_percent", "low", "high"))
        name = f"{line}, 95 % interval"
        traces.append(band_trace(x, low, high, colour, group=line, name=name))
    return traces


def _gaps_trace(line: str, gaps: pd.DataFrame, style: Mapping[str, str]) -> dict[str, object]:
    """The paired difference of a line from the baseline, in the panel below."""
    return {
        "type": "scatter",
        "x": gaps["noise_percent"].to_numpy(dtype=float),
        "y": gaps["gap"].to_numpy(dtype=float),
        "yaxis": "y2",
        "error_y": {
            **{"type": "data", "array": gaps["half"].to_numpy(dtype=float)},
            **{"thickness": 1.5, "width": 5},
        },
        "text": gap_texts(gaps),
        "mode": "lines+markers",
        "line": {"color": style["color"], "width": 1.5},
        "marker": {**style, "size": 8},
        "legendgroup": line,
        "name": f"{line} minus baseline",
        "showlegend": False,
        "hovertemplate": f"<b>{line} minus baseline</b><br>%{{x:g}} % noise: %{{text}}<br>"
        "paired by seed<extra></extra>",
    }


def _means_trace(
    line: str, means: pd.DataFrame, measure: ShownMeasure, style: Mapping[str, str]
) -> dict[str, object]:
    halves = means["half"].to_numpy()
    return {
        "type": "scatter",
        "x": means["noise_percent"].to_numpy(),
        "y": means["mean"].to_numpy(),
        "error_y": {"type": "data", "array": halves, "thickness": 1.5, "width": 5},
        "text": mean_texts(means, measure),
        "mode": "lines+markers",
        "line": {"color": style["color"], "width": 2.5},
        "marker": {**style, "size": 9},
        "legendgroup": line,
        "name": f"{line} ({seed_counts(means['n'])})",
        "hovertemplate": f"<b>{line}</b><br>%{{x:g}} % noise: %{{text}}<extra></extra>",
    }


def _seeds_trace(
    line: str, rows: pd.DataFrame, measure: ShownMeasure, colour: str
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


def mean_texts(means: pd.DataFrame, measure: ShownMeasure) -> list[str]:
    """Each mean with its interval and number of seeds, for hovering.

    Args:
        means: of `comparison.noise_summary`.
        measure: its unit is written.
    """
    figures = zip(means["mean"], means["low"], means["high"], means["n"], strict=True)
    return [_interval_text(*one, measure.unit, ".1f") for one in figures]


def gap_texts(gaps: pd.DataFrame) -> list[str]:
    """Each difference with its interval and number of seeds, for hovering.

    Args:
        gaps: of `comparison.paired_gaps` or `image_gaps.image_gaps`.
    """
    figures = zip(gaps["gap"], gaps["low"], gaps["high"], gaps["n"], strict=True)
    return [_interval_text(*one, "points", "+z.1f") for one in figures]


def _interval_text(mean: float, low: float, high: float, seeds: int, unit: str, form: str) -> str:
    if np.isnan(low):
        return f"{mean:{form}} {unit} (one seed, no interval)"
    interval = f"95 % interval {low:{form}} to {high:{form}}"
    return f"{mean:{form}} {unit}<br>{interval}<br>{counted(seeds, 'seed')}"

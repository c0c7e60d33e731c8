"""Chart of the noise page where no line spans two noise rates: a row for each method."""

from collections.abc import Mapping
from html import escape
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.measures import ShownMeasure
from dashboard.charts.noise import OTHER_HUE, gap_texts, mean_texts
from dashboard.charts.style import finish, method_colours

ROW_HEIGHT = 42  # pixels of two lines of text
EDGES = 170  # pixels of title and axis
NARROW, TITLE_SIZE = 14, 12  # letters of a line, pixels of one
LEFT, RIGHT = [0.0, 0.48], [0.54, 1.0]  # of the width: the measure, the difference


def noise_rows_figure(
    points: pd.DataFrame,
    summary: pd.DataFrame,
    references: pd.DataFrame,
    measure: ShownMeasure,
    gaps: pd.DataFrame,
    *,
    single_seeds: bool = False,
) -> go.Figure:
    """A measure of every method, and beside it the paired difference from the baseline.

    The noisiest rows are on top, within a rate the best ones.

    Args:
        points: `comparison.noise_points` of one comparison.
        summary: `comparison.noise_summary` of the same points and the measure's column.
        references: published results at these rates, of `published_curves.reference_curves`.
        measure: on the horizontal axis.
        gaps: `image_gaps.image_gaps` or `comparison.paired_gaps` of the same points.
        single_seeds: also draw a circle for each seed.
    """
    drawn = points[points["line"].isin(summary["line"])]
    colours = method_colours(dict(zip(drawn["line"], drawn["method"], strict=True)))
    names = _row_names(summary, references)
    traces = []
    for line, rows in summary.groupby("line", sort=True):
        name, colour = str(line), colours[str(line)]
        places = [names[name, rate] for rate in rows["noise_percent"]]
        traces.append(_means_trace(name, rows, places, measure, colour))
        if single_seeds:
            seeds = points[points["line"] == line].dropna(subset=measure.column)
            places = [names[name, rate] for rate in seeds["noise_percent"]]
            traces.append(_seeds_trace(name, seeds, places, measure, colour))
    for line, rows in gaps.groupby("line", sort=True):
        places = [names[str(line), rate] for rate in rows["noise_percent"]]
        traces.append(_gaps_trace(str(line), rows, places, colours[str(line)]))
    if not references.empty:
        traces.append(_references_trace(references, names))
    figure = go.Figure(traces)
    order = list(dict.fromkeys(names.values()))
    finish(figure, measure.by("label noise"), legend=False)
    figure.update_layout(
        height=EDGES + ROW_HEIGHT * len(order),
        xaxis={"title": _broken(measure.axis), "domain": LEFT if len(gaps) else [0.0, 1.0]},
        yaxis={
            **{"type": "category", "categoryarray": order, "autorange": "reversed"},
            **{"tickvals": order, "ticktext": order, "automargin": True},
        },
    )
    if len(gaps):
        zero = {"zeroline": True, "zerolinewidth": 1.5, "zerolinecolor": OTHER_HUE}
        title = _broken("Difference from baseline (points)")
        figure.update_layout(xaxis2={"title": title, "domain": RIGHT, "anchor": "y", **zero})
    return figure


def _broken(title: str) -> dict[str, object]:
    """A title in lines that fit below a panel on a phone."""
    return {"text": "<br>".join(wrap(title, NARROW)), "font": {"size": TITLE_SIZE}}


def _row_names(summary: pd.DataFrame, references: pd.DataFrame) -> dict[tuple[str, float], str]:
    """Names of the rows in order, by line and noise rate: two lines of text."""
    published = references.assign(
        line="published: " + references["curve"], mean=references["value"]
    )
    columns = ["line", "noise_percent", "mean"]
    rows = pd.concat([summary.reindex(columns=[*columns, "n"]), published[columns]])
    rows = rows.sort_values(["noise_percent", "mean", "line"], ascending=[False, False, True])
    several = rows["noise_percent"].nunique() > 1
    found = {}
    for row in rows.to_dict("records"):
        method, backbone, *options = str(row["line"]).split(" · ")
        if not row["noise_percent"]:  # lines of several kinds of noise share their clean runs
            options = [option for option in options if not option.endswith(" noise")]
        details = [backbone, *([_rate_name(row["noise_percent"])] if several else [])]
        details += [] if pd.isna(row["n"]) else [f"n = {row['n']:g}"]
        found[str(row["line"]), float(row["noise_percent"])] = "<br>".join(
            escape(" · ".join(part)) for part in ([method, *options], details)
        )
    return found


def _rate_name(percent: float) -> str:
    return f"{percent:g} % noise" if percent else "clean labels"


def _means_trace(
    line: str, rows: pd.DataFrame, places: list[str], measure: ShownMeasure, colour: str
) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": rows["mean"].to_numpy(dtype=float),
        "y": places,
        "error_x": {
            **{"type": "data", "array": rows["half"].to_numpy(dtype=float)},
            **{"thickness": 1.5, "width": 5},
        },
        "text": mean_texts(rows, measure),
        "mode": "markers",
        "marker": {"color": colour, "size": 9},
        "name": line,
        "hovertemplate": f"<b>{escape(line)}</b><br>%{{text}}<extra></extra>",
    }


def _seeds_trace(
    line: str, rows: pd.DataFrame, places: list[str], measure: ShownMeasure, colour: str
) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": rows[measure.column].to_numpy(dtype=float),
        "y": places,
        "customdata": rows["seed"].to_numpy(),
        "mode": "markers",
        "marker": {"color": colour, "size": 7, "symbol": "circle-open"},
        "opacity": 0.6,
        "name": f"{line}, seeds",
        "hovertemplate": f"{escape(line)}<br>seed %{{customdata:d}}: %{{x:.1f}} {measure.unit}"
        "<extra></extra>",
    }


def _gaps_trace(line: str, rows: pd.DataFrame, places: list[str], colour: str) -> dict[str, object]:
    gaps, low, high = (rows[name].to_numpy(dtype=float) for name in ("gap", "low", "high"))
    return {
        "type": "scatter",
        "x": gaps,
        "y": places,
        "xaxis": "x2",
        "error_x": {
            **{"type": "data", "symmetric": False, "array": high - gaps},
            **{"arrayminus": gaps - low, "thickness": 1.5, "width": 5},
        },
        "text": gap_texts(rows),
        "mode": "markers",
        "marker": {"color": colour, "size": 9},
        "name": f"{line} minus baseline",
        "hovertemplate": f"<b>{escape(line)} minus baseline</b><br>%{{text}}<br>paired by seed"
        "<extra></extra>",
    }


def _references_trace(
    references: pd.DataFrame, names: Mapping[tuple[str, float], str]
) -> dict[str, object]:
    keys = zip("published: " + references["curve"], references["noise_percent"], strict=True)
    return {
        "type": "scatter",
        "x": references["value"].to_numpy(dtype=float),
        "y": [names[str(curve), float(rate)] for curve, rate in keys],
        "customdata": references[["trust", "source", "selection"]].to_numpy(),
        "mode": "markers",
        "marker": {"color": OTHER_HUE, "size": 9, "symbol": "diamond-open"},
        "name": "published",
        "hovertemplate": "%{x:.2f} %<br>%{customdata[2]}<br>%{customdata[0]}: %{customdata[1]}"
        "<extra></extra>",
    }

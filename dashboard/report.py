"""What each page puts into the static report: charts, tables and sentences.

A page has a part in the report when a function from `Runs` to a list of `Part` stands under its
title in `PAGES`. Such a function is pure (no Streamlit), leaves out what there are no records for,
and shows what a visitor sees who has chosen nothing, for every choice that is a comparison.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.classes import confusion_figure
from dashboard.charts.curves import curves_figure
from dashboard.charts.noise import noise_figure
from dashboard.charts.published import published_figure
from dashboard.charts.runs import parallel_figure
from dashboard.charts.style import method_colours
from dashboard.comparison import (
    comparisons,
    default_pair,
    headline,
    noise_drawn,
    noise_points,
    noise_summary,
)
from dashboard.curves import (
    NOTES,
    SERIES,
    common_description,
    confusion_frame,
    curve_points,
    run_labels,
    short_labels,
)
from dashboard.data import Runs
from dashboard.published import COLUMNS, measured_rows, read_published, scatter_points, select
from dashboard.runs import ACCURACY, MOST_AXES, image_sets, option_axes, with_names

FEWEST_RUNS = 2  # of a comparison, for a chart of its own
FEWEST_PUBLISHED = 3  # figures of a group, for a chart of its own
RUN_FACTS = [
    *("run", "status", "data", "method", "backbone", "noise", "seed", "accuracy_percent"),
    *("class_mean_percent", "epochs_done", "epochs_asked", "image_size", "started", "source"),
]


class Part(NamedTuple):
    """One block of a page.

    Attributes:
        heading: above the block; several charts of one title are told apart by it.
        text: a sentence, or nothing.
        figure: a chart, or nothing.
        table: rows to be read; with a chart, what it draws.
    """

    heading: str
    text: str = ""
    figure: go.Figure | None = None
    table: pd.DataFrame | None = None


def first_sentence(runs: Runs) -> str:
    """The headline of the comparison that says most."""
    points = noise_points(runs.table)
    if points.empty:
        return "No finished run yet."
    return headline(points[points["comparison"] == comparisons(points)[0]])


def noise_parts(runs: Runs) -> list[Part]:
    """Accuracy over label noise, for every set of comparable runs; one run alone is no chart."""
    points = noise_points(runs.table)
    parts = []
    for name in comparisons(points):
        shown = points[points["comparison"] == name]
        if len(shown) < FEWEST_RUNS:
            continue
        figure = noise_figure(shown, noise_summary(shown))
        parts.append(Part(name, headline(shown), figure, noise_drawn(shown)))
    return parts


def curve_parts(runs: Runs) -> list[Part]:
    """All curves of the pair of runs that the page of curves opens with."""
    chosen = default_pair(runs.table)
    rows = runs.table.set_index("run", drop=False).loc[chosen]
    colours = method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    labels = short_labels(rows)
    title = f"{' and '.join(labels.values())}: {common_description(rows)}."
    parts = []
    for chart in dict.fromkeys(one.chart for one in SERIES):
        series = [one for one in SERIES if one.chart == chart]
        points = curve_points(runs.epochs, labels, series)
        if not points.empty:
            figure = curves_figure(points, series, colours)
            note = f"{title} {NOTES.get(chart, '')}".strip()
            parts.append(Part(chart, note, figure, points))
    return parts


def class_parts(runs: Runs) -> list[Part]:
    """The confusion matrices of the same pair."""
    names = run_labels(runs.table)
    parts = []
    for run in default_pair(runs.table):
        if run in runs.confusions:
            table = confusion_frame(runs.confusions[run], normalise=True)
            figure = confusion_figure(table, normalised=True)
            parts.append(Part(names[run], "", figure, table.reset_index()))
    return parts


def run_parts(runs: Runs) -> list[Part]:
    """The table of runs, and their options against accuracy for each set of test images."""
    named = with_names(runs.table).sort_values("started", ascending=False)
    parts = [Part("All runs", table=named[RUN_FACTS])]
    finished = runs.table[runs.table[ACCURACY].notna()]
    for name, rows in finished.groupby(image_sets(finished), sort=False):
        axes = option_axes(rows)
        picked = [column for column in axes.columns if column not in ("run", ACCURACY)][:MOST_AXES]
        if picked:
            drawn = axes[["run", *picked, ACCURACY]]
            parts.append(Part(f"Tested on {name}", "", parallel_figure(drawn, ACCURACY), drawn))
    return parts


def published_parts(runs: Runs) -> list[Part]:
    """Published results group by group, with our own beside them where the metric is the same."""
    published, ours = read_published(), measured_rows(runs.table)
    parts = []
    groups = published.groupby(["setting", "metric", "noise_percent"], sort=False).size()
    for setting, metric, rate in groups[groups >= FEWEST_PUBLISHED].index:
        rows = select(published, setting, metric, rate)
        same = (ours["setting"] == setting) & (ours["noise_percent"] == rate)
        points = scatter_points(rows, ours[same] if metric == "accuracy" else ours.head(0))
        noise = f"{rate:g} % changed labels" if rate else "no label noise added"
        figure = published_figure(points, metric)
        parts.append(Part(f"{setting}, {metric}, {noise}", "", figure, rows[COLUMNS]))
    return parts


PAGES: dict[str, Callable[[Runs], list[Part]]] = {
    "Noise robustness": noise_parts,
    "Training curves": curve_parts,
    "Classes": class_parts,
    "Runs": run_parts,
    "Published results": published_parts,
}

"""Noise robustness: accuracy when a share of the training labels is wrong."""

from functools import partial
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.analysis.comparison import comparisons, noise_points
from dashboard.analysis.image_gaps import image_gaps
from dashboard.analysis.measures import FORMER_NAMES, ShownMeasure
from dashboard.analysis.noise import (
    MEASURES,
    NoiseView,
    areas_note,
    noise_caption,
    noise_drawn,
    noise_notes,
    noise_view,
    offered_measures,
    spans_rates,
    unstated_note,
)
from dashboard.analysis.published import read_published
from dashboard.analysis.runs import none_finished
from dashboard.charts.noise import noise_figure
from dashboard.charts.noise_rows import noise_rows_figure
from dashboard.data.names import Runs
from dashboard.views.foreign_text import foreign
from dashboard.views.links import rename_in_link
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart, show_empty
from fer_core.io.wording import counted

NUMBER = st.column_config.NumberColumn
ABOUT = "How much accuracy wrong training labels cost each method, over seeds."
REFERENCES = ("same backbone", "all comparable", "none")
RULES = """
- **Accuracy** is the mean accuracy of the last five epochs, never of the best epoch, which would be
  selected on the evaluation split. **Mean class accuracy** is the mean recall over all classes
  (balanced accuracy, UAR).
- **Chosen epoch** is the accuracy in the epoch that does best on held-out training images with
  their noisy labels, which is what a practitioner can choose by; **flip TTA** averages each image
  and its mirror image. Runs with `--holdout` have both.
- **Change from clean** is the accuracy of a run minus that of the run with clean labels, the same
  seed and the same options. Runs without such a counterpart are omitted.
- **Rows** take the place of lines where no method has two noise rates; the best is on top.
- **A line** connects runs with the same method, backbone, data set, image size, number of epochs
  and
  options. Runs that differ in any of these are never averaged.
- **Thick points** are means over seeds, with 95 % intervals (Student's t) as bars and bands if
  there are at least two seeds; **thin lines and circles** are single seeds. If a seed was run
  twice, the latest run counts.
- **The panel below** is the paired difference of each method from the cross-entropy baseline: only
  seeds that both have count, so it may differ from the distance of the means above. It is what the
  headline says.
- **Noise** is drawn at its nominal rate if it is symmetric. Of all other kinds the
  realised share counts: asymmetric noise spares classes that are never confused, and human labels
  have no nominal rate. The table has both.
- **Area** is the mean over noise rates from 0 to the largest: the area under a seed's line
  (trapezoidal rule) divided by its width. It needs a run of that seed at every rate.
- **Dotted** curves are published results with the same data set, classes and metric under symmetric
  noise. Their pre-training, image size and training differ from ours, so they are references, not a
  ranking.
- The headline pairs runs by seed: with the same seed, both methods train on the same noisy labels.
"""
READING = (
    "Means over seeds with 95 % intervals; below, the difference from the baseline, paired by seed."
)
READING_ROWS = (
    "Left: means over seeds with 95 % intervals. Right: the difference from the baseline, paired "
    "by seed."
)
STUDENT = "Bars: 95 % intervals, Student's t over seeds."
OVER_BOTH = (
    "Bars: 95 % intervals; of means, Student's t over seeds; of differences, a hierarchical "
    "bootstrap over seeds and images, with one seed over images."
)
NO_CLEAN_RUN = (
    "No run with label noise has a counterpart here with clean labels, the same seed and the same "
    "options. Train one with the options of the noisy run: `fer-core train --noise none`"
)


@st.cache_data(show_spinner=False, max_entries=4)
def find_points(_runs: Runs, fingerprint: str) -> pd.DataFrame:
    """`noise_points` of the runs; ``fingerprint`` is only a key of the cache."""
    return noise_points(_runs.table)


@st.cache_data(show_spinner=False, max_entries=64)
def find_view(_shown: pd.DataFrame, fingerprint: str, chosen: str, name: str) -> NoiseView:
    """`noise_view` of the runs of a comparison; all but the first are only keys of the cache."""
    return noise_view(_shown, read_published(), MEASURES[name])


def pick_references(view: NoiseView) -> pd.DataFrame:
    """The published curves to draw; offered if some are comparable with these runs."""
    curves = view.references
    if curves.empty:
        if view.incomparable:
            st.caption(view.incomparable)
        return curves
    chosen = st.segmented_control(
        "Published curves",
        REFERENCES,
        default=REFERENCES[0],
        required=True,
        key="noise_published",
        bind="query-params",
        help="Hover over a curve for its backbone, pre-training and source.",
    )
    return {"all comparable": curves, "none": curves.head(0)}.get(
        str(chosen), curves[curves["same_backbone"]]
    )


@st.cache_data(show_spinner="Resampling seeds and images", max_entries=64)
def find_gaps(
    _runs: Runs, _shown: pd.DataFrame, fingerprint: str, chosen: str, name: str
) -> pd.DataFrame:
    """`image_gaps` of the runs of a comparison; all but the first two are keys of the cache."""
    return image_gaps(_runs, _shown, MEASURES[name])


def show_gaps(gaps: pd.DataFrame) -> None:
    """The differences from the baseline, with the interval over seeds and that over both."""
    if gaps.empty:
        return
    st.markdown("**Difference from the baseline**")
    formats = {
        "line": st.column_config.TextColumn("Method and backbone"),
        "noise_percent": NUMBER("Noise (%)", format="%g"),
        "gap": NUMBER("Difference (points)", format="%+.2f"),
        "over_seeds": "95 % over seeds",
        "over_images": "95 % over seeds and images",
        "n": NUMBER("Seeds"),
    }
    show_table(gaps.drop(columns=["low", "high"]), "noise-gaps", formats)
    st.caption(
        "Paired by seed. Over seeds: Student's t. Over seeds and images: a hierarchical bootstrap, "
        "which draws seeds, then evaluation images; with one seed, images alone. With fewer "
        "than five seeds that says too little about seeds: read both intervals."
    )


def show_tables(summary: pd.DataFrame, areas: pd.DataFrame, measure: ShownMeasure) -> None:
    """The values of the chart, and the areas under its lines."""
    unit = "%" if measure.unit == "%" else "points"
    formats = {
        "line": st.column_config.TextColumn("Method and backbone"),
        "noise_percent": NUMBER("Noise (%)", format="%g"),
        "noise": "Kind of noise",
        "asked": NUMBER("Nominal (%)", format="%.1f"),
        "realised": NUMBER("Realised (%)", format="%.2f"),
        "sd": NUMBER("SD over seeds", format="%.1f"),
        "mean": NUMBER(f"Mean ({unit})", format="%.1f"),
        "low": NUMBER("95 % from", format="%.1f"),
        "high": NUMBER("95 % to", format="%.1f"),
        "n": NUMBER("Seeds"),
        "kind": "Noise",
        "rates": "Rates (%)",
    }
    shown = summary.drop(columns=["comparison", "half"])
    show_table(shown, "noise-means", formats)
    st.markdown("**Area: the mean over all noise rates**")
    if areas.empty:
        st.caption("No line has a seed with a run at every noise rate, clean labels included.")
        return
    note = areas_note(summary, areas)
    st.caption(f"Over the seeds with a run at every rate. {note}".strip())
    show_table(areas, "noise-areas", formats)


class NoiseChart(NamedTuple):
    """The chart of the page.

    Attributes:
        figure: the chart.
        drawn: its rows, of `noise_drawn`.
        caption: of the saved figure.
        reading: a sentence: how to read it.
    """

    figure: go.Figure
    drawn: pd.DataFrame
    caption: str
    reading: str


def draw_lines(
    points: pd.DataFrame,
    view: NoiseView,
    measure: ShownMeasure,
    seeds: bool,
) -> NoiseChart:
    """A line for each method over the noise rates."""
    parts = (points, view.summary, view.references)
    figure = noise_figure(*parts, measure, gaps=view.gaps, single_seeds=seeds)
    drawn = noise_drawn(*parts, measure.column, gaps=view.gaps, single_seeds=seeds)
    return NoiseChart(figure, drawn, noise_caption(points, view.summary, measure), READING)


def draw_rows(
    points: pd.DataFrame,
    view: NoiseView,
    measure: ShownMeasure,
    seeds: bool,
    gaps: pd.DataFrame,
) -> NoiseChart:
    """A row for each method; differences have the interval over images where it is known."""
    rates = view.summary["noise_percent"].unique()
    parts = (
        points,
        view.summary,
        view.references[view.references["noise_percent"].isin(rates)],
    )
    intervals = STUDENT if gaps.empty else OVER_BOTH
    gaps = view.gaps if gaps.empty else gaps
    figure = noise_rows_figure(*parts, measure, gaps, single_seeds=seeds)
    drawn = noise_drawn(*parts, measure.column, gaps=gaps, single_seeds=seeds)
    caption = noise_caption(points, view.summary, measure, intervals)
    return NoiseChart(figure, drawn, caption, READING_ROWS)


st.title("Noise robustness")
st.markdown(ABOUT)
runs = load_runs()
points = find_points(runs, runs.fingerprint)
waiting = int((runs.table["status"] != "finished").sum())

if points.empty:
    show_empty(
        f"{none_finished(runs.table)} This chart needs at least one. Train with label noise:"
    )
else:
    options = comparisons(points)
    chosen = options[0]
    if len(options) > 1:
        chosen = st.selectbox("Comparable runs", options, key="compare", bind="query-params")
    else:
        st.caption(foreign(chosen))
    shown = points[points["comparison"] == chosen]
    rename_in_link("noise_measure", FORMER_NAMES)
    name = st.segmented_control(
        "Measure",
        offered_measures(shown),
        default="Accuracy",
        required=True,
        key="noise_measure",
        bind="query-params",
    )
    measure = MEASURES[str(name)]
    view = find_view(shown, runs.fingerprint, str(chosen), str(name))
    st.markdown(f"##### {foreign(view.headline)}")
    if view.other:
        words = f"By mean class accuracy, which weights all classes equally: {view.other}"
        st.markdown(foreign(words))
    if view.eac:
        st.caption(view.eac)
    references, summary = pick_references(view), view.summary
    if summary.empty:
        st.info(NO_CLEAN_RUN)
    else:
        seeds = st.toggle("Single seeds", key="noise_seeds", bind="query-params")
        gaps = partial(find_gaps, runs, shown, runs.fingerprint, str(chosen), str(name))
        parts = (shown, view._replace(references=references), measure, seeds)
        # Lines do not wait for the resampling, whose result is kept.
        chart = draw_lines(*parts) if spans_rates(summary) else draw_rows(*parts, gaps())
        selection = [str(chosen), str(name)]
        show_chart(chart.figure, chart.drawn, "noise", selection=selection, caption=chart.caption)
        st.caption(" ".join([chart.reading, *noise_notes(summary)]))
        show_gaps(gaps())
        show_tables(summary, view.areas, measure)
    with st.expander("How to read this"):
        st.markdown(RULES)

if unstated := unstated_note(runs.table):
    st.caption(unstated)
if waiting:
    st.caption(
        f"{counted(waiting, 'run is', 'runs are')} still running or failed and not "
        "included here; see Training curves for the epochs so far."
    )

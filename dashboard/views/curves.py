"""Training curves: losses and accuracies of several runs in one chart."""

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.analysis.comparison import eac_note
from dashboard.analysis.curves import (
    BY_LABEL,
    DEFAULT_SERIES,
    FORMER_LABELS,
    NOTES,
    OTHER_PARTS,
    SERIES,
    Series,
    common_description,
    curve_points,
    part_epochs,
    short_labels,
    unfinished_notes,
)
from dashboard.analysis.group_curves import BANDS, INTERVAL, group_points, unfinished_groups
from dashboard.analysis.run_choices import RunChoices, run_choices
from dashboard.analysis.seed_groups import SeedGroup, common_facts
from dashboard.charts.curves import curves_figure, group_curves_figure, linked_figure
from dashboard.charts.style import distinct_colours, method_colours
from dashboard.data.names import Runs
from dashboard.views.foreign_text import foreign
from dashboard.views.links import rename_in_link, rename_methods_in_link
from dashboard.views.run_detail import read_records
from dashboard.views.seed_picker import TOGETHER, pick_groups, pick_together, pooled_note
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import show_chart, show_empty, show_linked

ABOUT = "How training went, epoch by epoch: losses, accuracy, and the wrong labels memorised."
MAX_RUNS = len(distinct_colours())  # colour alone tells them apart


class CurveOptions(NamedTuple):
    """The horizontal axis and the smoothing of the curves, and the band of groups.

    Attributes:
        by_time: whether the horizontal axis is the training time.
        smoothing: weight of the past, in [0, 1).
        band: of groups, one of BANDS.
        linked: whether all charts share one horizontal axis.
    """

    by_time: bool
    smoothing: float
    band: str
    linked: bool


class DrawnChart(NamedTuple):
    """A chart and the rows that it draws."""

    title: str
    figure: go.Figure
    points: pd.DataFrame


@st.cache_data(show_spinner=False, max_entries=4)
def find_choices(_runs: Runs, fingerprint: str) -> RunChoices:
    """The runs to choose from; ``fingerprint`` is only a key of the cache."""
    return run_choices(_runs.table)


def take_preset(choices: RunChoices) -> None:
    """Choose the runs and curves of one of the HUST report's figures."""
    if preset := st.session_state["curves_hust"]:
        runs = choices.presets[preset]
        if st.session_state["curves_seeds"] == TOGETHER:
            st.session_state["curves_by"] = []
            st.session_state["curves_group"] = [choices.groups[run] for run in runs]
        else:
            st.session_state["curves_run"] = [choices.labels[run] for run in runs]
        st.session_state["curve"] = list(DEFAULT_SERIES)
        st.session_state["smooth"] = 0.0
        st.session_state["curves_x"] = "Epoch"
        st.session_state["curves_hust"] = None  # a button, not a state


def show_presets(choices: RunChoices) -> None:
    """A button for each figure of the HUST report that the runs can repeat."""
    if choices.presets:
        st.pills(
            "As in figures 8 to 11 of the HUST report (2024): loss and accuracy, baseline and EAC",
            list(choices.presets),
            key="curves_hust",
            on_change=take_preset,
            args=(choices,),
            help="The HUST report is a project report that trains EAC on RAF-DB under label noise. "
            "A click selects a baseline run and an EAC run that differ only in the method, and the "
            "curves of those figures.",
        )


def pick_runs(choices: RunChoices) -> list[str]:
    """The runs chosen by the visitor; by default a comparable pair of methods."""
    by_label = {label: run for run, label in choices.labels.items()}
    chosen = st.multiselect(
        "Runs",
        sorted(by_label),
        default=[choices.labels[run] for run in choices.first],
        max_selections=MAX_RUNS,
        key="curves_run",
        bind="query-params",
        help="By default, an EAC run and a baseline run that differ only in the method.",
    )
    return [by_label[label] for label in chosen]


def pick_options(together: bool) -> CurveOptions:
    """The options chosen by the visitor; groups have a band."""
    left, middle, right, last = st.columns([3, 4, 4, 2], vertical_alignment="bottom")
    axis = left.segmented_control(
        "Horizontal axis",
        ["Epoch", "Training time"],
        default="Epoch",
        required=True,
        key="curves_x",
        bind="query-params",
    )
    band = INTERVAL
    if together:
        band = middle.segmented_control(
            "Band",
            list(BANDS),
            default=INTERVAL,
            required=True,
            key="curves_band",
            bind="query-params",
            help="; ".join(f"{name}: {meaning}" for name, meaning in BANDS.items()),
        )
    smoothing = right.slider(
        "Smoothing",
        0.0,
        0.95,
        0.0,
        0.05,
        key="smooth",
        bind="query-params",
        help="Weight of the past in the exponential moving average. The raw curve of a single run "
        "is a thin line.",
    )
    linked = last.toggle(
        "Linked",
        key="curves_linked",
        bind="query-params",
        help="Stacks the charts; zooming and hovering apply to all of them.",
    )
    return CurveOptions(axis == "Training time", smoothing, str(band), linked)


def show_curves(runs: Runs, shown: list[str] | list[SeedGroup]) -> None:
    """The chosen series of the chosen runs or groups."""
    groups = [one for one in shown if isinstance(one, SeedGroup)]
    chosen = [run for group in groups for run in group.runs] or [str(one) for one in shown]
    rows = runs.table[runs.table["run"].isin(chosen)].set_index("run", drop=False).loc[chosen]
    rename_in_link("curve", FORMER_LABELS)
    picked = st.pills(
        "Curves",
        [*BY_LABEL, OTHER_PARTS],
        selection_mode="multi",
        default=list(DEFAULT_SERIES),
        key="curve",
        bind="query-params",
    )
    options = pick_options(bool(groups))
    about = list(filter(None, describe(rows, groups, options)))
    st.caption(foreign(" — ".join(about)))
    if not picked:
        st.info("Choose at least one curve above.")
    epochs, parts = part_epochs(read_records(runs, chosen) if OTHER_PARTS in picked else {})
    if OTHER_PARTS in picked and not parts:
        st.info("The chosen runs recorded no other parts of the loss; SCN and co-teaching do.")
    series = [one for one in SERIES if one.label in picked]
    charts = {one.chart: runs.epochs for one in series} | {one.chart: epochs for one in parts}
    drawn = [
        draw_chart(
            source,
            groups or rows,
            [one for one in [*series, *parts] if one.chart == chart],
            options,
            rows.loc[rows["imported"] != "", "run"].tolist(),
        )
        for chart, source in charts.items()
    ]
    found = [one for one in drawn if isinstance(one, DrawnChart)]
    for sentence in (one for one in drawn if isinstance(one, str)):
        st.info(sentence)
    if options.linked and len(found) > 1:
        points = pd.concat([one.points.assign(chart=one.title) for one in found])
        show_linked(linked_figure([one.figure for one in found]), points, "curves-linked")
        return
    columns = st.columns(2, gap="large")
    for index, one in enumerate(found):
        with columns[index % 2]:
            name = f"curves-{one.title.lower().replace(' ', '-')}"
            caption = " ".join(f"{text.rstrip('.')}." for text in (one.title, *about))
            show_chart(one.figure, one.points, name, selection=about[:1], caption=caption)
            if one.title in NOTES:
                st.caption(NOTES[one.title])


def describe(rows: pd.DataFrame, groups: list[SeedGroup], options: CurveOptions) -> list[str]:
    """What the runs share, what the band is, and which runs have not finished."""
    if not groups:
        return [common_description(rows), eac_note(rows), *unfinished_notes(rows)]
    band = f"Mean over seeds; band: {BANDS[options.band]}"
    if all(len(group.runs) == 1 for group in groups):
        band = "One run each, so there is no band"
    return [
        common_facts(groups),
        band,
        pooled_note(groups),
        eac_note(rows),
        *unfinished_groups(groups, rows),
    ]


def draw_chart(
    epochs: pd.DataFrame,
    shown: pd.DataFrame | list[SeedGroup],
    series: list[Series],
    options: CurveOptions,
    sparse: list[str],
) -> DrawnChart | str:
    """One chart of series that share an axis, of single runs or of groups; or why there is none."""
    chart = series[0].chart
    axis = {"by_time": options.by_time, "smoothing": options.smoothing, "sparse": sparse}
    if isinstance(shown, pd.DataFrame):
        points = curve_points(epochs, short_labels(shown), series, **axis)
        methods = dict(zip(shown["run"], shown["method"], strict=True))
        draw = curves_figure
    else:
        points = group_points(epochs, shown, series, **axis, band=options.band)
        methods = {group.runs[0]: group.method for group in shown}
        draw = group_curves_figure
    if points.empty:
        over = " over time" if options.by_time else ""
        return f"{chart}: not recorded{over} by the chosen runs so far."
    return DrawnChart(chart, draw(points, series, method_colours(methods)), points)


st.title("Training curves")
st.markdown(ABOUT)
loaded = load_runs()
if loaded.table.empty:
    show_empty("There is no run yet. Curves appear after the first epoch of a training run:")
else:
    rename_methods_in_link("curves_run")
    choices = find_choices(loaded, loaded.fingerprint)
    together = pick_together("curves", ["curves_run"])
    show_presets(choices)
    if together:
        selection = pick_groups("curves", loaded.table, loaded.fingerprint, choices.first, MAX_RUNS)
    else:
        selection = pick_runs(choices)
    if selection:
        show_curves(loaded, selection)
    else:
        st.info("Choose at least one run above.")

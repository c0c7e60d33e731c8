"""Training curves: losses and accuracies of runs, laid over each other."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

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
from dashboard.analysis.run_choices import RunChoices, run_choices
from dashboard.charts.curves import curves_figure
from dashboard.charts.style import method_colours
from dashboard.data.names import Runs
from dashboard.views.links import rename_in_link
from dashboard.views.run_detail import read_records
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import show_chart, show_empty


class View(NamedTuple):
    """How curves are drawn."""

    by_time: bool
    smoothing: float


@st.cache_data(show_spinner=False, max_entries=4)
def find_choices(_runs: Runs, fingerprint: str) -> RunChoices:
    """What there is to choose from; ``fingerprint`` is there for the cache's key."""
    return run_choices(_runs.table)


def take_preset(choices: RunChoices) -> None:
    """Choose the runs and curves of one of the report's figures."""
    if preset := st.session_state["curves_report"]:
        st.session_state["curves_run"] = [choices.labels[run] for run in choices.presets[preset]]
        st.session_state["curve"] = list(DEFAULT_SERIES)
        st.session_state["smooth"] = 0.0
        st.session_state["curves_x"] = "Epoch"
        st.session_state["curves_report"] = None  # a button, not a state


def pick_runs(choices: RunChoices) -> list[str]:
    """The runs chosen by the visitor, at first a comparable pair of methods."""
    by_label = {label: run for run, label in choices.labels.items()}
    if choices.presets:
        st.pills(
            "The report's figures 8 to 11: loss and accuracy, plain against EAC",
            list(choices.presets),
            key="curves_report",
            on_change=take_preset,
            args=(choices,),
            help="Chooses a plain and an EAC run that differ in nothing else, and the curves of "
            "those figures.",
        )
    chosen = st.multiselect(
        "Runs",
        sorted(by_label),
        default=[choices.labels[run] for run in choices.first],
        key="curves_run",
        bind="query-params",
        help="The first choice is an EAC run and a plain run that differ in nothing else.",
    )
    return [by_label[label] for label in chosen]


def pick_view() -> View:
    """What stands on the horizontal axis, and how smooth curves are."""
    left, right = st.columns(2, gap="large")
    axis = left.segmented_control(
        "Over",
        ["Epoch", "Training time"],
        default="Epoch",
        required=True,
        key="curves_x",
        bind="query-params",
    )
    smoothing = right.slider(
        "Smoothing",
        0.0,
        0.95,
        0.0,
        0.05,
        key="smooth",
        bind="query-params",
        help="Weight of what came before in the exponential moving average. The raw curve stays, "
        "drawn thin.",
    )
    return View(axis == "Training time", smoothing)


def show_curves(runs: Runs, chosen: list[str]) -> None:
    """The chosen series of the chosen runs."""
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
    view = pick_view()
    st.caption(" — ".join(filter(None, [common_description(rows), *unfinished_notes(rows)])))
    if not picked:
        st.info("No curve is chosen: pick at least one above.")
    epochs, parts = part_epochs(read_records(runs, chosen) if OTHER_PARTS in picked else {})
    if OTHER_PARTS in picked and not parts:
        st.info("The chosen runs have no other parts of the loss; SCN and co-teaching record some.")
    series = [one for one in SERIES if one.label in picked]
    charts = {one.chart: runs.epochs for one in series} | {one.chart: epochs for one in parts}
    columns = st.columns(2, gap="large")
    for index, (chart, source) in enumerate(charts.items()):
        with columns[index % 2]:
            lines = [one for one in [*series, *parts] if one.chart == chart]
            show_one_chart(source, rows, lines, view)


def show_one_chart(
    epochs: pd.DataFrame, rows: pd.DataFrame, series: list[Series], view: View
) -> None:
    """One chart of series that share an axis."""
    chart = series[0].chart
    points = curve_points(epochs, short_labels(rows), series, **view._asdict())
    if points.empty:
        missing = " over time" if view.by_time else ""
        st.info(f"{chart}: the chosen runs have no such figures{missing} yet.")
        return
    colours = method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    show_chart(
        curves_figure(points, series, colours),
        points,
        f"curves-{chart.lower().replace(' ', '-')}",
    )
    if chart in NOTES:
        st.caption(NOTES[chart])


st.title("Training curves")
loaded = load_runs()
if loaded.table.empty:
    show_empty("No run yet. Curves appear with the first epoch of a training run:")
elif selection := pick_runs(find_choices(loaded, loaded.fingerprint)):
    show_curves(loaded, selection)
else:
    st.info("No run is chosen: pick one or more above.")

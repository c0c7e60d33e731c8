"""Training curves: losses and accuracies per epoch, runs laid over each other."""

import pandas as pd
import streamlit as st

from dashboard.charts.classes import confusion_figure
from dashboard.charts.curves import curves_figure
from dashboard.charts.style import method_colours
from dashboard.comparison import default_pair
from dashboard.curves import (
    BY_LABEL,
    DEFAULT_SERIES,
    NOTES,
    SERIES,
    Series,
    common_description,
    confusion_frame,
    curve_points,
    run_labels,
    short_labels,
    unfinished_notes,
)
from dashboard.data import Runs
from dashboard.show import show_chart, show_empty
from dashboard.source import load_runs


def pick_runs(runs: Runs) -> list[str]:
    """The runs chosen by the visitor, at first a comparable pair of methods."""
    labels = run_labels(runs.table)
    by_label = {label: run for run, label in labels.items()}
    chosen = st.multiselect(
        "Runs",
        sorted(by_label),
        default=[labels[run] for run in default_pair(runs.table)],
        key="run",
        bind="query-params",
        help="The first choice is an EAC run and a plain run that differ in nothing else.",
    )
    return [by_label[label] for label in chosen]


def show_curves(chosen: list[str]) -> None:
    """The chosen series of the chosen runs, read again each time this part is drawn."""
    runs = load_runs()
    rows = runs.table[runs.table["run"].isin(chosen)].set_index("run", drop=False)
    rows = rows.loc[[run for run in chosen if run in rows.index]]
    picked = st.pills(
        "Curves",
        list(BY_LABEL),
        selection_mode="multi",
        default=list(DEFAULT_SERIES),
        key="curve",
        bind="query-params",
    )
    series = [one for one in SERIES if one.label in picked]
    st.caption(" — ".join([common_description(rows), *unfinished_notes(rows)]))
    if not series:
        st.info("No curve is chosen: pick at least one above.")
    columns = st.columns(2, gap="large")
    for index, chart in enumerate(dict.fromkeys(one.chart for one in series)):
        with columns[index % 2]:
            show_one_chart(runs, rows, [one for one in series if one.chart == chart])


def show_one_chart(runs: Runs, rows: pd.DataFrame, series: list[Series]) -> None:
    """One chart of series that share an axis."""
    chart = series[0].chart
    points = curve_points(runs.epochs, short_labels(rows), series)
    if points.empty:
        st.info(f"{chart}: the chosen runs have no such figures yet.")
        return
    figure = curves_figure(
        points, series, method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    )
    show_chart(figure, points, f"curves-{chart.lower().replace(' ', '-')}")
    if chart in NOTES:
        st.caption(NOTES[chart])


def show_confusion(runs: Runs, chosen: list[str]) -> None:
    """The confusion matrix of one finished run, of the chosen ones first."""
    st.subheader("Confusion matrix")
    names = run_labels(runs.table)
    order = [run for run in [*chosen, *sorted(runs.confusions)] if run in runs.confusions]
    if not order:
        st.info("No finished run yet; a confusion matrix is written when a run finishes.")
        return
    by_label = {names[run]: run for run in order}
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    run = left.selectbox("Run", list(by_label), key="matrix", bind="query-params")
    normalised = right.toggle("Percent of each label", True, key="share", bind="query-params")
    table = confusion_frame(runs.confusions[by_label[run]], normalised)
    show_chart(confusion_figure(table, normalised), table.reset_index(), "confusion")


st.title("Training curves")
loaded = load_runs()
if loaded.table.empty:
    show_empty("No run yet. Curves appear with the first epoch of a training run:")
else:
    selection = pick_runs(loaded)
    if selection:
        chosen_rows = loaded.table[loaded.table["run"].isin(selection)]
        live = bool((chosen_rows["status"] == "running").any())
        st.fragment(show_curves, run_every="10s" if live else None)(selection)
    else:
        st.info("No run is chosen: pick one or more above.")
    show_confusion(loaded, selection)

"""Runs: all records in a table, comparisons, and the page of each run."""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard.analysis.runs import FILTERS, filter_choices, filter_runs, with_curves, with_names
from dashboard.data.names import Runs
from dashboard.views.foreign_text import foreign, foreign_code
from dashboard.views.links import rename_methods_in_link
from dashboard.views.liveness import show_liveness, with_progress
from dashboard.views.run_comparison import show_comparison, show_options
from dashboard.views.run_detail import show_run
from dashboard.views.run_groups import show_groups
from dashboard.views.seed_picker import pick_together
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_copy
from dashboard.views.widgets import show_empty

NUMBER = st.column_config.NumberColumn
COLUMNS = {
    "link": st.column_config.LinkColumn("Page", display_text="open", width="small"),
    "run": st.column_config.TextColumn("Run", width="medium"),
    "imported": st.column_config.TextColumn(
        "Imported from", help="The file of another program that the record was converted from"
    ),
    "accuracy_percent": NUMBER(
        "Accuracy (%)", format="%.2f", help="Mean accuracy of the last five epochs"
    ),
    "curve": "By epoch",
    "method": "Method",
    "noise": "Noise",
    "data": "Data",
    "backbone": "Backbone",
    "seed": "Seed",
    "status": "Status",
    "mean_class_accuracy_percent": NUMBER(
        "Mean class accuracy (%)",
        format="%.2f",
        help="Mean recall over all classes (balanced accuracy, UAR), last five epochs",
    ),
    "chosen_percent": NUMBER(
        "Chosen epoch (%)",
        format="%.2f",
        help="Accuracy in the epoch that does best on held-out images (--holdout)",
    ),
    "chosen_tta_percent": NUMBER(
        "Chosen epoch, flip TTA (%)",
        format="%.2f",
        help="The same epoch, averaged over each image and its mirror image",
    ),
    "best_percent": NUMBER(
        "Best, selected on evaluation split (%)",
        format="%.2f",
        help="The best epoch, selected on the evaluation split: an upper bound, not a result",
    ),
    "best_epoch": NUMBER("Best epoch", format="%d"),
    "epochs_done": NUMBER("Epochs done"),
    "epochs_asked": NUMBER("Epochs planned"),
    "image_size": NUMBER("Image (px)"),
    "noise_percent": NUMBER("Noise (%)", format="%g"),
    "seconds": NUMBER("Seconds", format="%.0f"),
    "started": st.column_config.DatetimeColumn("Started (UTC)", format="YYYY-MM-DD HH:mm"),
    "source": "Source",
}
FAILURES_SHOWN = 5
FILTER_WIDTH = 152  # pixels: two fit next to each other on a phone


def pick_filters(named: pd.DataFrame) -> pd.DataFrame:
    """The runs that pass the visitor's filters."""
    rename_methods_in_link("runs_method")
    chosen: dict[str, list[str]] = {}
    boxes = st.container(horizontal=True)
    for column, choices in filter_choices(named).items():
        chosen[column] = boxes.multiselect(
            FILTERS[column],
            choices,
            key=f"runs_{column}",
            bind="query-params",
            placeholder="all",
            width=FILTER_WIDTH,
        )
    return filter_runs(named, chosen)


def show_table(rows: pd.DataFrame, runs: Runs) -> None:
    """The runs as a sortable table; selected rows are compared below it."""
    rows = with_progress(rows, runs)
    shown = with_curves(rows, runs.epochs).sort_values("started", ascending=False)
    kept = {name: value for name in ("runs",) if (value := st.query_params.get(name))}
    links = [f"runs?{urlencode({**kept, 'run': run})}" for run in shown["run"]]
    columns = [name for name in COLUMNS if name != "imported" or rows["imported"].any()]
    shown = shown.assign(link=links)[columns]
    st.session_state["runs_shown"] = shown["run"].tolist()
    st.dataframe(
        shown,
        hide_index=True,
        column_config={**COLUMNS, "curve": curve_column(runs.epochs)},
        height="content" if len(shown) < 12 else 460,
        placeholder="-",
        key="runs_table",
        on_select=take_picked_rows,
        selection_mode="multi-row",
    )
    show_copy(shown.drop(columns=["link", "curve"]), "runs", COLUMNS)


def curve_column(epochs: pd.DataFrame) -> ColumnConfig:
    """The column of sparklines; all have the same range, so they can be compared."""
    values = 100 * epochs["eval_accuracy"].dropna()
    low, high = (values.min(), values.max()) if len(values) else (0, 100)
    return st.column_config.LineChartColumn(
        "By epoch",
        width="small",
        help=f"Accuracy after each epoch, from {low:.0f} to {high:.0f} %",
        y_min=low,
        y_max=high,
    )


def take_picked_rows() -> None:
    """Add the rows selected in the table to the runs to compare, and remove the deselected."""
    shown = st.session_state["runs_shown"]
    picked = [shown[row] for row in st.session_state["runs_table"].selection.rows]
    before = st.session_state.get("runs_picked", [])
    compared = st.session_state.get("runs_compare", [])
    kept = [run for run in compared if run not in before or run in picked]
    st.session_state["runs_compare"] = [*kept, *(run for run in picked if run not in kept)]
    st.session_state["runs_picked"] = picked


def open_run() -> None:
    """Put the chosen run into the address."""
    if run := st.session_state["runs_open"]:
        st.query_params["run"] = run
    else:
        st.query_params.pop("run", None)


st.title("Runs")
loaded = load_runs()
for problem in loaded.problems:
    st.warning(f"Skipped: {foreign(problem)}")

if loaded.table.empty:
    show_empty("There is no run record here yet. Each training run writes one:")
else:
    asked = st.query_params.get("run")
    known = loaded.table["run"].tolist()
    if asked is not None and asked not in loaded.folders:
        st.warning(f"There is no run `{foreign_code(asked)}` here.")
    st.session_state["runs_open"] = asked if asked in loaded.folders else None
    st.selectbox(
        "Show one run", known, index=None, key="runs_open", on_change=open_run, placeholder="all"
    )
    if asked in loaded.folders:
        show_run(loaded, str(asked))
    else:
        show_liveness(loaded)
        passed = pick_filters(with_names(loaded.table))
        st.caption(f"{len(passed)} of {len(loaded.table)} runs")
        together = pick_together("runs", ["runs_compare"])
        if together:
            kept = loaded.table["run"].isin(passed["run"])
            show_groups(loaded.table[kept], loaded.fingerprint)
        else:
            show_table(passed, loaded)
        failed = loaded.table[loaded.table["status"] == "failed"]
        for row in failed.head(FAILURES_SHOWN).itertuples():
            st.error(foreign(f"{row.run} failed: {row.error or 'no reason given'}"))
        if len(failed) > FAILURES_SHOWN:
            st.caption(
                f"{len(failed) - FAILURES_SHOWN} more failed; see their pages for the errors."
            )
        if not together:
            show_comparison(loaded)
        show_options(loaded.table[loaded.table["run"].isin(passed["run"])])

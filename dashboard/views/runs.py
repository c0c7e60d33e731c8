"""Runs: all records in a table, comparisons, and the page of each run."""

import pandas as pd
import streamlit as st

from dashboard.analysis.runs import (
    FILTERS,
    filter_choices,
    filter_runs,
    search_runs,
    with_names,
)
from dashboard.views.foreign_text import foreign, foreign_code
from dashboard.views.links import rename_methods_in_link
from dashboard.views.liveness import show_liveness
from dashboard.views.run_actions import show_archived, show_import, show_organise
from dashboard.views.run_comparison import show_comparison, show_options
from dashboard.views.run_detail import show_run
from dashboard.views.run_groups import show_groups
from dashboard.views.run_table import show_table
from dashboard.views.seed_picker import pick_together
from dashboard.views.sidebar import chosen_sources, load_runs
from dashboard.views.widgets import show_empty
from fer_core.io.wording import counted

ABOUT = "Every training run: searched, filtered, compared, and kept in order."

FAILURES_SHOWN = 5
SEARCH_WIDTH = 220
FILTER_WIDTH = 152  # pixels: two fit next to each other on a phone


def pick_filters(named: pd.DataFrame) -> pd.DataFrame:
    """The runs that pass the visitor's filters."""
    rename_methods_in_link("runs_method")
    chosen: dict[str, list[str]] = {}
    boxes = st.container(horizontal=True)
    searched = boxes.text_input(
        "Search",
        key="runs_search",
        bind="query-params",
        placeholder="name, tag, note, option",
        width=SEARCH_WIDTH,
        help="Shows runs that contain every word, in upper or lower case.",
    )
    for column, choices in filter_choices(named).items():
        chosen[column] = boxes.multiselect(
            FILTERS[column],
            choices,
            key=f"runs_{column}",
            bind="query-params",
            placeholder="all",
            width=FILTER_WIDTH,
        )
    hidden = boxes.multiselect(
        "Hide",
        named["run"].tolist(),
        key="runs_hidden",
        bind="query-params",
        placeholder="none",
        width=FILTER_WIDTH,
        help="In this view alone. To hide runs on every page, archive them; you can restore them.",
    )
    passed = search_runs(filter_runs(named, chosen), searched or "")
    return passed[~passed["run"].isin(hidden)]


def open_run() -> None:
    """Put the chosen run into the address."""
    if run := st.session_state["runs_open"]:
        st.query_params["run"] = run
    else:
        st.query_params.pop("run", None)


st.title("Runs")
st.markdown(ABOUT)
loaded = load_runs()
for problem in loaded.problems:
    st.warning(f"Skipped: {foreign(problem)}")
for remark in loaded.remarks:
    st.warning(foreign(remark))

if loaded.table.empty:
    show_empty("There is no run record here yet. Each training run writes one:")
    show_archived(loaded, chosen_sources())
    show_import(chosen_sources())
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
        st.caption(f"{len(passed)} of {counted(len(loaded.table), 'run')}")
        together = pick_together("runs", ["runs_compare"])
        if together:
            kept = loaded.table["run"].isin(passed["run"])
            show_groups(loaded.table[kept], loaded.fingerprint)
        else:
            show_table(passed, loaded)
            show_organise(loaded)
        show_archived(loaded, chosen_sources())
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
        show_import(chosen_sources())

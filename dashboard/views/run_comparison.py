"""Comparing runs: differences and paired tests, and all options against accuracy."""

import pandas as pd
import streamlit as st

from dashboard.analysis.option_importance import ABOUT, option_importance
from dashboard.analysis.run_pairs import differing_options, figure_deltas, pair_tests
from dashboard.analysis.runs import ACCURACY, MAX_AXES, none_finished, option_axes, trained_here
from dashboard.analysis.sets import image_sets
from dashboard.charts.parallel import importance_figure, parallel_figure
from dashboard.data.names import Runs
from dashboard.views.run_detail import read_records
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart

NUMBER = st.column_config.NumberColumn
POINTS = {
    "run": "Run",
    "status": "Status",
    "reason": "Why no test",
    "images": NUMBER("Images"),
    "difference": NUMBER("Difference (points)", format="%+.2f", help="This run minus the first"),
    "low": NUMBER("95 % from", format="%+.2f"),
    "high": NUMBER("95 % to", format="%+.2f"),
    "only_first": NUMBER("Only first correct"),
    "only_this": NUMBER("Only this correct"),
    "p_value": NUMBER("p", format="%.3g"),
    "test": "McNemar's test",
    "seconds": NUMBER("Seconds", format="%.0f"),
}


def show_comparison(runs: Runs) -> None:
    """Figures, differing options and paired tests of two or more runs."""
    st.subheader("Compare runs")
    chosen = st.multiselect(
        "Runs; the first one is the reference",
        runs.table["run"].tolist(),
        key="runs_compare",
        bind="query-params",
        placeholder="two or more; selecting rows in the table adds them here",
    )
    if len(chosen) < 2:
        st.caption(
            "Choose two or more runs to see their differences, the options that differ, and "
            "paired tests."
        )
        return
    rows = runs.table.set_index("run", drop=False).loc[chosen]
    deltas = figure_deltas(rows)
    formats = {name: NUMBER(f"{name} (%)", format="%.2f") for name in deltas.columns}
    signs = {
        name: NUMBER(name, format="%+.2f") for name in deltas.columns if name.endswith("difference")
    }
    config = {**formats, **signs, **POINTS}
    show_table(deltas, "runs-figures", config)
    if image_sets(rows).nunique() > 1:
        st.warning(
            "These runs were not all evaluated on the same images, so their figures are not "
            "comparable."
        )
    records = read_records(runs, chosen)
    if len(records) < 2:
        return
    st.markdown("**Options that differ**")
    options = differing_options(records)
    if options.empty:
        st.caption("None: these runs have the same configuration.")
    else:
        show_table(options, "runs-options")
    st.markdown("**Paired test on the same images, last epoch**")
    tests = pair_tests(records)
    shown = tests.drop(columns="reason") if not tests["reason"].any() else tests
    show_table(shown, "runs-tests", POINTS, rows=tests)
    st.caption(
        "One run each: the test covers the choice of images, not of the seed. p-values are not "
        "corrected for multiple testing."
    )


def show_options(rows: pd.DataFrame) -> None:
    """The options that differ among the filtered runs, accuracy, and how much each explains."""
    st.subheader("Options and accuracy")
    finished = trained_here(rows)
    sets = image_sets(finished)
    if finished.empty:
        told = none_finished(rows, "None of these runs has finished.")
        st.info(f"{told} Accuracy is recorded at the end of a run.")
        return
    names = list(sets.value_counts().index)
    chosen = st.selectbox("Evaluated on", names, key="runs_tested", bind="query-params")
    axes = option_axes(finished[sets == chosen])
    names = [name for name in axes.columns if name not in ("run", ACCURACY)]
    if not names:
        st.info("These runs have the same options, so there is nothing to plot against accuracy.")
        return
    picked = st.multiselect(
        "Axes", names, default=names[:MAX_AXES], key="runs_axes", bind="query-params"
    )
    drawn = axes[["run", *picked, ACCURACY]]
    where = f"{len(drawn)} runs, evaluated on {chosen}."
    left, right = st.columns([3, 2])
    with left:
        figure = parallel_figure(drawn, ACCURACY)
        show_chart(figure, drawn, "runs-options-accuracy", caption=where)
        st.caption("A line is a run, from red (low accuracy) to blue (high).")
    found = option_importance(axes)
    if found.empty:
        return
    with right:
        show_chart(importance_figure(found), found, "runs-importance", caption=f"{where} {ABOUT}")
        st.caption(ABOUT)

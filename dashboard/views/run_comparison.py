"""Runs against each other: two or more side by side, and all options against accuracy."""

import pandas as pd
import streamlit as st

from dashboard.analysis.run_pairs import differing_options, figure_deltas, pair_tests
from dashboard.analysis.runs import ACCURACY, MOST_AXES, option_axes, trained_here
from dashboard.analysis.sets import image_sets
from dashboard.charts.runs import parallel_figure
from dashboard.data.names import Runs
from dashboard.views.run_detail import read_records
from dashboard.views.widgets import show_chart, show_download

NUMBER = st.column_config.NumberColumn
POINTS = {
    "run": "Run",
    "status": "Status",
    "reason": "Why there is no test",
    "images": NUMBER("Images"),
    "difference": NUMBER("Difference (points)", format="%+.2f", help="This run minus the first"),
    "low": NUMBER("95 % from", format="%+.2f"),
    "high": NUMBER("95 % to", format="%+.2f"),
    "only_first": NUMBER("Right in the first alone"),
    "only_this": NUMBER("Right in this alone"),
    "p_value": NUMBER("p", format="%.3g"),
    "test": "McNemar's test",
    "seconds": NUMBER("Seconds", format="%.0f"),
}


def show_comparison(runs: Runs) -> None:
    """Two or more runs: their figures, what differs between them, and paired tests."""
    st.subheader("Compare runs")
    chosen = st.multiselect(
        "Runs to compare with the first of them",
        runs.table["run"].tolist(),
        key="runs_compare",
        bind="query-params",
        placeholder="two or more; rows picked in the table come here",
    )
    if len(chosen) < 2:
        st.caption("Pick two or more runs: options that differ, differences, paired tests.")
        return
    rows = runs.table.set_index("run", drop=False).loc[chosen]
    deltas = figure_deltas(rows)
    formats = {name: NUMBER(f"{name} (%)", format="%.2f") for name in deltas.columns}
    signs = {
        name: NUMBER(name, format="%+.2f") for name in deltas.columns if name.endswith("difference")
    }
    config = {**formats, **signs, **POINTS}
    st.dataframe(deltas, hide_index=True, column_config=config, placeholder="-")
    show_download(deltas, "runs-figures")
    if image_sets(rows).nunique() > 1:
        st.warning(
            "These runs were not all tested on the same images: such figures do not compare."
        )
    records = read_records(runs, chosen)
    if len(records) < 2:
        return
    st.markdown("**Options that differ**")
    options = differing_options(records)
    if options.empty:
        st.caption("None: these runs have the same configuration.")
    else:
        st.dataframe(options, hide_index=True, height="content")
        show_download(options, "runs-options")
    st.markdown("**Paired on the same images, last epoch**")
    tests = pair_tests(records)
    shown = tests.drop(columns="reason") if not tests["reason"].any() else tests
    st.dataframe(shown, hide_index=True, column_config=POINTS, placeholder="-", height="content")
    show_download(tests, "runs-tests")
    st.caption(
        "One run each: the test knows the chance in the images, not that of another seed. "
        "p-values are not corrected for their number."
    )


def show_options(rows: pd.DataFrame) -> None:
    """Parallel coordinates: everything in which the filtered runs differ against accuracy."""
    st.subheader("Options and accuracy")
    finished = trained_here(rows)
    sets = image_sets(finished)
    if finished.empty:
        st.info("No finished run among these; accuracies are written when a run finishes.")
        return
    names = list(sets.value_counts().index)
    chosen = st.selectbox("Tested on", names, key="runs_tested", bind="query-params")
    axes = option_axes(finished[sets == chosen])
    names = [name for name in axes.columns if name not in ("run", ACCURACY)]
    if not names:
        st.info("These runs have the same options: nothing to lay against their accuracy.")
        return
    picked = st.multiselect(
        "Axes", names, default=names[:MOST_AXES], key="runs_axes", bind="query-params"
    )
    drawn = axes[["run", *picked, ACCURACY]]
    show_chart(parallel_figure(drawn, ACCURACY), drawn, "runs-options-accuracy")
    st.caption("Drag along an axis to keep the runs within a range; drag its name to move it.")

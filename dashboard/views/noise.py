"""Noise robustness: how much accuracy is left when a share of the training labels is wrong."""

import streamlit as st

from dashboard.charts.noise import noise_figure
from dashboard.comparison import comparisons, headline, noise_drawn, noise_points, noise_summary
from dashboard.show import show_chart, show_empty
from dashboard.source import load_runs

RULES = """
- **Accuracy** is the mean test accuracy of the last five epochs, never the best epoch: that one
  would be chosen on the test split.
- **A line** joins runs of one method, backbone, data set, image size, number of epochs and set of
  options. Runs that differ in any of these are never averaged.
- **Thick points** are means over seeds, with the 95 % interval of Student's t from two seeds on;
  **thin circles** are single seeds. A repeated seed counts once, the latest run of it.
- The headline pairs runs by seed: the same seed draws the same wrong labels for both methods.
"""

st.title("Noise robustness")
runs = load_runs()
points = noise_points(runs.table)
waiting = int((runs.table["status"] != "finished").sum())

if points.empty:
    show_empty("No finished run yet: this chart needs at least one. Train with label noise:")
else:
    options = comparisons(points)
    chosen = options[0]
    if len(options) > 1:
        chosen = st.selectbox("Comparable runs", options, key="compare", bind="query-params")
    else:
        st.caption(chosen)
    shown = points[points["comparison"] == chosen]
    summary = noise_summary(shown)
    st.markdown(f"#### {headline(shown)}")
    show_chart(noise_figure(shown, summary), noise_drawn(shown), "noise")
    st.dataframe(
        summary.drop(columns=["comparison", "half"]),
        hide_index=True,
        height="content",
        placeholder="-",
        column_config={
            "line": st.column_config.TextColumn("Method and backbone"),
            "noise_percent": st.column_config.NumberColumn("Noise (%)", format="%g"),
            "mean": st.column_config.NumberColumn("Accuracy (%)", format="%.1f"),
            "low": st.column_config.NumberColumn("95 % from", format="%.1f"),
            "high": st.column_config.NumberColumn("95 % to", format="%.1f"),
            "n": st.column_config.NumberColumn("Seeds"),
        },
    )
    with st.expander("How to read this"):
        st.markdown(RULES)

if waiting:
    st.caption(
        f"{waiting} run{' is' if waiting == 1 else 's are'} running or failed and left out here; "
        "the epochs so far stand under Training curves."
    )

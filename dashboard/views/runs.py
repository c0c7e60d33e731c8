"""Runs: every record as one row of a sortable table, and the records that cannot be read."""

import streamlit as st

from dashboard.show import show_download, show_empty
from dashboard.source import load_runs

NUMBER = st.column_config.NumberColumn
COLUMNS = {
    "status": "Status",
    "data": "Data",
    "method": "Method",
    "backbone": "Backbone",
    "noise": "Noise",
    "noise_percent": NUMBER("Noise (%)", format="%g"),
    "seed": "Seed",
    "accuracy_percent": NUMBER(
        "Accuracy (%)", format="%.2f", help="Mean test accuracy of the last five epochs"
    ),
    "class_mean_percent": NUMBER(
        "Class mean (%)", format="%.2f", help="Mean of the recalls of all classes, last five epochs"
    ),
    "best_percent": NUMBER(
        "Best, chosen on test (%)",
        format="%.2f",
        help="The best epoch, chosen on the test split: an upper bound, not a result",
    ),
    "best_epoch": NUMBER("Best epoch", format="%d"),
    "epochs_done": NUMBER("Epochs done"),
    "epochs_asked": NUMBER("Epochs asked"),
    "seconds": NUMBER("Seconds", format="%.0f"),
    "started": st.column_config.DatetimeColumn("Started (UTC)", format="YYYY-MM-DD HH:mm"),
    "run": "Folder",
    "source": "Source",
}

st.title("Runs")
loaded = load_runs()
for problem in loaded.problems:
    st.warning(f"Skipped: {problem}")

if loaded.table.empty:
    show_empty("No run record here yet. Each training run writes one:")
else:
    shown = loaded.table[list(COLUMNS)].sort_values("started", ascending=False)
    st.dataframe(shown, hide_index=True, column_config=COLUMNS, height="content", placeholder="-")
    show_download(shown, "runs")
    for row in loaded.table[loaded.table["status"] == "failed"].itertuples():
        st.error(f"{row.run} failed: {row.error or 'no reason given'}")

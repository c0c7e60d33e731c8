"""Data frames as tables of texts."""

from datetime import datetime

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.analysis.frame_text import frame_table
from fer_core.reporting.table_text import to_latex

COLUMNS = {
    "page": st.column_config.LinkColumn("Page"),
    "method": "Method",
    "mean": st.column_config.NumberColumn("Accuracy (%)", format="%.1f"),
    "gap": st.column_config.NumberColumn("Difference", format="%+.2f"),
    "started": st.column_config.DatetimeColumn("Started", format="YYYY"),
}
FRAME = pd.DataFrame(
    {
        "page": ["runs?run=a", "runs?run=b"],
        "method": ["EAC", None],
        "mean": [79.04, np.nan],
        "gap": [1.0, -2.5],
        "seeds": pd.Series([3, pd.NA], dtype="Int64"),
        "started": [datetime(2026, 1, 2, 3, 4), pd.NaT],
    }
)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_titles_and_formats_are_those_of_the_page_and_links_are_left_out():
    table = frame_table(FRAME, COLUMNS, "a caption")
    assert table.header == ("Method", "Accuracy (%)", "Difference", "seeds", "Started")
    assert texts(table)[0] == ["EAC", "79.0", "+1.00", "3", "2026-01-02 03:04"]
    assert table.caption == "a caption"


def test_what_is_missing_is_a_dash_and_leaves_its_column_numeric():
    table = frame_table(FRAME, COLUMNS)
    assert texts(table)[1] == ["-", "-", "-2.50", "-", "-"]
    assert table.numeric[:4] == (False, True, True, True)


def test_lists_in_a_cell_are_enumerated_and_an_empty_frame_keeps_its_titles():
    assert texts(frame_table(pd.DataFrame({"rates": [[0.1, 0.2]]}))) == [["0.1, 0.2"]]
    assert "Method" in to_latex(frame_table(FRAME.head(0), COLUMNS))

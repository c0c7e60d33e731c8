"""The tables of the page of published results: columns, links, and the highlight of EAC."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.analysis.published import COLUMNS

NUMBER = st.column_config.NumberColumn
LINK = st.column_config.LinkColumn
SHORT = 14  # rows that are shown without a scroll bar
HIGHLIGHT = "background-color: rgba(31, 131, 196, 0.28)"
SHOWN = {
    "rank": NUMBER(
        "Rank",
        help="Among results with the same data set, number of classes, noise, metric and training",
    ),
    "method": "Method",
    "options": st.column_config.TextColumn(
        "Options", width="medium", help="That tell it apart from the others on the same data"
    ),
    "value": NUMBER("Value (%)", format="%.2f"),
    "year": NUMBER("Year", format="%d"),
    "backbone": "Backbone",
    "pretraining": "Pre-training",
    "selection": "Model selection",
    "trust": "Trust level",
    "eval_split": st.column_config.TextColumn(
        "Split", help="Of our own figures; published ones are of the official test split"
    ),
    "half": NUMBER("95 % ± points", format="%.1f"),
    "seeds": "Seeds",
    "table_url": LINK("Read at", display_text="table", help="Where the figure was read"),
    "paper_url": LINK("Paper", display_text="paper"),
    "code_url": LINK("Code", display_text="code"),
    "doubt_url": LINK("Doubts", display_text="thread", help="Where users report different figures"),
    "params_m": NUMBER("Parameters (M)", format="%.1f"),
    "venue": "Venue",
    "source": "Source",
    "note": "Note",
    "setting": "Data",
    "noise_percent": NUMBER("Noise (%)", format="%g"),
    "noise_kind": "Noise",
    "trained_on": st.column_config.TextColumn("Trained on", help="If not on the same data set"),
    "image_size": NUMBER("Image (px)"),
    "epochs": "Epochs",
    "metric": "Metric",
}
GAPS = SHOWN | {
    "noise": "Noise",
    "verdict": "Comparable?",
    "gap": NUMBER("EAC minus method (points)", format="%+.2f"),
    "eac_value": NUMBER("EAC (%)", format="%.2f"),
    "in_hust_report": "EAC's figure in the HUST report",
    "eac_backbone": "EAC's backbone",
    "eac_pretraining": "EAC's pre-training",
    "eac_selection": "EAC's model selection",
    "eac_trust": "EAC's trust level",
    "eac_source": "EAC's source",
}
HUST_COLUMNS = [
    *("method", "value", "metric", "rank", "trust", "selection", "backbone", "pretraining"),
    *("table_url", "paper_url", "code_url", "params_m", "year", "venue", "source", "note"),
]
PLACED_COLUMNS = [*COLUMNS[:8], "options", "eval_split", "half", "seeds", *COLUMNS[8:]]
ALL_COLUMNS = ["setting", "noise_percent", "metric", "trained_on", *COLUMNS]


def titles(columns: Sequence[str]) -> dict[str, Any]:
    """Titles and formats of some columns, for `show_copy`."""
    return {column: SHOWN[column] for column in columns}


def show_results(rows: pd.DataFrame, columns: list[str]) -> None:
    """Results as a table, EAC highlighted.

    Args:
        rows: of `read_published`, and below them comparable ones of `measured_rows` and `own_rows`.
        columns: to show, of SHOWN.
    """
    eac = rows["method"].astype(str).str.startswith("EAC").to_numpy()
    shown = rows.reindex(columns=columns).reset_index(drop=True)
    st.dataframe(
        shown.style.apply(lambda _: np.where(eac, HIGHLIGHT, "").tolist()),
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
        height="content" if len(shown) < SHORT else 520,
    )

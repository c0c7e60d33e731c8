"""Tables of the pages: shown, copied as LaTeX, Markdown or CSV, and saved."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.analysis.frame_text import frame_table
from dashboard.data.csv_text import csv_text
from dashboard.views.downloads import quiet_popover, save_button
from fer_core.reporting.table_text import TABLE_FORMATS, TextTable

# By format: name of the language for colouring, suffix, type of the file.
TEXTS = {
    "LaTeX": ("latex", "tex", "application/x-tex"),
    "Markdown": ("markdown", "md", "text/markdown"),
    "CSV": (None, "csv", "text/csv"),
}
LONG = 100  # rows; longer tables are saved, not shown as text
SHORT = 14  # rows that are shown without a scroll bar
HEIGHT = 460  # pixels of longer tables


def show_table(
    shown: pd.DataFrame,
    name: str,
    columns: Mapping[str, Any] | None = None,
    *,
    rows: pd.DataFrame | None = None,
    caption: str = "",
) -> None:
    """A table with the button that copies it.

    Args:
        shown: the rows and columns of the table.
        name: file name of the downloads without their suffix, unique on the page.
        columns: Streamlit's column configuration.
        rows: of the CSV, if it has more columns than the table.
        caption: of the copied table: data, measure, seeds.
    """
    st.dataframe(
        shown,
        hide_index=True,
        column_config=columns,
        placeholder="-",
        height="content" if len(shown) < SHORT else HEIGHT,
    )
    _copy_box(shown, shown if rows is None else rows, name, columns or {}, caption)


def show_copy(
    frame: pd.DataFrame,
    name: str,
    columns: Mapping[str, Any] | None = None,
    caption: str = "",
    *,
    rows: pd.DataFrame | None = None,
) -> None:
    """The button below a table that offers it as LaTeX, Markdown and CSV, to copy or to save.

    Args:
        frame: the rows of the table, as shown or with more columns.
        name: file name of the downloads without their suffix, unique on the page.
        columns: Streamlit's column configuration: LaTeX and Markdown have its titles and formats,
            and leave out the columns that it does not name. The CSV has every column in full
            precision, under its own name.
        caption: what the table shows: data, measure, seeds.
        rows: of the CSV, if it has more columns than the table.
    """
    named = frame[[column for column in frame.columns if column in columns]] if columns else frame
    _copy_box(named, frame if rows is None else rows, name, columns or {}, caption)


def show_text_table(table: TextTable, drawn: pd.DataFrame, name: str) -> None:
    """The same for a table of texts with bold and marked cells.

    Args:
        table: as LaTeX and Markdown.
        drawn: the rows of the CSV.
        name: file name of the downloads without their suffix, unique on the page.
    """
    _copy_box(table, drawn, name, {}, "")


@st.fragment
def _copy_box(
    shown: pd.DataFrame | TextTable,
    rows: pd.DataFrame,
    name: str,
    columns: Mapping[str, Any],
    caption: str,
) -> None:
    """A fragment: opening it does not run the page again. The text is made when it is open."""
    if (box := quiet_popover("Copy table", f"copy-{name}", "content_copy")) is None:
        return
    with box:
        kind = st.segmented_control(
            "Format",
            list(TABLE_FORMATS),
            default="LaTeX",
            required=True,
            key=f"copy-format-{name}",
            label_visibility="collapsed",
        )
        language, suffix, mime = TEXTS[str(kind)]
        if kind == "CSV":
            text = csv_text(rows)
        else:
            is_frame = isinstance(shown, pd.DataFrame)
            table = frame_table(shown, columns, caption) if is_frame else shown
            text = TABLE_FORMATS[str(kind)](table)
        if len(rows) > LONG:
            st.caption(f"{len(rows):,} rows: too long to show here.")
        else:
            height = 320 if len(rows) > 8 else "content"
            st.code(text, language=language, height=height, width=560)
        save_button(f"Save as .{suffix}", text, f"{name}.{suffix}", mime, f"copy-save-{name}")

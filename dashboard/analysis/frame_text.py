"""A data frame as a table of texts, with the titles and number formats of its page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from fer_core.reporting.table_text import TextTable, text_table

NO_VALUE = "-"  # as on the pages
NOT_TEXT = ("link", "line_chart", "bar_chart", "area_chart", "image")  # types of columns


def frame_table(
    frame: pd.DataFrame, columns: Mapping[str, Any] | None = None, caption: str = ""
) -> TextTable:
    """The rows of a frame as they are shown: titles, formats, and a dash for what is missing.

    Args:
        frame: any; its index is left out. Columns of links, sparklines and images are left out.
        columns: Streamlit's column configuration: by column, its title, or its title and format.
        caption: what the table shows.
    """
    chosen = columns or {}
    shown = [str(name) for name in frame.columns if _type(chosen.get(str(name))) not in NOT_TEXT]
    header = [_title(name, chosen.get(name)) for name in shown]
    values = [
        [_text(value, _format(chosen.get(name))) for value in frame[name].tolist()]
        for name in shown
    ]
    return text_table(header, list(zip(*values, strict=True)), caption)


def _title(name: str, column: Any) -> str:  # noqa: ANN401 - Streamlit's configuration
    label = column.get("label") if isinstance(column, Mapping) else column
    return str(label or name)


def _settings(column: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return (column.get("type_config") or {}) if isinstance(column, Mapping) else {}


def _type(column: Any) -> str:  # noqa: ANN401
    return str(_settings(column).get("type") or "")


def _format(column: Any) -> str:  # noqa: ANN401
    form = str(_settings(column).get("format") or "")
    return form if form.startswith("%") else ""  # others are those of dates


def _text(value: object, form: str) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(one, form) for one in value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return NO_VALUE
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool | str):
        return str(value)
    if form:
        return form % value
    return f"{value:g}" if isinstance(value, float) else str(value)

"""A block of the report: a heading with a sentence, a chart, a table or an image."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from pandas.api.types import is_float_dtype

from dashboard.analysis.frame_text import frame_table
from fer_core.reporting.table_text import TextTable


class Part(NamedTuple):
    """One block of a page.

    Attributes:
        heading: above the block; distinguishes charts with the same title.
        text: a sentence, or empty.
        figure: a chart, or None.
        table: rows to read; with a chart or image, its data.
        image: a PNG file, or empty.
        columns: of the table: title, or `number`; other columns are named after themselves.
        wide: whether a chart has the width of the page, not of half of it.
        folded: whether the table is shown once it is asked for, and not printed.
        half: whether half of the width of a page is right on paper; charts have a third of it
            otherwise.
        screen: whether the block is of use on a screen alone, and not printed.
        whole: whether paper has all rows of the table, however many.
    """

    heading: str
    text: str = ""
    figure: go.Figure | None = None
    table: pd.DataFrame | TextTable | None = None
    image: bytes = b""
    columns: Mapping[str, Any] = {}
    wide: bool = False
    folded: bool = False
    half: bool = False
    screen: bool = False
    whole: bool = False


def number(title: str, decimals: int) -> dict[str, Any]:
    """Title and decimals of a column, as `frame_table` takes them."""
    return {"label": title, "type_config": {"format": f"%.{decimals}f"}}


def part_table(part: Part) -> TextTable | None:
    """The table of a block as texts; None where it has none."""
    if part.table is None or isinstance(part.table, TextTable):
        return part.table
    named = {str(name): _default(part.table[name]) for name in part.table.columns}
    return frame_table(part.table, {**named, **part.columns}, part.heading)


def _default(values: pd.Series) -> dict[str, Any]:
    title = str(values.name).replace("_percent", " (%)").replace("_", " ")
    four = {"format": "%.4g"} if is_float_dtype(values) else {}
    return {"label": title[:1].upper() + title[1:], "type_config": four}

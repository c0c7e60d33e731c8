"""Widgets shared by the pages: a chart with its downloads, and the empty state."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from zlib import crc32

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.style import PAPER_FORMATS, PAPER_WIDTHS
from dashboard.data.csv_text import csv_text
from dashboard.views.downloads import quiet_popover, save_button

TRAIN_COMMAND = "fer-core train --method eac --noise symmetric --noise-rate 0.3"
HELP_COMMAND = "fer-core train --help"
# Shown always, since phones cannot hover. Dragging zooms and a double click resets.
BUTTONS = {"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["resetScale2d"]]}
FIGURES_COMMAND = "pip install 'fer-core[figures]'"
ON_WHITE = "#555B66"  # text of charts
CHIP_INK = "#0B0D12"  # text of chosen values in the dark theme, whose ground is light
ABOVE = "3rem"  # the title has its own space above
LONGEST_NAME = 90  # letters of a file name


def mend_theme() -> None:
    """Less empty space above a page, and legible chosen values in the dark theme.

    Streamlit leaves 96 pixels above, of which its header needs 60, and writes white on light blue.
    """
    st.html(f"<style>.stMainBlockContainer {{ padding-top: {ABOVE}; }}</style>")
    if st.context.theme.type == "dark":
        st.html(f"<style>[data-tag], [data-tag] * {{ color: {CHIP_INK} !important; }}</style>")


def show_chart(
    figure: go.Figure,
    drawn: pd.DataFrame | None,
    name: str,
    *,
    selection: Sequence[str] = (),
    caption: str = "",
    alt: str = "",
) -> None:
    """A chart; below it the figure for a paper, and the download of the data it draws.

    Args:
        figure: the chart.
        drawn: the rows that it draws; None: they are offered elsewhere.
        name: of the chart, unique on the page.
        selection: what the visitor chose, for the names of the files.
        caption: a line below the saved figure: data, split, noise, n, measure.
        alt: what screen readers say; by default the title.
    """
    title = str(figure.layout.title.text)  # pyright: ignore[reportAttributeAccessIssue]
    _darken_axes(figure)
    st.plotly_chart(figure, key=f"chart-{name}", config=BUTTONS, alt=alt or title)
    stem = file_stem(name, selection)
    with st.container(horizontal=True):
        if drawn is not None:
            show_download(drawn, name, stem=stem)
        _save_box(figure, name, stem, caption)


def show_linked(figure: go.Figure, drawn: pd.DataFrame, name: str) -> None:
    """Charts on one horizontal axis, so that zoom and hover are those of all of them.

    Args:
        figure: of `linked_figure`.
        drawn: the rows that it draws.
        name: of the chart, unique on the page.
    """
    _darken_axes(figure)
    st.plotly_chart(figure, key=f"chart-{name}", config=BUTTONS, alt="Linked charts")
    with st.container(horizontal=True):
        show_download(drawn, name)
    st.caption("To save a figure for a paper, switch *Linked* off.")


def _darken_axes(figure: go.Figure) -> None:
    """Axes that are legible on white: Streamlit's grey has a contrast of 3.9, 4.5 is needed."""
    if st.context.theme.type == "light":
        figure.update_layout(font_color=ON_WHITE)
        for update in figure.update_xaxes, figure.update_yaxes:
            update(tickfont_color=ON_WHITE, title_font_color=ON_WHITE)


def file_stem(name: str, selection: Sequence[str] = ()) -> str:
    """File name of a chart without its suffix: its name and what was chosen.

    Letters of any language are kept; everything else becomes a hyphen.
    """
    words = re.sub(r"[^\w.]+", "-", " ".join([name, *selection]).casefold())
    return words.strip("-.")[:LONGEST_NAME].rstrip("-.")


@st.fragment
def _save_box(figure: go.Figure, name: str, stem: str, caption: str) -> None:
    """A fragment: opening it does not run the page again. The file is made when it is saved."""
    if (box := quiet_popover("Save figure", f"save-{name}", "image")) is None:
        return
    with box:
        if find_spec("matplotlib") is None:
            st.info("Figures for papers are drawn by matplotlib, which is not installed here:")
            st.code(FIGURES_COMMAND, language="bash")
            return
        kinds, key = list(PAPER_FORMATS), f"save-format-{name}"
        kind = str(st.segmented_control("Format", kinds, default="PDF", required=True, key=key))
        widths = list(PAPER_WIDTHS)
        width = st.segmented_control(
            "Width", widths, default=widths[0], required=True, key=f"save-width-{name}"
        )
        # Another caption is another widget; one with the same key would keep its first text.
        field = f"save-caption-{name}-{crc32(caption.encode())}"
        words = st.text_area("Caption", caption, key=field)
        inches = PAPER_WIDTHS[str(width)]

        def draw() -> bytes:
            from dashboard.charts.paper import paper_figure  # imports matplotlib

            return paper_figure(figure, kind, inches, words)

        file_name = f"{stem}-{inches:g}in.{kind.lower()}"
        save_button(f"Save {kind}", draw, file_name, PAPER_FORMATS[kind], f"save-file-{name}")


def show_download(
    drawn: pd.DataFrame, name: str, label: str = "Download CSV", *, stem: str = ""
) -> None:
    """The button that saves rows as CSV, under the name or another stem of the file.

    The text is made when it is saved: a browser would read all of them with the page.
    """
    file_name = f"{stem or name}.csv"
    save_button(label, lambda: csv_text(drawn).encode(), file_name, "text/csv", f"csv-{name}")


def show_empty(sentence: str, commands: str = f"{TRAIN_COMMAND}\n{HELP_COMMAND}") -> None:
    """An empty state: what is missing, and the commands that fill it."""
    st.info(sentence)
    st.code(commands, language="bash")

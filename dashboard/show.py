"""Pieces that every page shows alike: a chart with its download, and the empty states."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

TRAIN_COMMAND = "python -m train.run --method eac --noise symmetric --noise-rate 0.3"
HELP_COMMAND = "python -m train.run --help"
BUTTONS = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def show_chart(figure: go.Figure, drawn: pd.DataFrame, name: str) -> None:
    """A chart and, below it, the download of exactly what it draws.

    Args:
        figure: the chart.
        drawn: the rows that it draws.
        name: file name of the download without its suffix, unique on the page.
    """
    title = str(figure.layout.title.text)  # pyright: ignore[reportAttributeAccessIssue]
    st.plotly_chart(figure, key=f"chart-{name}", config=BUTTONS, alt=title)
    show_download(drawn, name)


def show_download(drawn: pd.DataFrame, name: str) -> None:
    """The button that saves a table as CSV."""
    st.download_button(
        "Download CSV",
        drawn.to_csv(index=False),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",
        type="tertiary",
    )


def show_empty(sentence: str) -> None:
    """An empty state: what is missing, and the commands that fill it."""
    st.info(sentence)
    st.code(f"{TRAIN_COMMAND}\n{HELP_COMMAND}", language="bash")

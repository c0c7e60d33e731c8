"""Pieces that every page shows alike: a chart with its downloads, and the empty states."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

TRAIN_COMMAND = "fer-core train --method eac --noise symmetric --noise-rate 0.3"
HELP_COMMAND = "fer-core train --help"
BUTTONS = {
    "displaylogo": False,
    # Always shown: a button that appears on hovering is none on a telephone. A drag zooms and a
    # double click leads back, so that these few leave room for the title.
    "displayModeBar": True,
    "modeBarButtons": [["toImage", "resetScale2d"]],
}
PICTURES = ("PNG", "SVG")
PICTURE_SCALE = 2  # of a PNG's sides, so that it is sharp in print


def show_picture_format() -> None:
    """The sidebar's choice of the format in which charts are saved."""
    with st.sidebar:
        st.segmented_control(
            "Charts saved as",
            PICTURES,
            default=PICTURES[0],
            required=True,
            key="picture",
            bind="query-params",
            help="Each chart is saved by the camera at its upper right corner; its data by the "
            "button below it.",
        )


def show_chart(figure: go.Figure, drawn: pd.DataFrame, name: str) -> None:
    """A chart with its picture, and below it the download of exactly what it draws.

    Args:
        figure: the chart.
        drawn: the rows that it draws.
        name: file name of the downloads without their suffix, unique on the page.
    """
    title = str(figure.layout.title.text)  # pyright: ignore[reportAttributeAccessIssue]
    st.plotly_chart(figure, key=f"chart-{name}", config=chart_buttons(name), alt=title)
    show_download(drawn, name)


def chart_buttons(name: str) -> dict[str, object]:
    """Plotly's buttons of a chart; the camera saves the chosen format under the chart's name."""
    chosen = str(st.session_state.get("picture") or PICTURES[0]).lower()
    picture = {"format": chosen, "filename": name, "scale": PICTURE_SCALE}
    return {**BUTTONS, "toImageButtonOptions": picture}


def show_download(drawn: pd.DataFrame, name: str, label: str = "Download CSV") -> None:
    """The button that saves a table as CSV."""
    st.download_button(
        label,
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

"""Widgets shared by the pages: a chart with its downloads, and the empty state."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

TRAIN_COMMAND = "fer-core train --method eac --noise symmetric --noise-rate 0.3"
HELP_COMMAND = "fer-core train --help"
BUTTONS = {
    "displaylogo": False,
    # Always shown, since phones cannot hover. Dragging zooms and a double click resets, so these
    # two
    # are enough and leave room for the title.
    "displayModeBar": True,
    "modeBarButtons": [["toImage", "resetScale2d"]],
}
IMAGE_FORMATS = ("PNG", "SVG")
IMAGE_SCALE = 2  # factor of width and height, for sharp prints


def show_image_format() -> None:
    """The choice of the image format of saved charts, in the sidebar."""
    with st.sidebar:
        st.segmented_control(
            "Charts saved as",
            IMAGE_FORMATS,
            default=IMAGE_FORMATS[0],
            required=True,
            key="picture",
            bind="query-params",
            help="The camera at the top right of a chart saves it as an image; the button below it "
            "saves its data.",
        )


def show_chart(figure: go.Figure, drawn: pd.DataFrame, name: str) -> None:
    """A chart that can be saved as an image, and below it the download of the data it draws.

    Args:
        figure: the chart.
        drawn: the rows that it draws.
        name: file name of the downloads without their suffix, unique on the page.
    """
    title = str(figure.layout.title.text)  # pyright: ignore[reportAttributeAccessIssue]
    st.plotly_chart(figure, key=f"chart-{name}", config=chart_buttons(name), alt=title)
    show_download(drawn, name)


def chart_buttons(name: str) -> dict[str, object]:
    """Plotly's buttons of a chart; the camera saves it in the chosen format."""
    chosen = str(st.session_state.get("picture") or IMAGE_FORMATS[0]).lower()
    image = {"format": chosen, "filename": name, "scale": IMAGE_SCALE}
    return {**BUTTONS, "toImageButtonOptions": image}


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


def show_empty(sentence: str, commands: str = f"{TRAIN_COMMAND}\n{HELP_COMMAND}") -> None:
    """An empty state: what is missing, and the commands that fill it."""
    st.info(sentence)
    st.code(commands, language="bash")

"""The quiet row below charts and tables: popovers and buttons that save files."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def quiet_popover(label: str, key: str, icon: str) -> DeltaGenerator | None:
    """The content of a popover; None while it is closed, so that it is made when it is needed.

    Call it in a fragment: opening it then does not run the page again.

    Args:
        label: of its button.
        key: unique on the page.
        icon: name of a Material symbol.
    """
    box = st.popover(label, key=key, on_change="rerun", type="tertiary", icon=f":material/{icon}:")
    return box if box.open else None


def quiet_expander(label: str, key: str) -> DeltaGenerator | None:
    """The content of an expander; None while it is closed, as `quiet_popover`.

    Args:
        label: of its head.
        key: unique on the page.
    """
    box = st.expander(label, key=key, on_change="rerun")
    return box if box.open else None


def save_button(
    label: str, content: str | bytes | Callable[[], bytes], file_name: str, mime: str, key: str
) -> None:
    """A quiet button that saves a file and does not run the page again.

    Args:
        label: of the button.
        content: of the file, or what makes it once it is saved.
        file_name: with its suffix.
        mime: type of the file.
        key: unique on the page.
    """
    st.download_button(
        label,
        content,
        file_name=file_name,
        mime=mime,
        key=key,
        on_click="ignore",
        type="tertiary",
    )

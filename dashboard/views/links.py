"""Links to the pages: what they name by a name that it had in an earlier version."""

from collections.abc import Mapping

import streamlit as st


def rename_in_link(key: str, renamed: Mapping[str, str]) -> None:
    """Give what the link of this page chooses by a former name its name of today.

    Called before the widget that is bound to the query parameter. The page starts again when
    something was renamed: a widget reads the link as it was when the page started.

    Args:
        key: of the query parameter, and of the widget.
        renamed: former name -> name.
    """
    values = st.query_params.get_all(key)
    if any(value in renamed for value in values):
        st.query_params[key] = [renamed.get(value, value) for value in values]
        st.rerun()

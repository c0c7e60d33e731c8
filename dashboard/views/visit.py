"""Where the visitor of this page sits."""

import streamlit as st

from dashboard.analysis import map_choices


def at_home() -> bool:
    """Whether the visitor sits at this computer, and the sources are not fixed for strangers."""
    return map_choices.may_name_folders(st.context.ip_address, st.context.headers)

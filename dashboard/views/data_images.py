"""The listed data sets of this computer, which pages share."""

import streamlit as st

from dashboard.data.raters import EvalImages, read_eval_images


@st.cache_resource(show_spinner="Listing the data set", max_entries=2)
def list_images(uri: str) -> EvalImages:
    """`read_eval_images`, shared, so read only."""
    return read_eval_images(uri)

"""Results of a visitor on the page of published results: a file, a form, and where they stand."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.analysis.placed import comparable_own, own_rows, place_sentence
from dashboard.data.own_results import (
    EXAMPLE,
    OWN_FILE,
    REQUIRED,
    SPLITS,
    OwnResultsError,
    own_csv,
    own_frame,
    own_row,
    read_own_file,
    read_own_results,
)
from dashboard.data.sources import is_fixed
from dashboard.views.downloads import save_button

ADDED = "own_results"  # in the session: rows of the form


def find_own() -> pd.DataFrame:
    """Rows of `own_rows`: of ``my_results.csv``, of an uploaded file, and of the form."""
    parts = []
    upload = st.session_state.get("own_file")
    name = upload.name if upload is not None else ""
    try:
        if not is_fixed():
            parts.append(read_own_file())
        if upload is not None:
            parts.append(read_own_results(upload.getvalue().decode("utf-8-sig"), name))
    except UnicodeDecodeError:
        st.error(f"{name} is not a text file in UTF-8.")
    except OwnResultsError as error:
        st.error(f"{error}.")
    parts.append(own_frame(st.session_state.get(ADDED, [])))
    filled = [part for part in parts if not part.empty]
    return own_rows(pd.concat(filled, ignore_index=True) if filled else own_frame([]))


def show_places(own: pd.DataFrame, group: pd.DataFrame) -> None:
    """Where the comparable results stand among the published ones."""
    for _, one in comparable_own(own, group).iterrows():
        st.markdown(place_sentence(one, group))


def show_own(own: pd.DataFrame, group: pd.DataFrame) -> None:
    """The form and the file, below the table.

    Args:
        own: of `find_own`.
        group: the published results that are shown; the form starts from their conditions.
    """
    with st.expander(f"Your own results ({len(own)})"):
        st.markdown(
            f"They stay in this session. A file `{OWN_FILE}` in the working directory of the "
            "dashboard is read at every visit; it needs the columns "
            f"{', '.join(f'`{name}`' for name in REQUIRED)} and may have the others of the "
            "published table, and `eval_split` (`test` or `val`)."
        )
        st.file_uploader("A file of results", type="csv", key="own_file")
        _show_form(group)
        if own.empty:
            st.text(EXAMPLE)
            return
        text = own_csv(own[own_frame([]).columns])
        save_button(f"Save as {OWN_FILE}", text, str(OWN_FILE), "text/csv", "own-save")


def _show_form(group: pd.DataFrame) -> None:
    """The fields of one result; the conditions are those of the table above."""
    first = group.iloc[0]
    with st.form("own_form", clear_on_submit=True, border=True):
        st.caption(
            f"A result on {first['setting']}, {first['noise_percent']:g} % noisy labels, "
            f"{first['metric']}, like the table above."
        )
        left, middle, right = st.columns(3)
        method = left.text_input("Method")
        value = middle.number_input("Value (%)", 0.0, 100.0, step=0.1, format="%.2f")
        split = right.selectbox("Evaluated on", SPLITS)
        backbone = left.text_input("Backbone")
        pretraining = middle.text_input("Pre-training")
        selection = right.text_input("Model selection")
        year = left.number_input("Year", 1990, 2100, int(pd.Timestamp.now().year))
        added = st.form_submit_button("Add")
    if not added:
        return
    columns = ("dataset", "classes", "noise_rate", "noise_kind", "metric", "trained_on")
    stated: dict[str, Any] = {name: first[name] for name in columns if pd.notna(first[name])}
    own = {"method": method, "value": value, "year": year, "eval_split": split}
    facts = {"backbone": backbone, "pretraining": pretraining, "selection": selection}
    try:
        row = own_row({**stated, **own, **facts}, "the form")
    except OwnResultsError as error:
        st.error(f"{error}.")
        return
    st.session_state[ADDED] = [*st.session_state.get(ADDED, []), row]
    st.rerun()

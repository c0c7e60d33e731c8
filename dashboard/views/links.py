"""Links to the pages: values that had another name in an earlier version are translated."""

import re
from collections.abc import Mapping

import streamlit as st

FORMER_FACES = {"drawn faces": "synthetic faces", "a folder of pictures": "a folder of images"}
FORMER_MAPS = {"its answer": "predicted class"}
_FORMER_BASELINE = re.compile(r"^plain(?= |$)")  # of a method's name, alone or before details


def rename_in_link(key: str, renamed: Mapping[str, str]) -> None:
    """Replace former names in a query parameter by the present ones.

    Call it before the widget that is bound to the query parameter. The page is run again if
    something was renamed, since a widget reads the link as it was when the page started.

    Args:
        key: of the query parameter, and of the widget.
        renamed: former name -> present name.
    """
    values = st.query_params.get_all(key)
    if any(value in renamed for value in values):
        st.query_params[key] = [renamed.get(value, value) for value in values]
        st.rerun()


def rename_methods_in_link(key: str) -> None:
    """Replace the former name of the baseline in a query parameter, as `rename_in_link` does.

    Args:
        key: of a query parameter that names methods, or runs by their method and other facts.
    """
    values = st.query_params.get_all(key)
    present = {value: _FORMER_BASELINE.sub("baseline", value) for value in values}
    rename_in_link(key, {old: new for old, new in present.items() if new != old})


def rename_faces_in_link(key: str, names: list[str]) -> None:
    """Replace former names of synthetic faces in a query parameter, as `rename_in_link` does.

    Args:
        key: of the query parameter.
        names: present names of the faces.
    """
    former = {name.replace("synthetic ", "drawn ", 1): name for name in names}
    rename_in_link(key, {old: name for old, name in former.items() if old not in names})

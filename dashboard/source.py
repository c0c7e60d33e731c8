"""Where the page's records come from: the sidebar field, and the cached reading."""

import os
from pathlib import Path

import streamlit as st

from dashboard.data import SHIPPED_RESULTS, Runs, choose_folders, fingerprint, read_folders

Fingerprint = tuple[tuple[str, int, int], ...]


def load_runs() -> Runs:
    """The records of the chosen folders; read again when a file in them has changed."""
    folders = choose_folders(_asked())
    return _read(tuple(folders), fingerprint(folders))


def show_source() -> None:
    """The sidebar: which folder is read, and how much stands in it."""
    with st.sidebar:
        if not os.environ.get("FER_RUNS", "").strip():
            st.text_input(
                "Folder of run records",
                key="runs",
                bind="query-params",
                placeholder="shipped results and ./runs",
                help="A folder on the computer that runs this dashboard. Empty: the results that "
                "come with the project, and `runs/` in the working directory.",
            )
        loaded = load_runs()
        st.caption(_count_text(loaded))
        for folder in choose_folders(_asked()):
            if not folder.is_dir() and folder != SHIPPED_RESULTS:
                st.warning(f"There is no folder `{folder}`.")


def _asked() -> str:
    return str(st.session_state.get("runs") or "")


@st.cache_data(show_spinner="Reading run records", max_entries=4)
def _read(folders: tuple[Path, ...], state: Fingerprint) -> Runs:
    """Read the folders; ``state`` is there for the cache's key."""
    return read_folders(folders)


def _count_text(loaded: Runs) -> str:
    count, unread = len(loaded.table), len(loaded.problems)
    text = f"{count} run{'' if count == 1 else 's'}"
    running = int((loaded.table["status"] == "running").sum())
    if running:
        text += f", {running} still running"
    return text + (f", {unread} unreadable (see Runs)" if unread else "")

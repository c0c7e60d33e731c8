"""Where the page's records come from: the sidebar field, the cached reading, the watch on files."""

import time
from datetime import timedelta

import streamlit as st

from dashboard.data import hub as hub_source
from dashboard.data.cache import Reader, scan
from dashboard.data.names import Runs
from dashboard.data.sources import HELP, Place, choose_places, find_places, is_fixed

LOOK_EVERY = timedelta(seconds=10)
HUB_EVERY = timedelta(minutes=10)  # how often the Hub is asked whether there is something new


def load_runs() -> Runs:
    """The records of the chosen places; read again where a file has changed. Shared: read only."""
    places, _ = _found()
    return _reader().read(places)


def show_source() -> None:
    """The sidebar: which places are read, and how much stands in them."""
    with st.sidebar:
        if not is_fixed():
            st.text_input(
                "Run records from",
                key="runs",
                bind="query-params",
                placeholder="shipped results and ./runs",
                help=HELP,
            )
        places, problems = _found()
        loaded = _reader().read(places)
        st.caption(_count_text(loaded))
        for problem in problems:
            st.warning(problem)
        _watch(places, loaded.fingerprint, time.monotonic())


@st.fragment(run_every=LOOK_EVERY)
def _watch(places: list[Place], shown: str, drawn: float) -> None:
    """Draw the page anew when a run has written something since it was drawn (a monotonic time)."""
    just_drawn = time.monotonic() - drawn < LOOK_EVERY.total_seconds() / 2
    if not just_drawn and scan(places).fingerprint != shown:
        st.rerun()


def _found() -> tuple[list[Place], list[str]]:
    asked = str(st.session_state.get("runs") or "")
    return find_places(choose_places(asked), _fetch)


def _fetch(address: str) -> hub_source.Fetched:
    found = _ask_hub(address)
    if isinstance(found, str):
        raise hub_source.HubSourceError(found)
    return found


@st.cache_data(ttl=HUB_EVERY, max_entries=32, show_spinner="Downloading run records")
def _ask_hub(address: str) -> hub_source.Fetched | str:
    """What the Hub has, or the sentence that says why not: that is remembered as well."""
    try:
        return hub_source.fetch(address)
    except hub_source.HubSourceError as error:
        return str(error)


@st.cache_resource(show_spinner=False)
def _reader() -> Reader:
    return Reader()


def _count_text(loaded: Runs) -> str:
    count, unread = len(loaded.table), len(loaded.problems)
    text = f"{count} run{'' if count == 1 else 's'}"
    running = int((loaded.table["status"] == "running").sum())
    if running:
        text += f", {running} still running"
    return text + (f", {unread} unreadable (see Runs)" if unread else "")

"""The sidebar: sources of run records, cached reading, and reruns when a file changes."""

import time
from datetime import timedelta

import streamlit as st

from dashboard.data import hub as hub_source
from dashboard.data.cache import Reader, scan
from dashboard.data.names import Runs
from dashboard.data.sources import HELP, RecordSource, is_fixed, resolve_sources, source_names
from dashboard.views.foreign_text import foreign
from dashboard.views.liveness import progress_now, sidebar_notes
from fer_core.io.wording import counted

CHECK_EVERY = timedelta(seconds=10)
HUB_EVERY = timedelta(minutes=10)  # how often the Hub is asked for changes


def load_runs() -> Runs:
    """The records of the chosen sources, read again after changes. Shared, so read only."""
    sources, _ = _found()
    return _reader().read(sources)


def chosen_sources() -> list[RecordSource]:
    """The sources that the visitor or FER_RUNS has chosen."""
    return _found()[0]


def show_source() -> None:
    """The field for the sources, and how many runs were found."""
    with st.sidebar:
        if not is_fixed():
            st.text_input(
                "Run records from",
                key="runs",
                bind="query-params",
                placeholder="shipped results and ./runs",
                help=HELP,
            )
        sources, problems = _found()
        loaded = _reader().read(sources)
        st.caption(_count_text(loaded))
        now = progress_now(loaded)
        for note in sidebar_notes(loaded, now):
            st.warning(note)
        for problem in problems:
            st.warning(foreign(problem))
        silent = {one.run for one in now if one.stalled}
        _watch(sources, loaded, _asked_names(), silent, time.monotonic())


@st.fragment(run_every=CHECK_EVERY)
def _watch(
    sources: list[RecordSource], loaded: Runs, names: list[str], silent: set[str], drawn: float
) -> None:
    """Run the page again if there is something new since it was drawn (a monotonic time).

    New are a changed record, a source that has appeared (the first run of a new user makes the
    folder ``runs``), and a run that has fallen silent.
    """
    if time.monotonic() - drawn < CHECK_EVERY.total_seconds() / 2:
        return
    if _asked_names() != names or scan(sources).fingerprint != loaded.fingerprint:
        st.rerun()
    if {one.run for one in progress_now(loaded) if one.stalled} != silent:
        st.rerun()


def _asked_names() -> list[str]:
    return source_names(str(st.session_state.get("runs") or ""))


def _found() -> tuple[list[RecordSource], list[str]]:
    return resolve_sources(_asked_names(), _fetch)


def _fetch(address: str) -> hub_source.Fetched:
    found = _ask_hub(address)
    if isinstance(found, str):
        raise hub_source.HubSourceError(found)
    return found


@st.cache_data(ttl=HUB_EVERY, max_entries=32, show_spinner="Downloading run records")
def _ask_hub(address: str) -> hub_source.Fetched | str:
    """The download, or the error as a sentence, which is cached as well."""
    try:
        return hub_source.fetch(address)
    except hub_source.HubSourceError as error:
        return str(error)


@st.cache_resource(show_spinner=False)
def _reader() -> Reader:
    return Reader()


def _count_text(loaded: Runs) -> str:
    count, unread = len(loaded.table), len(loaded.problems)
    text = counted(count, "run")
    running = int((loaded.table["status"] == "running").sum())
    if running:
        text += f", {running} still running"
    return text + (f", {unread} unreadable (see Runs)" if unread else "")

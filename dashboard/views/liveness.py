"""Running runs in the sidebar and on the Runs page: progress, silence, and curves gone wrong."""

import shlex
import time
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.analysis.progress import Progress, duration, running, troubles
from dashboard.data.names import Runs
from dashboard.views.foreign_text import foreign, foreign_code
from fer_core.io.wording import counted
from fer_core.records.run import EPOCHS_FILE, RUN_FILE

MOST = 5  # warnings of one kind


def progress_now(runs: Runs) -> list[Progress]:
    """The running runs as they are now."""
    return running(runs.table, runs.epochs, _signs(runs), time.time())


@st.cache_data(show_spinner=False, max_entries=4)
def find_troubles(_runs: Runs, fingerprint: str) -> dict[str, str]:
    """`troubles` of the runs; ``fingerprint`` is only a key of the cache."""
    return troubles(_runs.table, _runs.epochs)


def show_liveness(runs: Runs) -> None:
    """What a visitor should know of running runs and of curves that went wrong."""
    now = progress_now(runs)
    silent = [one for one in now if one.stalled]
    for one in silent[:MOST]:
        known = one.epoch_seconds == one.epoch_seconds
        usual = f" (an epoch takes {duration(one.epoch_seconds)})" if known else ""
        st.warning(
            f"`{foreign_code(one.run)}`: no progress for {duration(one.silent_seconds)}{usual}, "
            f"after {one.done} of {counted(one.asked, 'epoch')}. If it was killed, resume it with:"
        )
        st.code(
            f"fer-core train --resume {shlex.quote(str(runs.folders[one.run]))}", language="bash"
        )
    if len(silent) > MOST:
        more = counted(len(silent) - MOST, "more run has", "more runs have")
        st.caption(f"{more} no recent progress: see *Status* in the table.")
    going = [one for one in now if not one.stalled]
    if going:
        texts = [foreign(f"{one.run}: {one.text}") for one in going[:MOST]]
        more = f", and {len(going) - MOST} more" if len(going) > MOST else ""
        st.caption(f"Running: {'; '.join(texts)}{more}")
    wrong = find_troubles(runs, runs.fingerprint)
    for run, what in list(wrong.items())[:MOST]:
        st.warning(f"`{foreign_code(run)}`: {what}.")
    if len(wrong) > MOST:
        more = counted(len(wrong) - MOST, "more run has", "more runs have")
        st.caption(f"{more} such curves.")


def sidebar_notes(runs: Runs, now: list[Progress]) -> list[str]:
    """Short warnings for the sidebar of every page."""
    silent = sum(one.stalled for one in now)
    notes = [f"{silent} running without recent progress (see Runs)"] if silent else []
    if wrong := len(find_troubles(runs, runs.fingerprint)):
        notes.append(f"{wrong} with a non-finite loss or a single predicted class (see Runs)")
    return notes


def with_progress(rows: pd.DataFrame, runs: Runs) -> pd.DataFrame:
    """The rows of a table of runs with progress in place of the status ``running``."""
    texts = {one.run: f"running: {one.text}" for one in progress_now(runs)}
    wrong = find_troubles(runs, runs.fingerprint)
    status = [
        texts.get(str(run), str(status)) + (" (see above)" if run in wrong else "")
        for run, status in zip(rows["run"], rows["status"], strict=True)
    ]
    return rows.assign(status=status)


def _signs(runs: Runs) -> dict[str, float]:
    """By running run, when its record was last written; of downloaded records nobody knows."""
    found = {}
    for run in runs.table.loc[runs.table["status"] == "running", "run"]:
        if not runs.sources[run].link:
            times = [_written(runs.folders[run] / name) for name in (RUN_FILE, EPOCHS_FILE)]
            found[str(run)] = max(times)
    return found


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # not written yet, or deleted meanwhile
        return 0.0

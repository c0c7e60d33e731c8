"""Organising runs: tags, archive, rename, delete, and runs of other programs.

Only for a visitor at the computer itself, and never where FER_RUNS fixes the sources.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st

from dashboard.data.imports import FOLDER, import_runs
from dashboard.data.names import LOCAL_RUNS, Runs
from dashboard.data.run_files import (
    RunFileError,
    delete_run,
    read_tags,
    rename_run,
    set_archived,
    write_tags,
)
from dashboard.data.sources import RecordSource
from dashboard.views.foreign_text import foreign
from dashboard.views.visit import at_home
from fer_core.importing.runs import Facts
from fer_core.importing.series import SourceError
from fer_core.io.wording import counted

N = TypeVar("N", int, float)
UPLOADED = "uploaded"  # name of a run whose file is only called metrics
DONE = "runs_done"  # in the session: what the last action did


def show_organise(runs: Runs) -> None:
    """What can be done with the selected runs."""
    if done := st.session_state.pop(DONE, None):
        st.success(done)
    if not at_home():
        return
    with st.popover("Organise", type="tertiary", icon=":material/folder_managed:"):
        linked = st.query_params.get_all("runs_compare")  # until its field, further down, is drawn
        compared = st.session_state.get("runs_compare", linked)
        picked = [run for run in compared if run in runs.folders and runs.sources[run].writable]
        if not picked:
            st.caption(
                "Select rows of the table first. Shipped runs and those of the Hub cannot be "
                "changed."
            )
            return
        st.markdown(f"**{counted(len(picked), 'selected run')}**")
        _tag(runs, picked)
        if st.button("Archive", help="Hides them on every page until you restore them."):
            _do(
                picked,
                lambda run: set_archived(runs.folders[run], archived=True),
                "Archived. Restore them with `Archived` below the table.",
            )
        if len(picked) == 1:
            _rename(runs, picked[0])
        _delete(runs, picked)


def show_archived(runs: Runs, sources: Sequence[RecordSource]) -> None:
    """The archived runs, to restore them."""
    roots = [source.folder for source in sources if source.writable]
    names = [
        name
        for name, folder in runs.archived.items()
        if any(folder.is_relative_to(root) for root in roots)
    ]
    if not names or not at_home():
        return
    with st.popover(f"Archived ({len(names)})", type="tertiary", icon=":material/archive:"):
        chosen = st.multiselect("Archived runs", names, key="runs_archived")
        if st.button("Restore", disabled=not chosen):
            _do(
                chosen,
                lambda run: set_archived(runs.archived[run], archived=False),
                "Restored.",
            )


def show_import(sources: Sequence[RecordSource]) -> None:
    """The form that imports runs of other programs."""
    if not at_home():
        return
    roots = [source.folder for source in sources if source.writable]
    target = roots[0] if roots else LOCAL_RUNS
    with (
        st.expander("Import runs of another program (TensorBoard, CSV)"),
        st.form("runs_import", border=False),
    ):
        st.caption(
            f"Event files of TensorBoard and CSV of Keras, Lightning or timm become records in "
            f"`{target / FOLDER}`. Leave empty what you do not know: an unknown value is never "
            "treated as equal to another. `fer-core import-runs --help` has all options."
        )
        place = st.text_input("File or folder on this computer", placeholder="/home/me/logs")
        files = st.file_uploader("Or upload files", accept_multiple_files=True)
        row = st.container(horizontal=True)
        words = {
            name: row.text_input(label, key=f"runs_import_{name}", width=150)
            for name, label in (
                *(("data_name", "Data set"), ("method", "Method"), ("backbone", "Backbone")),
                *(("noise", "Kind of noise"), ("noise_rate", "Noise rate"), ("seed", "Seed")),
            )
        }
        if not st.form_submit_button("Import"):
            return
        with tempfile.TemporaryDirectory(prefix="fer-import-") as scratch:
            uploads = Path(scratch) / UPLOADED
            uploads.mkdir()
            for file in files:
                (uploads / Path(file.name).name).write_bytes(file.getvalue())
            try:
                asked = uploads if files else Path(place).expanduser()
                found = import_runs(asked, target, _facts(words))
            except (SourceError, ValueError, OSError) as error:
                st.error(foreign(error))
                return
    for problem in found.problems:
        st.warning(foreign(problem))
    if found.folders:
        st.success(f"Imported: {', '.join(folder.name for folder in found.folders)}.")


def _facts(words: dict[str, str]) -> Facts:
    """The facts of the form; empty fields are unknown."""
    known = {name: text.strip() or None for name, text in words.items()}
    rate, seed = known["noise_rate"], known["seed"]
    return Facts(
        data_name=known["data_name"],
        method=known["method"],
        backbone=known["backbone"],
        noise=known["noise"],
        noise_rate=None if rate is None else _number(float, rate, "Noise rate", "a number"),
        seed=None if seed is None else _number(int, seed, "Seed", "a whole number"),
    )


def _number(kind: type[N], text: str, name: str, wanted: str) -> N:
    """A number of the form; a text that is none is refused by the name of its field."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name} must be {wanted}, got {text!r}") from None


def _tag(runs: Runs, picked: list[str]) -> None:
    shared = [
        tag
        for tag in read_tags(runs.folders[picked[0]])
        if all(tag in read_tags(runs.folders[run]) for run in picked)
    ]
    text = st.text_input(
        "Tags, separated by commas", ", ".join(shared), key=f"runs_tags {' '.join(picked)}"
    )
    if st.button("Save tags"):
        wanted = [tag.strip() for tag in text.split(",")]

        def save(run: str) -> None:
            own = [tag for tag in read_tags(runs.folders[run]) if tag not in shared]
            write_tags(runs.folders[run], [*own, *wanted])

        _do(picked, save, "Tags saved.", gone=False)


def _rename(runs: Runs, run: str) -> None:
    folder = runs.folders[run]
    name = st.text_input("New name of its folder", folder.name, key=f"runs_rename {run}")
    if st.button("Rename", disabled=name.strip() == folder.name):

        def rename(one: str) -> None:
            rename_run(folder, name, runs.sources[one], _status(runs, one))

        _do([run], rename, f"Renamed to {name.strip()}.")


def _delete(runs: Runs, picked: list[str]) -> None:
    count = counted(len(picked), "run")
    sure = st.checkbox(
        f"Delete {count} from this computer, with weights and predictions. This cannot be undone.",
        key=f"runs_delete {' '.join(picked)}",
    )
    if st.button("Delete", disabled=not sure):

        def delete(run: str) -> None:
            delete_run(runs.folders[run], runs.sources[run], _status(runs, run))

        _do(picked, delete, f"Deleted {count}.")


def _status(runs: Runs, run: str) -> str:
    return str(runs.table.set_index("run").at[run, "status"])


def _do(
    picked: Sequence[str], action: Callable[[str], None], done: str, *, gone: bool = True
) -> None:
    """Act on each run, say what failed, and draw the page again if anything was done.

    Args:
        picked: names of the runs.
        action: on one of them.
        done: what to say afterwards.
        gone: whether there is no run of its name any more, so that it cannot stay selected.
    """
    failed = []
    for run in picked:
        try:
            action(run)
        except RunFileError as error:
            failed.append(f"`{run}`: {error}.")
    for sentence in failed:
        st.error(foreign(sentence))
    if len(failed) < len(picked):
        st.session_state[DONE] = " ".join([done, *failed])
        if gone:
            kept = [run for run in st.session_state.get("runs_compare", []) if run not in picked]
            st.session_state["runs_compare"] = kept
            st.session_state.pop("runs_picked", None)
        st.rerun()

"""One run in full: figures, label noise, command, note, configuration, environment, files."""

import shlex

import streamlit as st

from dashboard.analysis.map_fidelity import measure_table
from dashboard.analysis.run_facts import (
    fact_table,
    file_table,
    hub_link,
    import_table,
    repeat_command,
    repeat_notes,
    shown_options,
    transition_table,
)
from dashboard.charts.runs import run_curve_figure, run_curve_points, transition_figure
from dashboard.data.names import Runs
from dashboard.data.notes import LONGEST, NoteError, can_write, read_note, write_note
from dashboard.data.run_maps import read_run_maps
from dashboard.data.sources import RecordSource
from dashboard.views.foreign_text import foreign
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart
from fer_core.io.wording import counted
from fer_core.records.run import RecordError, RunRecord, read_run
from fer_core.reporting.map_files import MAPS_FILE

NOT_OURS = (
    "Converted from a file of another program. Its evaluation images may be a validation split, "
    "and facts that were not stated are unknown. It is not compared with runs of this program."
)
HEADS = {
    name: name.capitalize()
    for name in ("fact", "value", "option", "default", "measure", "what", "where", "content")
}


def show_run(runs: Runs, run: str) -> None:
    """One run in full."""
    records = read_records(runs, [run])
    if run not in records:
        return
    record, source = records[run], runs.sources[run]
    row = runs.table.set_index("run").loc[run]
    imported = str(row["imported"] or "")
    st.header(foreign(run))
    link = hub_link(record.path, source)
    epochs = f"{row['epochs_done']} of {counted(record.config['epochs'], 'epoch')}"
    st.caption(
        f"{record.status} · {epochs} · started {foreign(record.started)}"
        + (f" · imported from {foreign(imported)}" if imported else "")
        + (f" · [on the Hub]({link})" if link else "")
    )
    if record.error:
        st.error(foreign(record.error))
    left, right = st.columns(2, gap="large")
    with left:
        points = run_curve_points(runs.epochs[runs.epochs["run"] == run])
        if points.empty:
            st.info("No epoch has finished yet.")
        else:
            figure = run_curve_figure(points)
            show_chart(figure, points, "run-accuracy", selection=[run], caption=f"{run}.")
    with right:
        show_transition(record, run)
    if record.imported is None:
        st.subheader("Reproduce this run")
        st.code(repeat_command(record), language="bash", wrap_lines=True)
        st.caption(foreign(" ".join(repeat_notes(record))))
    else:
        st.subheader("Imported")
        st.caption(NOT_OURS)
        show_table(import_table(record.imported), "run-import", HEADS)
    show_note(record, source.writable)
    show_facts(record)
    if record.imported is None:
        show_maps(record, source)
    st.subheader("Files")
    show_table(file_table(record, source), "run-files", HEADS)


def show_transition(record: RunRecord, run: str) -> None:
    """The transition matrix of the label noise, if it was recorded."""
    above = st.container()
    shares = st.toggle("Percent of each true label", True, key="runs_shares", bind="query-params")
    table = transition_table(record, shares)
    if table is None:
        st.info(
            "This record has no transition matrix of its label noise, like all imported records "
            "and those made before version 0.2."
        )
        return
    colours = (record.classes, record.taxonomy.colours)
    with above:
        drawn = table.reset_index(allow_duplicates=True)
        figure = transition_figure(table, shares, dict(zip(*colours, strict=True)))
        show_chart(figure, drawn, "run-noise", selection=[run], caption=f"{run}.")


def show_note(record: RunRecord, writable: bool) -> None:
    """The note on a run; it can be edited if the folder is writable."""
    note = read_note(record.path, record.config)
    st.subheader("Note")
    if not (writable and can_write(record.path)):
        st.text(note or "No note. Notes cannot be edited here.")
        return
    with st.form("runs_note", border=False):
        text = st.text_area("Note on this run", note, max_chars=LONGEST, key=f"note-{record.path}")
        saved = st.form_submit_button("Save as notes.md")
    if saved:
        try:
            write_note(record.path, text)
        except NoteError as error:
            st.error(str(error))
        else:
            st.success("Note saved.")


def show_facts(record: RunRecord) -> None:
    """Result, environment, configuration, data and model, as recorded."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Result")
        if record.result:
            result = fact_table(record.result, leave_out=("confusion", "slices"))
            show_table(result, "run-result", HEADS)
        else:
            st.caption("Recorded at the end of the run.")
        st.subheader("Environment")
        show_table(fact_table(record.environment), "run-environment", HEADS)
    with right:
        st.subheader("Configuration")
        options = shown_options(record)
        show_table(options, "run-options", HEADS)
    left, right = st.columns(2, gap="large")
    counts = ("train_counts", "eval_counts")
    with left:
        st.subheader("Data and label noise")
        facts = fact_table(record.data, record.noise, leave_out=(*counts, "transition"))
        show_table(facts, "run-data", HEADS)
    with right:
        st.subheader("Model")
        show_table(fact_table(record.model), "run-model", HEADS)


def show_maps(record: RunRecord, source: RecordSource) -> None:
    """What the run's attention maps are worth, if it was measured."""
    st.subheader("Attention maps")
    try:
        found = read_run_maps(record.path, source)
    except ValueError as error:
        st.warning(foreign(error))
        return
    if found is None:
        st.caption("Not measured. This measures how local and faithful the maps are:")
        run = shlex.quote(str(record.path))
        st.code(f"fer-core evaluate {run} --data URI --maps --json {run}/{MAPS_FILE}", "bash")
        return
    st.caption(
        f"Maps of the predicted class, {found.images:,} images of {foreign(found.data)}, with 95 % "
        "intervals over the images (docs/evaluation.md)."
    )
    show_table(measure_table(found), "run-maps", HEADS)


def read_records(runs: Runs, names: list[str]) -> dict[str, RunRecord]:
    """The records of some runs; a warning names each one that cannot be read any more."""
    records: dict[str, RunRecord] = {}
    for name in names:
        try:
            records[name] = read_run(runs.folders[name])
        except RecordError as error:
            st.warning(foreign(error))
    return records

"""Classes: which of them are confused, how often each is found, how far to trust an answer."""

import pandas as pd
import streamlit as st

from dashboard.analysis.classes import (
    calibration,
    class_tints,
    confusion_difference,
    confusion_frame,
    recall_table,
    same_images,
    slice_table,
)
from dashboard.analysis.curves import common_description, short_labels
from dashboard.analysis.run_choices import RunChoices, run_choices
from dashboard.charts.classes import (
    calibration_figure,
    confusion_figure,
    difference_figure,
    recall_figure,
    slices_figure,
)
from dashboard.charts.style import method_colours
from dashboard.data.names import Runs
from dashboard.views.run_detail import read_records
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import show_chart, show_empty
from fer_core.records.run import RunRecord

NUMBER = st.column_config.NumberColumn
MOST_RUNS = 6  # side by side; more are not told apart
NO_SLICES = (
    "No groups in these records: of the data sets RAF-DB alone names gender, race and age of its "
    "faces. With its attribute files in place each run records them: "
    "`fer-core train --data rafdb:FOLDER`"
)


@st.cache_data(show_spinner=False, max_entries=4)
def find_choices(_runs: Runs, fingerprint: str) -> RunChoices:
    """The runs that have a confusion matrix; ``fingerprint`` is there for the cache's key."""
    return run_choices(_runs.table[_runs.table["run"].isin(list(_runs.confusions))])


def pick_runs(choices: RunChoices) -> list[str]:
    """The runs chosen by the visitor, at first a comparable pair of methods."""
    by_label = {label: run for run, label in choices.labels.items()}
    chosen = st.multiselect(
        "Runs",
        sorted(by_label),
        default=[choices.labels[run] for run in choices.first],
        max_selections=MOST_RUNS,
        key="classes_run",
        bind="query-params",
        help="The first choice is an EAC run and a plain run that differ in nothing else.",
    )
    return [by_label[label] for label in chosen]


def show_confusions(runs: Runs, names: dict[str, str]) -> None:
    """The confusion matrix of one chosen run, and what another one answers otherwise."""
    by_name = {name: run for run, name in names.items()}
    left, right = st.columns(2, gap="large")
    with left:
        name = st.selectbox("Run", list(by_name), key="classes_matrix", bind="query-params")
        share = st.toggle("Percent of each label", True, key="classes_share", bind="query-params")
        confusion = runs.confusions[by_name[name]]
        table = confusion_frame(confusion, share)
        figure = confusion_figure(table, share, confusion.tints())
        show_chart(figure, table.reset_index(allow_duplicates=True), "confusion")
    with right:
        others = [other for other in by_name if other != name]
        if not others:
            st.info("Choose a second run above to see what it answers otherwise.")
            return
        other = st.selectbox("Minus", others, key="classes_minus", bind="query-params")
        second = runs.confusions[by_name[other]]
        if confusion.classes != second.classes:
            st.info("These runs have different classes: there is no difference to show.")
            return
        if same_images(confusion, second):
            st.caption("Both answered as many evaluation images of each class.")
        else:
            st.warning(
                "These runs predicted different evaluation images: read the difference with care."
            )
        table = confusion_difference(confusion, second)
        figure = difference_figure(table, name, other, confusion.tints())
        show_chart(figure, table.reset_index(allow_duplicates=True), "difference")


def show_recalls(runs: Runs, names: dict[str, str], colours: dict[str, str]) -> None:
    """The recall of each class, run beside run."""
    table = recall_table(runs.confusions, names)
    tints = class_tints(runs.confusions[run] for run in names)
    show_chart(recall_figure(table, colours, tints), table, "recall")
    st.caption(
        "Share of a class's images predicted right in the last epoch, with Wilson's 95 % "
        "interval: the chance in the images, not that of another seed."
    )


def show_calibration(runs: Runs, names: dict[str, str], colours: dict[str, str]) -> None:
    """How often answers are right for how sure they are."""
    found = calibration(runs.folders, names)
    for problem in found.problems:
        st.info(problem)
    if found.curve.empty:
        return
    show_chart(calibration_figure(found.curve, colours), found.curve, "calibration")
    st.dataframe(
        found.errors.drop(columns="run"),
        hide_index=True,
        height="content",
        column_config={
            "label": "Run",
            "images": NUMBER("Images"),
            "accuracy": NUMBER("Right (%)", format="%.1f"),
            "confidence": NUMBER("Mean confidence (%)", format="%.1f"),
            "ece": NUMBER("ECE (points)", format="%.1f"),
        },
    )
    st.caption(
        "Below the dotted line a model is surer than it is right. ECE is the mean distance from "
        "that line over 15 bins, weighted by their images; before any temperature."
    )


def show_slices(
    records: dict[str, RunRecord], names: dict[str, str], colours: dict[str, str]
) -> None:
    """Accuracy by group of people, a chart an attribute."""
    try:
        table = slice_table(records, names)
    except ValueError as error:
        st.warning(str(error))
        return
    if table.empty:
        st.caption(NO_SLICES)
        return
    columns = st.columns(2, gap="large")
    for index, (attribute, rows) in enumerate(table.groupby("attribute", sort=False)):
        with columns[index % 2]:
            show_chart(slices_figure(rows, colours), rows, f"slices-{attribute}")
    st.caption("Last epoch, with Wilson's 95 % intervals.")


def show_classes(runs: Runs, rows: pd.DataFrame) -> None:
    """Everything that the page says about the chosen runs."""
    names = short_labels(rows)
    colours = method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    if description := common_description(rows):
        st.caption(description)
    st.subheader("Confusions")
    show_confusions(runs, names)
    st.subheader("Recall")
    show_recalls(runs, names, colours)
    st.subheader("Calibration")
    show_calibration(runs, names, colours)
    st.subheader("Groups of people")
    show_slices(read_records(runs, list(names)), names, colours)


st.title("Classes")
loaded = load_runs()
if not loaded.confusions:
    show_empty("No finished run yet; a confusion matrix is written when a run finishes. Train one:")
elif selection := pick_runs(find_choices(loaded, loaded.fingerprint)):
    table = loaded.table[loaded.table["run"].isin(selection)]
    show_classes(loaded, table.set_index("run", drop=False).loc[selection])
else:
    st.info("No run is chosen: pick one or more above.")

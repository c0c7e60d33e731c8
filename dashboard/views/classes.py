"""Classes: confusions, recall, calibration, and accuracy by group of people."""

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from dashboard.analysis.classes import (
    CalibrationCurves,
    calibration,
    class_tints,
    confusion_difference,
    confusion_frame,
    recall_table,
    same_images,
    slice_table,
)
from dashboard.analysis.comparison import eac_note
from dashboard.analysis.curves import common_description, short_labels
from dashboard.analysis.group_classes import (
    group_calibration,
    group_recalls,
    group_slices,
    pooled_confusions,
)
from dashboard.analysis.run_choices import RunChoices, run_choices
from dashboard.analysis.runs import none_finished
from dashboard.analysis.seed_groups import SeedGroup, common_facts, seeds_text, short_names
from dashboard.charts.classes import (
    calibration_figure,
    confusion_figure,
    difference_figure,
    recall_figure,
    slices_figure,
)
from dashboard.charts.style import method_colours
from dashboard.data.names import Confusion, Runs
from dashboard.data.prediction_files import Stamp, predictions_stamp
from dashboard.views.foreign_text import foreign
from dashboard.views.links import rename_methods_in_link
from dashboard.views.run_detail import read_records
from dashboard.views.seed_picker import pick_groups, pick_together, pooled_note
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart, show_empty

NUMBER = st.column_config.NumberColumn
ABOUT = (
    "Which expressions a model confuses, which it misses, how far its confidence can be trusted, "
    "and for whom it works."
)
WILSON = "Bars: Wilson's 95 % intervals."
MAX_RUNS = 6  # more colours are hard to tell apart
NO_SLICES = (
    "These records have no groups. Only RAF-DB labels the gender, race and age of its faces; if "
    "its attribute files are in the folder, each run records accuracy by group: `fer-core train "
    "--data rafdb:FOLDER`"
)


class Shown(NamedTuple):
    """The runs or groups that every block of the page shows.

    Attributes:
        runs: all runs.
        groups: to show; empty if single runs are shown.
        names: by run, or by the first run of each group.
        methods: likewise.
        confusions: likewise.
        about: what all of them share, for the line below saved figures.
    """

    runs: Runs
    groups: list[SeedGroup]
    names: dict[str, str]
    methods: dict[str, str]
    confusions: Mapping[str, Confusion]
    about: str

    @property
    def colours(self) -> dict[str, str]:
        """By run, or by the first run of each group."""
        return method_colours(self.methods)

    def counts(self, first: str) -> str:
        """What a confusion matrix counts, of a run or of the group that it is the first of."""
        group = next((one for one in self.groups if one.runs[0] == first), None)
        if group is None or len(group.runs) == 1:
            return "images"
        return f"predictions of all {'runs' if group.pooled else 'seeds'}"


@st.cache_data(show_spinner=False, max_entries=4)
def find_choices(_runs: Runs, fingerprint: str) -> RunChoices:
    """The runs with a confusion matrix; ``fingerprint`` is only a key of the cache."""
    return run_choices(_runs.table[_runs.table["run"].isin(list(_runs.confusions))])


def pick_runs(choices: RunChoices) -> list[str]:
    """The runs chosen by the visitor; by default a comparable pair of methods."""
    by_label = {label: run for run, label in choices.labels.items()}
    chosen = st.multiselect(
        "Runs",
        sorted(by_label),
        default=[choices.labels[run] for run in choices.first],
        max_selections=MAX_RUNS,
        key="classes_run",
        bind="query-params",
        help="By default, an EAC run and a baseline run that differ only in the method.",
    )
    return [by_label[label] for label in chosen]


def show_confusions(shown: Shown) -> None:
    """The confusion matrix of one run or group, and its difference from that of another."""
    for key in "classes_matrix", "classes_minus":
        rename_methods_in_link(key)
    by_name = {name: run for run, name in shown.names.items()}
    confusions, about = shown.confusions, shown.about
    left, right = st.columns(2, gap="large")
    with left:
        name = st.selectbox(
            "Confusion matrix of", list(by_name), key="classes_matrix", bind="query-params"
        )
        share = st.toggle(
            "Percent of each true label", True, key="classes_share", bind="query-params"
        )
        confusion = confusions[by_name[name]]
        table = confusion_frame(confusion, share)
        counts = shown.counts(by_name[name])
        figure = confusion_figure(table, share, confusion.tints(), counts)
        drawn, chosen = table.reset_index(allow_duplicates=True), [str(name), about]
        show_chart(figure, drawn, "confusion", selection=chosen, caption=f"{name}. {about}.")
    with right:
        others = [other for other in by_name if other != name]
        if not others:
            st.info("Choose a second run above to see how its predictions differ.")
            return
        other = st.selectbox("Minus", others, key="classes_minus", bind="query-params")
        second = confusions[by_name[other]]
        if confusion.classes != second.classes:
            st.info("These runs have different classes, so their matrices cannot be subtracted.")
            return
        if same_images(confusion, second):
            st.caption("Each class has the same share of the evaluation images of both.")
        else:
            st.warning("These were evaluated on different images: read the difference with care.")
        table = confusion_difference(confusion, second)
        figure = difference_figure(table, name, other, confusion.tints())
        drawn, both = table.reset_index(allow_duplicates=True), f"{name} minus {other}"
        chosen, caption = [both, about], f"{both}. {about}."
        show_chart(figure, drawn, "difference", selection=chosen, caption=caption)


def show_recalls(shown: Shown) -> None:
    """The recall of each class in each run or group."""
    if shown.groups:
        table = group_recalls(shown.runs.confusions, shown.groups, shown.names)
    else:
        table = recall_table(shown.runs.confusions, shown.names)
    tints = class_tints(shown.runs.confusions[run] for run in shown.names)
    caption = f"Recall by class. {shown.about}. {WILSON}"
    figure = recall_figure(table, shown.colours, tints)
    show_chart(figure, table, "recall", selection=[shown.about], caption=caption)
    mean = "the mean over the seeds of " if shown.groups else ""
    st.caption(
        f"Recall: {mean}the share of a class's images that are predicted correctly in the last "
        "epoch, with Wilson's 95 % interval. The interval covers the choice of images, not of the "
        "seed" + (": more seeds do not make it narrower." if shown.groups else ".")
    )


@st.cache_data(show_spinner=False, max_entries=8)
def find_calibration(
    _shown: Shown,
    members: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    stamps: tuple[Stamp, ...],
) -> CalibrationCurves:
    """Calibration of the chosen runs or groups; all but ``_shown`` are only keys of the cache."""
    del members, names, stamps
    if _shown.groups:
        return group_calibration(_shown.runs.folders, _shown.groups, _shown.names)
    return calibration(_shown.runs.folders, _shown.names)


def show_calibration(shown: Shown) -> None:
    """Accuracy against confidence, and the calibration error."""
    members = [run for group in shown.groups for run in group.runs] or list(shown.names)
    stamps = tuple(predictions_stamp(shown.runs.folders[run]) for run in members)
    found = find_calibration(shown, tuple(members), tuple(shown.names.items()), stamps)
    for problem in dict.fromkeys(found.problems):
        st.info(foreign(problem))
    if found.curve.empty:
        return
    figure = calibration_figure(found.curve, shown.colours)
    caption = f"Calibration. {shown.about}. {WILSON}"
    show_chart(figure, found.curve, "calibration", selection=[shown.about], caption=caption)
    columns = {
        "label": "Group" if shown.groups else "Run",
        "n": NUMBER("Seeds"),
        "images": NUMBER("Images", format="%d"),
        "accuracy": NUMBER("Accuracy (%)", format="%.1f"),
        "confidence": NUMBER("Mean confidence (%)", format="%.1f"),
        "ece": NUMBER("ECE (%)", format="%.1f"),
        "ece_sd": NUMBER("ECE, SD", format="%.1f"),
    }
    errors = found.errors[[name for name in columns if name in found.errors]]
    show_table(errors, "calibration-errors", columns)
    st.caption(
        "Below the dotted line a model is overconfident. The expected calibration error (ECE) is "
        "the mean distance from that line over 15 bins, weighted by their images, without "
        "temperature scaling."
    )


def show_slices(shown: Shown) -> None:
    """Accuracy by group of people, one chart per attribute."""
    members = [run for group in shown.groups for run in group.runs]
    records = read_records(shown.runs, members or list(shown.names))
    try:
        if shown.groups:
            table = group_slices(records, shown.groups, shown.names)
        else:
            table = slice_table(records, shown.names)
    except ValueError as error:
        st.warning(foreign(error))
        return
    if table.empty:
        st.caption(NO_SLICES)
        return
    columns = st.columns(2, gap="large")
    for index, (attribute, rows) in enumerate(table.groupby("attribute", sort=False)):
        with columns[index % 2]:
            figure, caption = slices_figure(rows, shown.colours), f"{shown.about}. {WILSON}"
            name = f"slices-{attribute}"
            show_chart(figure, rows, name, selection=[shown.about], caption=caption)
    st.caption("Last epoch, with Wilson's 95 % intervals.")


def show_runs(runs: Runs, chosen: list[str]) -> None:
    """Everything that the page shows of single runs."""
    table = runs.table[runs.table["run"].isin(chosen)]
    rows = table.set_index("run", drop=False).loc[chosen]
    description = common_description(rows)
    if told := " — ".join(filter(None, (description, eac_note(rows)))):
        st.caption(foreign(told))
    about = in_last_epoch(description)
    methods = dict(zip(rows["run"], rows["method"], strict=True))
    show_classes(Shown(runs, [], short_labels(rows), methods, runs.confusions, about))


def show_groups(runs: Runs, groups: list[SeedGroup]) -> None:
    """Everything that the page shows of groups: confusions pooled, all else averaged over seeds."""
    try:
        pooled = pooled_confusions(runs.confusions, groups)
    except ValueError as error:
        st.warning(f"These groups cannot be shown: {foreign(error)}. Group by more options.")
        return
    seeds = "; ".join(
        f"{name}: {seeds_text(group)}"
        for group, name in zip(groups, short_names(groups), strict=True)
    )
    members = {run for group in groups for run in group.runs}
    note = eac_note(runs.table[runs.table["run"].isin(members)])
    told = filter(None, [common_facts(groups), seeds, pooled_note(groups), note])
    st.caption(foreign(" — ".join(told)))
    names = dict(zip(pooled, short_names(groups), strict=True))
    methods = {group.runs[0]: group.method for group in groups}
    about = f"{in_last_epoch(common_facts(groups))}; {seeds}"
    show_classes(Shown(runs, groups, names, methods, pooled, about))


def in_last_epoch(shared: str) -> str:
    """What all runs share, perhaps nothing, with the epoch of the figures."""
    return f"{shared}, last epoch" if shared else "Last epoch"


def show_classes(shown: Shown) -> None:
    """The blocks of the page."""
    st.subheader("Confusion matrix")
    show_confusions(shown)
    st.subheader("Recall")
    show_recalls(shown)
    st.subheader("Calibration")
    show_calibration(shown)
    st.subheader("Demographic groups")
    show_slices(shown)


st.title("Classes")
st.markdown(ABOUT)
loaded = load_runs()
if not loaded.confusions:
    show_empty(
        f"{none_finished(loaded.table)} The confusion matrix is written at the end of a run. "
        "Train one:"
    )
else:
    rename_methods_in_link("classes_run")
    choices = find_choices(loaded, loaded.fingerprint)
    if pick_together("classes", ["classes_run"]):
        known = loaded.table[loaded.table["run"].isin(list(loaded.confusions))]
        selection = pick_groups("classes", known, loaded.fingerprint, choices.first, MAX_RUNS)
        if selection:
            show_groups(loaded, selection)
    else:
        selection = pick_runs(choices)
        if selection:
            show_runs(loaded, selection)
    if not selection:
        st.info("Choose at least one run above.")

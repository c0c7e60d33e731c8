"""Changed predictions: the evaluation images that two models, or two methods, tell apart."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.analysis.change_sides import Side, find_sides
from dashboard.analysis.changes import (
    CHANCE_NOTE,
    CHANGES,
    CellTests,
    ChangeError,
    ComparedSides,
    by_class,
    cell_tests,
    change_sentence,
    changes_by,
    compare_sides,
    image_rows,
)
from dashboard.analysis.comparison import eac_note
from dashboard.charts.changes import chance_figure, changes_figure
from dashboard.data.names import Runs
from dashboard.data.prediction_files import Stamp, predictions_stamp
from dashboard.data.raters import EvalImages, FerError, agreement_bins
from dashboard.data.tables import Confusion
from dashboard.views.change_images import show_maps, show_thumbnails
from dashboard.views.data_images import list_images
from dashboard.views.foreign_text import foreign
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_table
from dashboard.views.visit import at_home
from dashboard.views.widgets import show_chart, show_empty
from fer_core.records.predictions import Prediction

NUMBER, TEXT = st.column_config.NumberColumn, st.column_config.TextColumn
HEADER = len(",".join(Prediction._fields)) + 1  # bytes of a file without predictions
ABOUT = (
    "Which images two models, or two methods over their seeds, predict differently, and which of "
    "them changed from wrong to right."
)
ALL = "all"
GROUP_COLUMNS = {
    "images": NUMBER("Images"),
    "gained": NUMBER("Gained", help="From wrong to right"),
    "lost": NUMBER("Lost", help="From right to wrong"),
    "net_points": NUMBER("Net (points)", format="%+.1f"),
    "p_value": NUMBER(
        "p (Holm)", format="%.2g", help="McNemar's test, adjusted for the number of rows"
    ),
}
LAST_EPOCH = "Evaluation images, last epoch."
PRIVATE = (
    "The images themselves are not part of run records. Run the dashboard on the computer that has "
    "the data set to see them, and how far its raters agreed."
)
RATERS = "By agreement of raters: shown where the data set is on this computer."
NO_VOTES = "This data set has no votes of raters, so their agreement is not known."
Stamps = dict[str, Stamp]  # by run


def find_predictions(runs: Runs) -> Stamps:
    """The runs with predictions, which the fingerprint of records leaves out."""
    stamps = {run: predictions_stamp(folder) for run, folder in runs.folders.items()}
    return {run: stamp for run, stamp in stamps.items() if stamp[1] > HEADER}


@st.cache_data(show_spinner=False, max_entries=4)
def find_choices(
    _runs: Runs, fingerprint: str, written: Stamps
) -> tuple[list[Side], tuple[str, str] | None]:
    """`find_sides` of the runs with predictions; ``fingerprint`` is only a key of the cache."""
    return find_sides(_runs.table[_runs.table["run"].isin(list(written))])


@st.cache_data(show_spinner=False, max_entries=16)
def compare(
    _folders: Mapping[str, Path],
    first: tuple[str, ...],
    second: tuple[str, ...],
    classes: tuple[str, ...],
    written: Stamps,
) -> tuple[ComparedSides, CellTests]:
    """The comparison and its tests; ``written`` is only a key of the cache."""
    found = compare_sides(_folders, first, second)
    return found, cell_tests(found, classes)


def pick_sides(sides: list[Side], default: tuple[str, str] | None) -> tuple[Side, Side] | None:
    """The two sides chosen by the visitor; None if nothing compares with the first."""
    by_name = {side.name: side for side in sides}
    names = list(by_name)
    left, right = st.columns(2)
    start = names.index(default[0]) if default else 0
    first = by_name[
        left.selectbox("From", names, index=start, key="changes_first", bind="query-params")
    ]
    others = [
        name
        for name, side in by_name.items()
        if side.tested_on == first.tested_on and name != first.name
    ]
    if not others:
        st.info("No other run was evaluated on the same images as this one.")
        return None
    start = others.index(default[1]) if default and default[1] in others else 0
    second = right.selectbox(
        "To",
        others,
        index=start,
        key="changes_second",
        bind="query-params",
        help="Runs and methods that were evaluated on the same images.",
    )
    return first, by_name[second]


def pick_data() -> EvalImages | None:
    """The data set named by the visitor; None without one, and for visitors from elsewhere."""
    if not at_home():
        st.caption(PRIVATE)
        return None
    uri = st.text_input(
        "Data set on this computer",
        key="changes_data",
        bind="query-params",
        placeholder="ferplus:FOLDER",
        help="As `fer-core train --data` takes it. Shows the images and, where the data set has "
        "the votes of its raters, how far they agreed. Nothing is stored.",
    ).strip()
    if not uri:
        st.caption(
            "Name the data set, such as `ferplus:FOLDER`, to see the images and how far raters "
            "agreed on them; without it they are listed by name."
        )
        return None
    try:
        return list_images(uri)
    except FerError as error:
        st.warning(foreign(f"{uri}: {error}"))
        return None


def show_groups(table: pd.DataFrame, by: str, names: tuple[str, str]) -> None:
    """Chart and table of the images gained and lost in each group."""
    name = f"changes-by-{by.replace(' ', '-')}"
    below = f"{LAST_EPOCH} From {names[0]} to {names[1]}."
    show_chart(changes_figure(table, by, names), None, name, selection=names, caption=below)
    columns = {by: by.capitalize(), **GROUP_COLUMNS}
    show_table(table, f"{name}-table", columns, caption=f"From {names[0]} to {names[1]}")


def show_by_group(
    images: pd.DataFrame, classes: tuple[str, ...], data: EvalImages | None, names: tuple[str, str]
) -> None:
    """The images that change sides by class and, where known, by the agreement of raters."""
    if data is None or data.agreement.empty:
        show_groups(by_class(images, classes), "class", names)
        st.caption(RATERS if data is None else NO_VOTES)
        return
    left, right = st.columns(2, gap="large")
    with left:
        show_groups(by_class(images, classes), "class", names)
    with right:
        bins = agreement_bins(data.agreement.reindex(images.index))
        show_groups(changes_by(images, bins, "rater agreement"), "rater agreement", names)


def show_tests(tests: CellTests, names: tuple[str, str], confusion: Confusion) -> None:
    """The difference of the two confusion matrices, grey where it is not significant."""
    real = int((~tests.chance).to_numpy().sum())
    st.markdown(
        f"{real} of the {tests.chance.size} differences between the two confusion matrices "
        f"{'is' if real == 1 else 'are'} significant."
    )
    drawn = tests.points.reset_index().melt("label", var_name="prediction", value_name="points")
    flat = tests.p_values.reset_index().melt("label", var_name="prediction", value_name="p_value")
    drawn = drawn.assign(adjusted_p_value=flat["p_value"])
    figure = chance_figure(tests, names, confusion.tints())
    below = f"{LAST_EPOCH} Grey: not significant (McNemar, Holm, 5 %)."
    show_chart(figure, drawn, "tested-difference", selection=names, caption=below)
    st.caption(CHANCE_NOTE)


def show_images(
    runs: Runs,
    rows: pd.DataFrame,
    data: EvalImages | None,
    sides: tuple[Side, Side],
    names: tuple[str, str],
    others: list[Side],
) -> None:
    """The changed images, filtered by the visitor: as images where they are here, and by name."""
    left, right = st.columns(2)
    change = left.segmented_control(
        "Change", CHANGES, default=CHANGES[0], required=True, key="changes_way", bind="query-params"
    )
    classes = [ALL, *rows["label"].cat.categories]
    label = right.selectbox("Label", classes, key="changes_label", bind="query-params")
    rows = rows[(rows["change"] == change) & ((label == ALL) | (rows["label"] == label))]
    if rows.empty:
        st.info("No image changes in this way.")
        return
    if data is not None and (found := show_thumbnails(rows, data)):
        models = [(name, side.runs[0]) for name, side in zip(names, sides, strict=True)]
        show_maps(runs, models, data, found, {side.name: side.runs[0] for side in others})
    shown = rows.drop(columns="change")
    columns = {
        "image": "Image",
        "label": "Label",
        "first_predicted": TEXT("First predicts", help=names[0]),
        "first_confidence": NUMBER("Confidence", format="%.2f"),
        "second_predicted": TEXT("Second predicts", help=names[1]),
        "second_confidence": NUMBER("Confidence ", format="%.2f"),
        "agreement": NUMBER("Rater agreement", format="%.2f"),
    }
    show_table(
        shown, "changed-images", columns, rows=rows, caption=f"From {names[0]} to {names[1]}"
    )


def show_changes(runs: Runs, sides: tuple[Side, Side], written: Stamps, others: list[Side]) -> None:
    """Everything that the page shows of two sides, of all that could be chosen."""
    first, second = sides
    confusion = runs.confusions.get(first.runs[0])
    if confusion is None:
        st.info(
            f"{foreign(first.runs[0])} has no classes on record, so its images cannot be compared."
        )
        return
    classes = tuple(confusion.classes)
    try:
        stamps = {run: written[run] for run in (*first.runs, *second.runs)}
        found, tests = compare(runs.folders, first.runs, second.runs, classes, stamps)
    except ChangeError as error:
        st.info(f"These cannot be compared: {foreign(error)}.")
        return
    names = (first.short, second.short)
    if first.short == second.short:
        names = (first.name, second.name)
    st.markdown(f"**{foreign(change_sentence(found.images, *names))}**")
    shown = runs.table["run"].isin([*first.runs, *second.runs])
    if note := eac_note(runs.table[shown]):
        st.caption(note)
    if max(len(first.runs), len(second.runs)) > 1:
        st.caption(
            "With several seeds, an image counts as right if more than half of them predict it "
            "correctly; otherwise the most frequent wrong prediction is shown."
        )
    data = pick_data()
    st.subheader("Where they differ")
    show_by_group(found.images, classes, data, names)
    st.subheader("What they predict instead")
    show_tests(tests, names, confusion)
    st.subheader("The images")
    agreement = None if data is None else data.agreement
    rows = image_rows(found.images, classes, agreement)
    show_images(runs, rows, data, sides, names, others)


st.title("Changed predictions")
st.markdown(ABOUT)
loaded = load_runs()
predictions = find_predictions(loaded)
choices, default_pair = find_choices(loaded, loaded.fingerprint, predictions)
if not choices:
    show_empty(
        "No finished run has predictions, which are written at the end of a run. Train two that "
        "differ in the method:"
    )
elif chosen := pick_sides(choices, default_pair):
    show_changes(loaded, chosen, predictions, choices)

"""Cost: accuracy against parameters, MACs, training speed and run time; measured latency."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.analysis.cost import (
    COSTS,
    NO_MACS,
    cost_points,
    drawn_costs,
    in_units_of_records,
    set_choices,
    with_sets,
)
from dashboard.analysis.cost_headline import Headline, cost_headline
from dashboard.analysis.latency import latency_tables, read_latency
from dashboard.analysis.measures import ACCURACY_MEASURES, ShownMeasure, offered_accuracies
from dashboard.analysis.runs import none_finished
from dashboard.charts.cost import MOST_NAMED, cost_figure
from dashboard.data.names import Runs
from dashboard.views.foreign_text import foreign
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart, show_empty
from fer_core.io.wording import counted

NAMED = (
    "Only the approaches that none beats at the same or a lower cost are labelled with "
    "their size and epochs. Hover over any point, or tap it, for its name and figures."
)
NUMBER = st.column_config.NumberColumn
ABOUT = "What accuracy costs: parameters, arithmetic, training speed and time of each approach."
SHOWN = {
    "approach": st.column_config.TextColumn("Approach"),
    "n": NUMBER("Seeds"),
    "accuracy": NUMBER("Accuracy (%)", format="%.1f", help="By the chosen measure"),
    "accuracy_half": NUMBER("95 % ± points", format="%.1f"),
    "gap": NUMBER(
        "Against baseline (points)",
        format="%+.1f",
        help="Minus the cross-entropy baseline of the same setting, over the seeds that both have",
    ),
    "gap_interval": "95 % of the points",
    "slower": NUMBER(
        "Run time, ratio",
        format="%.2f",
        help="To the run time of that baseline, over the same seeds",
    ),
    "slower_interval": "95 % of the ratio",
    "shared": NUMBER("Shared seeds"),
    "parameters": NUMBER("Parameters (M)", format="%.2f"),
    "macs": st.column_config.TextColumn("MACs (M)", help=NO_MACS),
    "images_per_second": NUMBER("Images/s", format="%.0f"),
    "seconds": NUMBER("Run time (min)", format="%.1f"),
    "image_size": NUMBER("Image (px)"),
    "epochs_asked": NUMBER("Epochs"),
    "precision": "Precision",
    "device": "Device",
}
SPEEDS = {
    "figure": "Figure",
    "unit": "Unit",
    "what": "What",
    "ratio": st.column_config.TextColumn(
        "Ratio", help="Ratio to the reference, measured in the same run"
    ),
    "reference": "Reference",
    "command": "Command",
    "source": "Source",
}
RULES = """
- Each point is an **approach**: a method with its backbone, image size and all other options. Its
  figures are means over seeds. All points share the evaluation images and the label noise; anything
  else may differ. A name leaves out defaults, and of an option that none has at its default, the
  value that most approaches of its kind have.
- **Accuracy** and **mean class accuracy** are means of the last five epochs. **Chosen epoch** is
  the one that does best on held-out training images with their noisy labels; **flip TTA** averages
  each image and its mirror image. Bars are 95 % intervals (Student's t over seeds), drawn for three
  or more seeds; the table also has those of two.
- **Against the baseline**, approaches are paired by seed with the plain cross-entropy baseline of
  the same setting: a difference in points, and a ratio of run times.
- **Images/s** (median over epochs) and **run time** (training and evaluation) are geometric means
  with intervals on the log scale. EAC processes each image twice.
- Speed depends on the machine and its load: compare it only within one machine. Parameters and MACs
  are properties of the model.
"""


@st.cache_data(show_spinner=False, max_entries=4)
def find_sets(_runs: Runs, fingerprint: str) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The runs with their sets, and the choices; ``fingerprint`` is only a key of the cache."""
    runs = with_sets(_runs.table)
    return runs, set_choices(runs)


@st.cache_data(show_spinner=False, max_entries=64)
def find_points(
    _rows: pd.DataFrame, fingerprint: str, chosen: str, column: str
) -> tuple[pd.DataFrame, Headline]:
    """`cost_points` and `cost_headline` by a column; the two in between are keys of the cache."""
    return cost_points(_rows, column), cost_headline(_rows, column)


def pick_rows(runs: pd.DataFrame, choices: dict[str, list[str]]) -> tuple[pd.DataFrame, str]:
    """The runs of the chosen evaluation images and label noise, and the name of the choice."""
    left, right = st.columns(2)
    name = left.selectbox("Evaluated on", list(choices), key="cost_data", bind="query-params")
    noise = right.selectbox(
        "Label noise", choices[str(name)], key="cost_noise", bind="query-params"
    )
    rows = runs[(runs["tested_on"] == name) & (runs["noise_name"] == noise)]
    return rows, f"{name}\n{noise}"


def pick_measure(rows: pd.DataFrame) -> ShownMeasure:
    """The measure of accuracy, of those that some of the runs have."""
    name = st.segmented_control(
        "Measure",
        offered_accuracies(rows),
        default="Accuracy",
        required=True,
        key="cost_measure",
        bind="query-params",
    )
    measure = ACCURACY_MEASURES[str(name)]
    absent = int(rows[measure.column].isna().sum())
    if absent:
        left_out = "is left out: it" if absent == 1 else "are left out: they"
        st.caption(f"{absent} of {counted(len(rows), 'run')} {left_out} held out no images.")
    return measure


def pick_points(points: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The approaches of the chosen image sizes and numbers of epochs, and the name of the cost.

    Each of both offers the values of all approaches, so that none of a link is dropped in silence.
    """
    row, offered = st.container(horizontal=True), points
    for column, title in (("image_size", "Image size (px)"), ("epochs_asked", "Epochs")):
        values = sorted(offered[column].dropna().unique().tolist())
        if len(values) < 2:
            continue
        chosen = row.multiselect(
            title,
            [str(value) for value in values],
            key=f"cost_{column}",
            bind="query-params",
            placeholder="all",
            width=165,  # two side by side on a phone
            help="Larger values cost more: compare methods with the same value.",
        )
        if chosen:
            points = points[points[column].astype(str).isin(chosen)]
    name = row.segmented_control(
        "Cost",
        list(COSTS),
        default="Time",
        required=True,
        key="cost_axis",
        bind="query-params",
    )
    return points, str(name)


def show_points(points: pd.DataFrame, name: str, chosen: list[str], measure: ShownMeasure) -> None:
    """Accuracy against the cost of this name, and all costs as a table.

    ``chosen`` names the evaluation images and the label noise.
    """
    if points.empty:
        st.info("No approach has this image size and this number of epochs.")
        return
    cost = COSTS[name]
    drawn = drawn_costs(points, cost)
    if drawn.empty:
        st.info(NO_MACS if name == "MACs" else f"{name}: none of these runs recorded it.")
    else:
        title = measure.by(cost.name)
        labels = ["clean labels" if one == "none" else one for one in chosen]
        caption = f"{title}. {', '.join(labels)}. Bars: 95 % intervals over seeds."
        figure = cost_figure(drawn, cost, measure)
        selection = [*chosen, name, measure.column]
        data = in_units_of_records(drawn)
        show_chart(figure, data, "cost", selection=selection, caption=caption)
        if len(drawn) > MOST_NAMED:
            st.caption(NAMED)
    if 0 < len(drawn) < len(points):
        absent = len(points) - len(drawn)
        does = "does" if absent == 1 else "do"
        st.caption(f"{absent} of {len(points)} approaches {does} not record it.")
    macs = points["macs"].map("{:.1f}".format).where(points["macs"].notna(), "not recorded")
    intervals = {
        "gap_interval": _intervals(points, "gap", "{:+.1f}"),
        "slower_interval": _intervals(points, "slower", "{:.2f}"),
    }
    shown = points.assign(macs=macs, **intervals)[list(SHOWN)]
    shown = shown.sort_values("accuracy", ascending=False)
    show_table(shown, "costs", SHOWN, rows=in_units_of_records(points))
    if name != "MACs" and points["macs"].isna().all():
        st.caption(NO_MACS)


def _intervals(points: pd.DataFrame, name: str, form: str) -> list[str]:
    """95 % intervals in words; empty where there is one seed, or no baseline."""
    ends = points[[f"{name}_low", f"{name}_high"]].to_numpy(dtype=float)
    return [
        "" if np.isnan([low, high]).any() else f"{form.format(low)} to {form.format(high)}"
        for low, high in ends
    ]


def show_latency() -> None:
    """The measured speeds of the demo and of training."""
    st.subheader("Measured speed")
    st.caption(
        "Recorded measurements, each with the command that reproduces it. Seconds depend on the "
        "machine; the ratio to a reference measured at the same time says more about the program."
    )
    demo, training = latency_tables(read_latency())
    for title, rows in (("The model and the demo", demo), ("Training and its data", training)):
        st.markdown(f"**{foreign(title)}**")
        show_table(rows[list(SPEEDS)], f"speed-{title.split()[-1]}", SPEEDS, rows=rows)


st.title("Cost")
st.markdown(ABOUT)
loaded = load_runs()
runs, choices = find_sets(loaded, loaded.fingerprint)
if runs.empty:
    show_empty(
        f"{none_finished(loaded.table)} The cost is recorded at the end of a run. Train one:"
    )
else:
    rows, chosen = pick_rows(runs, choices)
    measure = pick_measure(rows)
    points, headline = find_points(rows, loaded.fingerprint, chosen, measure.column)
    sentence, basis = headline
    st.markdown(f"##### {foreign(sentence)}")
    if basis:
        st.caption(foreign(basis))
    show_points(*pick_points(points), chosen.split("\n"), measure)
    with st.expander("How to read this"):
        st.markdown(RULES)
show_latency()

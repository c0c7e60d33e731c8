"""Robustness: models on corrupted images, over the strength of each corruption."""

import re

import pandas as pd
import streamlit as st

from dashboard.analysis.robustness import (
    MEASURES,
    comparison_names,
    headline,
    kind_name,
    model_labels,
    model_summary,
    of_kinds,
    robustness_points,
    second_sentence,
    worst_kinds,
)
from dashboard.charts.robustness import (
    MOST_MODELS,
    highest_value,
    model_styles,
    robustness_figure,
)
from dashboard.data.robustness import RobustnessFile, RobustnessFiles, read_files, shipped_files
from dashboard.views.foreign_text import verbatim
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart, show_empty

COLUMNS = 3
ABOUT = (
    "How much accuracy models lose on corrupted images: noise, blur, compression, low resolution, "
    "lighting, geometry and occlusion, each at increasing strength."
)
COMMANDS = (
    "fer-core evaluate runs/RUN --data ferplus:PATH --robustness --json runs/RUN/robustness.json\n"
    "fer-core evaluate bundled --data ferplus:PATH --robustness --json runs/bundled.json"
)
NUMBER = st.column_config.NumberColumn
FORMATS = {
    "model": "Model",
    "kind": "Corruption",
    "strength": NUMBER("Strength", format="%g"),
    "unit": "Unit of the strength",
    "accuracy": NUMBER("Accuracy (%)", format="%.1f"),
    "low": NUMBER("95 % from", format="%.1f"),
    "high": NUMBER("95 % to", format="%.1f"),
    "lost": NUMBER("Points lost", format="%.1f", help="Accuracy on clean images minus this one"),
    "lost_low": NUMBER("Lost: 95 % from", format="%.1f"),
    "lost_high": NUMBER("Lost: 95 % to", format="%.1f"),
    "mean_class_accuracy": NUMBER("Mean class accuracy (%)", format="%.1f"),
    "ece": NUMBER("ECE (%)", format="%.1f"),
    "confidence": NUMBER("Mean confidence (%)", format="%.1f"),
    "level": NUMBER("Level", help="0: not corrupted, 1: the mildest strength"),
    "side": NUMBER("Corrupted at (px)", help="Side of the images when they were corrupted"),
}
SUMMARY = {
    "model": "Model",
    "clean": NUMBER("Clean accuracy (%)", format="%.1f"),
    "corrupted": NUMBER(
        "Mean under corruption (%)",
        format="%.1f",
        help="Over all strengths of the corruptions shown, each with the same weight",
    ),
    "worst": NUMBER("Lowest accuracy (%)", format="%.1f"),
    "worst_at": "Lowest at",
    "clean_ece": NUMBER("Clean ECE (%)", format="%.1f"),
    "worst_ece": NUMBER("Highest ECE (%)", format="%.1f"),
    "worst_ece_at": st.column_config.TextColumn("Highest ECE at"),
    "side": FORMATS["side"],
}
RULES = """
- **A chart** is one corruption. The same images are corrupted at growing strength, from left (mild)
  to right; the steps are spaced evenly, whatever the numbers below them are.
- **Dashed** is the model's value on the same images without corruption: the gap between a line and
  its dashed line is what the corruption costs.
- **Bands** are Wilson's 95 % intervals of the accuracy. The other measures have no interval in the
  files. **Points lost** compare image by image, so their intervals (paired bootstrap) are narrower
  than the bands suggest.
- **The headline** names the largest of many losses; the largest of many is, by chance, somewhat
  too large.
- **Mean class accuracy** is the mean recall over all classes (balanced accuracy, UAR).
- **ECE** (expected calibration error, 15 bins) is how far confidence and accuracy are apart, and
  **mean confidence** the mean probability of the prediction. A model that stays confident while its
  accuracy falls is wrong without a warning.
- **Models are compared** only if they were shown the same images, corrupted alike. Choose
  other images in *Evaluated on*.
- Models of one file or seed are single training runs; the intervals are over images, not over
  seeds. Accuracy under **wrong labels** is on the page Noise robustness.
"""
MOST_CHARTS = 6  # at first: more take longer to draw than a click should


@st.cache_data(show_spinner=False, max_entries=4)
def read_all(files: tuple[RobustnessFile, ...]) -> RobustnessFiles:
    """`read_files`, again only if a file has changed."""
    return read_files(files)


def pick_points(found: RobustnessFiles) -> tuple[pd.DataFrame, list[str], str]:
    """The points of the chosen models and corruptions, the labels of all models, the sample."""
    names = comparison_names(found.comparisons)
    chosen = next(iter(names))
    if len(names) > 1:
        chosen = st.selectbox(
            "Evaluated on",
            list(names),
            key="robustness_sample",
            bind="query-params",
            help="Only models that were shown the same corrupted images are compared.",
        )
    else:
        st.caption(verbatim(chosen))
    labels = model_labels(found.comparisons[names[str(chosen)]].models)
    left, right = st.columns(2)
    models = left.multiselect(
        "Models",
        list(labels),
        key="robustness_model",
        bind="query-params",
        placeholder="all" if len(labels) <= MOST_MODELS else f"the first {MOST_MODELS}",
        max_selections=MOST_MODELS,
    )
    shown = [label for label in labels if label in models] or list(labels)[:MOST_MODELS]
    offered = list(next(iter(labels.values())).kinds)
    kinds = right.multiselect(
        "Corruptions",
        offered,
        key="robustness_kind",
        bind="query-params",
        placeholder="all",
        format_func=kind_name,
    )
    points = robustness_points({label: labels[label] for label in shown})
    return of_kinds(points, kinds or offered), list(labels), str(chosen)


def show_charts(points: pd.DataFrame, labels: list[str], measure_name: str, sample: str) -> None:
    """A chart for each corruption, and the download of what all of them draw."""
    measure = MEASURES[measure_name]
    bands = "; bands: Wilson's 95 % intervals" if measure_name == "Accuracy" else ""
    styles, top = model_styles(labels), highest_value(points, measure)
    kinds = list(points.loc[points["level"] > 0, "kind"].unique())
    many = len(kinds) > MOST_CHARTS and not st.session_state.get("robustness_kind")
    if many and not st.toggle(
        f"All {len(kinds)} corruptions", key="robustness_all", bind="query-params"
    ):
        kinds = worst_kinds(points)[:MOST_CHARTS]
        model = verbatim(str(points["model"].iloc[0]))
        st.caption(f"The {len(kinds)} corruptions that cost {model} the most accuracy.")
    columns = st.columns(min(COLUMNS, len(kinds)))
    for row in range(0, len(kinds), COLUMNS):
        for column, kind in zip(columns, kinds[row : row + COLUMNS], strict=False):
            name = re.sub(r"\W+", "-", f"robustness-{kind}")
            with column:
                show_chart(
                    robustness_figure(points, str(kind), measure, styles, top),
                    None,
                    name,
                    selection=[sample, measure_name],
                    caption=f"{measure_name} of {sample}{bands}.",
                    alt=f"{measure_name} under {kind_name(str(kind))}",
                )
        columns = st.columns(COLUMNS) if row + COLUMNS < len(kinds) else columns


def show_tables(points: pd.DataFrame) -> None:
    """A row for each model, and all figures with their download."""
    st.markdown("**The models**")
    summary = model_summary(points)
    show_table(summary, "robustness-models", SUMMARY)
    if summary["side"].nunique() > 1:
        st.warning(
            "The images of these models were corrupted at different resolutions, where the same "
            "strength is not the same damage: blur of one pixel is weaker in a larger image."
        )
    st.markdown("**All values**")
    show_table(points[list(FORMATS)], "robustness", FORMATS, rows=points)


st.title("Robustness")
st.markdown(ABOUT)
loaded = load_runs()
found = read_all((*shipped_files(), *loaded.robustness))
for problem in found.problems:
    st.warning(verbatim(problem))
if not found.comparisons:
    show_empty(
        "No model has been measured on corrupted images yet. Measure a run, or the bundled model; "
        "robustness.json in the folder of a run and any JSON file directly in the runs folder "
        "are found:",
        COMMANDS,
    )
else:
    points, labels, sample = pick_points(found)
    name = st.segmented_control(
        "Measure",
        list(MEASURES),
        default="Accuracy",
        required=True,
        key="robustness_measure",
        bind="query-params",
    )
    st.markdown(f"##### {verbatim(headline(points, MEASURES[str(name)]))}")
    if others := second_sentence(points):
        st.markdown(verbatim(others))
    bands = " Bands: 95 % intervals (Wilson)." if name == "Accuracy" else ""
    st.caption(f"Dashed: the same images, not corrupted.{bands}")
    show_charts(points, labels, str(name), sample)
    show_tables(points)
    with st.expander("How to read this"):
        st.markdown(RULES)

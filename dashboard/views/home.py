"""The landing page: what this is, a few figures, the maps of EAC and baseline, where to go."""

from pathlib import Path

import streamlit as st

from dashboard.analysis.glossary import explained, words_list
from dashboard.analysis.landing import (
    LandingFigure,
    figures_elsewhere,
    landing_figures,
    rival_figures,
)
from dashboard.analysis.shipped_maps import FACE, shipped_pair
from dashboard.charts.map_images import face_image, image_url, map_overlay, strip
from dashboard.data.names import SHIPPED_RUNS, read_folders
from dashboard.views.foreign_text import foreign
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import TRAIN_COMMAND
from fer_core.reporting.table_text import Cell, TextTable, to_markdown

VIEWS = Path(__file__).parent
WHAT = (
    "Labels of facial expressions are noisy: FER2013's own labels disagree with the majority of "
    "ten raters on a third of its images. This dashboard shows what label noise costs a network, "
    "and what EAC, which trains the attention maps of a face and its mirror image to agree, "
    "changes relative to the cross-entropy baseline. Every chart comes from run records with the "
    "command that reproduces them, and nothing leaves the computer that runs this page."
)
HOW = (
    "The baseline minimises the classification loss L_cls alone. EAC adds a loss on the difference "
    "between the maps of a face and of its mirror image. Unless something else is said, accuracy "
    "is the mean of the last five epochs; the pages also show mean class accuracy, the share of "
    "wrong labels that a model memorised, and its calibration (ECE). Published results are "
    "shown next to ours, among them those of the HUST report."
)
PAGES = {
    "noise": ("Noise robustness", "Accuracy against the noise rate, over seeds."),
    "curves": ("Training curves", "Losses, accuracy and memorised labels, epoch by epoch."),
    "classes": ("Classes", "Confusion matrices, recall with intervals, and calibration."),
    "changes": ("Changed predictions", "Which images two models predict differently."),
    "robustness": ("Robustness", "Noise, blur, JPEG, low resolution and light."),
    "audit": ("Label audit", "Training images whose label is probably wrong."),
    "maps": ("Attention maps", "The maps of two models, on faces of yours."),
    "runs": ("Runs", "All runs, and what distinguishes any two of them."),
    "table": ("Results table", "The table of a paper, to copy as LaTeX."),
    "cost": ("Cost", "Time, parameters and arithmetic against accuracy."),
    "published": ("Published results", "What papers report, and where it was read."),
}


@st.cache_data(show_spinner=False)
def find_figures() -> tuple[list[LandingFigure], dict[str, dict[str, list[LandingFigure]]]]:
    """Figures of the shipped records, which do not change: of the pair, and tables by title."""
    runs = read_folders([SHIPPED_RUNS])
    tables = {
        "Other approaches on the same seeds": rival_figures(runs),
        "Other networks and image sizes": figures_elsewhere(runs),
    }
    return landing_figures(runs), tables


def show_figures() -> None:
    """Differences between EAC and baseline, with intervals; those of others in tables."""
    figures, tables = find_figures()
    if not figures:
        return
    for box, figure in zip(st.columns(len(figures)), figures, strict=True):
        with box.container(border=True, height="stretch"):
            st.metric(figure.name, figure.value)
            interval = f"{figure.interval[0].upper()}{figure.interval[1:]}"
            st.caption(foreign(f"EAC minus baseline with {figure.noise}. {interval}."))
            st.caption(foreign(f"{figure.detail}."))
    names = [figure.name for figure in figures]
    for title, approaches in tables.items():
        if approaches:
            rows = tuple(_row(name, gains, names) for name, gains in approaches.items())
            st.markdown(to_markdown(TextTable((title, *names), rows, "")))
    if any(tables.values()):
        st.caption(
            "Each minus the baseline of its own setting, in points, with its 95 % interval over "
            "seeds."
        )


def _row(name: str, gains: list[LandingFigure], columns: list[str]) -> tuple[Cell, ...]:
    """An approach with its figures below those of the pair, of which it may lack some."""
    known = {one.name: one.short for one in gains}
    return (Cell(name), *(Cell(known.get(column, "-")) for column in columns))


@st.cache_data(show_spinner=False)
def find_mirror() -> list[tuple[str, str]]:
    """By shipped model: a sentence, and the image: face, map, and map of the mirror image."""
    figures = []
    for model, maps in shipped_pair().items():
        face = maps.names.index(FACE)
        predicted, crop = maps.prediction(face), maps.crops[face]
        views = [map_overlay(crop, view) for view in maps.check(face).maps[:, predicted]]
        text = (
            f"{model}: agreement {maps.agreement(face):.2f} for “{maps.classes[predicted]}”, "
            f"{maps.mean_agreement():.2f} on average over {len(maps.names)} synthetic faces"
        )
        figures.append((text, image_url(strip([face_image(crop), *views]))))
    return figures


def show_mirror() -> None:
    """The maps of both models for a face and for its mirror image."""
    st.subheader("A face, its map, and the map of its mirror image")
    figures = find_mirror()
    for box, (text, image) in zip(st.columns(len(figures)), figures, strict=True):
        box.image(image, text, width="stretch")
    st.caption(
        "From left to right: the face, the map of the predicted class, and that of the "
        "mirrored face, mirrored back. Agreement is the correlation of the two maps. This EAC, "
        "unlike the published one, flips its labelled view. It is trained for agreement, so a "
        "high value is no proof that its maps are right: they depend less on "
        "the image than those of the baseline (docs/experiments.md)."
    )


def show_pages() -> None:
    """Links to the pages with a sentence on each."""
    st.subheader("Where to go")
    pages = list(PAGES.items())
    for start in range(0, len(pages), 3):
        for box, (view, (title, text)) in zip(st.columns(3), pages[start:], strict=False):
            with box:
                st.page_link(VIEWS / f"{view}.py", label=f"**{title}**", query_params=_sources())
                st.caption(text)


def _sources() -> dict[str, str]:
    """The sources of run records, kept in the links."""
    asked = str(st.session_state.get("runs") or "")
    return {"runs": asked} if asked else {}


st.title("Facial expression recognition under label noise")
st.markdown(explained(WHAT), unsafe_allow_html=True)
show_figures()
show_mirror()
st.markdown(explained(HOW), unsafe_allow_html=True)
with st.expander("Glossary"):
    st.markdown(words_list())
show_pages()
if load_runs().table.empty:
    st.info(f"No run was found in the chosen source. Train one: `{TRAIN_COMMAND}`")

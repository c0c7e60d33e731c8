"""The blocks of the maps page."""

import streamlit as st

from dashboard.analysis.map_choices import DEFAULT_PAIR, MapsError
from dashboard.analysis.map_fidelity import fidelity_table
from dashboard.analysis.map_process import MapCache
from dashboard.analysis.map_tables import (
    agreement_headline,
    class_table,
    face_table,
    map_table,
    model_table,
    recognised,
)
from dashboard.analysis.model_maps import ModelMaps
from dashboard.charts.map_images import (
    BAR_WIDTH,
    GAP,
    SIDE,
    SMALL_SIDE,
    Panel,
    colour_bar,
    face_image,
    image_url,
    sheet,
    strip,
)
from dashboard.charts.map_panels import CONSISTENCY, SYNTHETIC_ONLY, flip_panels, map_panel
from dashboard.views.downloads import save_button
from dashboard.views.foreign_text import foreign
from dashboard.views.links import rename_faces_in_link
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_download
from fer_core.reporting.map_files import EXPLANATION

NUMBER = st.column_config.NumberColumn
FLIPS_VIEW = f"{DEFAULT_PAIR[1]} flips its labelled view."


@st.cache_resource(show_spinner=False, on_release=MapCache.close)
def map_cache() -> MapCache:
    """The maps computed so far and the process that computes them, shared by all visitors."""
    return MapCache()


def show_failure(error: MapsError, model: str = "") -> None:
    """The error in one sentence, and the command that reproduces it."""
    st.error(foreign(f"{model}: {error}" if model else error))
    if error.command:
        st.code(error.command, language="bash")


def show_headline(found: dict[str, ModelMaps], note: str) -> None:
    """How far maps agree with their mirror images, and beside it what such agreement is worth.

    Args:
        found: the maps by model.
        note: on the faces, below the headline.
    """
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown(f"##### {agreement_headline(found)}")
        if text := f"{note} {recognised(found)}".strip():
            st.markdown(text)
    table = fidelity_table(list(found))
    if table.empty:
        return
    with right:
        show_table(table, "fidelity", {"measure": "What the maps are worth"})
        flips = f" {FLIPS_VIEW}" if DEFAULT_PAIR[1] in table else ""
        st.caption(
            f"{EXPLANATION} Agreement is cheap where maps hardly depend on the image.{flips} "
            "Images of FERPlus val."
        )


def show_colours() -> None:
    """The scale of the colours of the maps."""
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.caption("0", width="content")
    row.image(image_url(colour_bar()), width=BAR_WIDTH)
    row.caption("strongest point of the map", width="content")


def show_panels(panels: list[Panel], width: int = SIDE) -> None:
    """Images with captions, wrapped to the width of the page."""
    row = st.container(horizontal=True, gap="xsmall")
    for panel in panels:
        row.image(image_url(panel.image), foreign(panel.caption).replace("\n", "  \n"), width=width)


def show_all_faces(found: dict[str, ModelMaps], emotion: str) -> None:
    """Every face with the map of each model."""
    st.subheader("All faces")
    st.caption(foreign(f"From left to right: the face, {', '.join(found)}."))
    first = next(iter(found.values()))
    strips = []
    for face, name in enumerate(first.names):
        panels = {model: map_panel(maps, face, emotion) for model, maps in found.items()}
        images = [face_image(first.crops[face]), *(panel.image for panel in panels.values())]
        predictions = [f"{model}: {panel.caption}" for model, panel in panels.items()]
        strips.append(Panel(strip(images), "\n".join([f"**{name}**", *predictions])))
    show_panels(strips, (len(found) + 1) * SIDE + len(found) * GAP)


@st.fragment
def show_one_face(found: dict[str, ModelMaps], emotion: str) -> None:
    """The maps of all classes for one face, then those of the face and of its horizontal flip."""
    names = next(iter(found.values())).names
    st.subheader("All classes for one face")
    rename_faces_in_link("looks_face", names)
    name = st.selectbox("Face", names, key="looks_face", bind="query-params", width=320)
    face = names.index(name)
    rows = []
    for model, maps in found.items():
        panels = [map_panel(maps, face, one) for one in maps.classes]
        heading = f"{model} predicts {maps.classes[maps.prediction(face)]}"
        st.markdown(f"**{foreign(heading)}**")
        show_panels(panels, SMALL_SIDE)
        rows.append((f"{name}: {heading}", panels))
    st.subheader("The face and its horizontal flip")
    st.caption("The map of the flipped face is flipped back, so both can be compared directly.")
    for box, (model, maps) in zip(st.columns(len(found)), found.items(), strict=True):
        check, panels = maps.check(face), flip_panels(maps, face, emotion)
        predicted = maps.prediction(face)
        number = maps.classes.index(emotion) if emotion in maps.classes else predicted
        heading = f"{model}: map agreement {check.map_agreement(number):.2f}"
        consistency = f"consistency of the prediction {check.consistency(predicted):.2f}"
        with box:
            st.markdown(f"**{foreign(heading)}**, {consistency}")
            show_panels(panels)
        rows.append((f"{heading}, {consistency}", panels))
    buttons = st.container(horizontal=True)
    with buttons:
        save_button("Download PNG", lambda: sheet(rows), "maps.png", "image/png", "png-maps")
        show_download(map_table(found, name), "maps", "Maps as CSV")
        show_download(class_table(found, name), "classes", "Probabilities as CSV")


def show_figures(found: dict[str, ModelMaps], synthetic: bool) -> None:
    """How well each model agrees with itself on horizontal flips."""
    st.subheader("Agreement under horizontal flips")
    faces = face_table(found)
    columns = {
        "model": "Model",
        "face": "Face",
        "faces": NUMBER("Faces"),
        "prediction": "Prediction",
        "flipped_prediction": "Prediction, flipped",
        "consistency": NUMBER("Consistency", format="%.3f"),
        "lowest": NUMBER("Lowest consistency", format="%.3f"),
        "map_agreement": NUMBER("Map agreement", format="%.3f"),
        "prediction_agreement": NUMBER("Prediction agreement", format="%.3f"),
        "probability_percent": NUMBER("Probability (%)", format="%.1f"),
    }
    table = model_table(faces)
    show_table(table, "agreement", columns)
    with st.expander("Each face"):
        show_table(faces, "agreement-by-face", columns)
    note = SYNTHETIC_ONLY if synthetic else ""
    st.caption(f"Means over the faces shown. {CONSISTENCY}{note}")

"""The blocks of the page on where models look."""

import streamlit as st

from dashboard.analysis.cam_choices import LooksError
from dashboard.analysis.cam_process import Looks
from dashboard.analysis.cam_tables import class_table, face_table, map_table, model_table
from dashboard.charts.cam import GAP, SIDE, SMALL_SIDE, Panel, face_picture, sheet, strip
from dashboard.charts.cam_panels import CONSISTENCY, DRAWN_ONLY, map_panel, mirror_panels
from dashboard.views.widgets import show_download

NUMBER = st.column_config.NumberColumn


def show_failure(error: LooksError, model: str = "") -> None:
    """One sentence, and the command that says more."""
    st.error(f"{model}: {error}" if model else str(error))
    if error.command:
        st.code(error.command, language="bash")


def show_panels(panels: list[Panel], width: int = SIDE) -> None:
    """Pictures in as many rows as the page's width asks for."""
    row = st.container(horizontal=True, gap="xsmall")
    for panel in panels:
        row.image(panel.picture, panel.words.replace("\n", "  \n"), width=width)


def show_all_faces(looks: dict[str, Looks], emotion: str) -> None:
    """Every face, then each model's map of it."""
    st.subheader("All faces")
    st.caption(f"Left the face, then {' and then '.join(looks)}.")
    first = next(iter(looks.values()))
    strips = []
    for face, name in enumerate(first.names):
        panels = {model: map_panel(said, face, emotion) for model, said in looks.items()}
        pictures = [face_picture(first.crops[face]), *(p.picture for p in panels.values())]
        answers = [f"{model}: {panel.words}" for model, panel in panels.items()]
        strips.append(Panel(strip(pictures), "\n".join([f"**{name}**", *answers])))
    show_panels(strips, (len(looks) + 1) * SIDE + len(looks) * GAP)


def show_one_face(looks: dict[str, Looks], emotion: str) -> None:
    """All classes of one face, and its mirror pair."""
    names = next(iter(looks.values())).names
    st.subheader("All classes of one face")
    name = st.selectbox("Face", names, key="looks_face", bind="query-params", width=320)
    face = names.index(name)
    rows = []
    for model, said in looks.items():
        panels = [map_panel(said, face, one) for one in said.classes]
        heading = f"{model} answers {said.classes[said.answer(face)]}"
        st.markdown(f"**{heading}**")
        show_panels(panels, SMALL_SIDE)
        rows.append((f"{name}: {heading}", panels))
    st.subheader("The same face and its mirror image")
    st.caption("The map of the mirror image is flipped back, so that both stand alike.")
    for box, (model, said) in zip(st.columns(len(looks)), looks.items(), strict=True):
        check, panels = said.check(face), mirror_panels(said, face, emotion)
        number = said.classes.index(emotion) if emotion in said.classes else said.answer(face)
        heading = f"{model}: the maps agree by {check.map_agreement(number):.2f}"
        consistency = f"consistency of its answer {check.consistency(said.answer(face)):.2f}"
        with box:
            st.markdown(f"**{heading}**, {consistency}")
            show_panels(panels)
        rows.append((f"{heading}, {consistency}", panels))
    buttons = st.container(horizontal=True)
    with buttons:
        st.download_button(
            "Download PNG",
            sheet(rows),
            "maps.png",
            "image/png",
            key="png-maps",
            on_click="ignore",
            type="tertiary",
        )
        show_download(map_table(looks, name), "maps", "Maps as CSV")
        show_download(class_table(looks, name), "classes", "Probabilities as CSV")


def show_figures(looks: dict[str, Looks], drawn: bool) -> None:
    """How far each model agrees with itself on mirror images."""
    st.subheader("Agreement with the mirror image")
    faces = face_table(looks)
    columns = {
        "model": "Model",
        "face": "Face",
        "faces": NUMBER("Faces"),
        "answer": "Answer",
        "mirror_answer": "On its mirror image",
        "consistency": NUMBER("Consistency", format="%.3f"),
        "lowest": NUMBER("Lowest", format="%.3f"),
        "map_agreement": NUMBER("Maps agree", format="%.3f"),
        "answer_agreement": NUMBER("Answers agree", format="%.3f"),
        "probability_percent": NUMBER("Probability (%)", format="%.1f"),
    }
    table = model_table(faces)
    st.dataframe(table, hide_index=True, height="content", column_config=columns)
    show_download(table, "agreement")
    with st.expander("Face by face"):
        st.dataframe(faces, hide_index=True, height="content", column_config=columns)
        show_download(faces, "agreement-by-face")
    st.caption(f"Means over the faces shown. {CONSISTENCY}{DRAWN_ONLY if drawn else ''}")

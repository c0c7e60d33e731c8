"""Where it looks: class attention maps of two models on the same faces."""

from pathlib import Path

import streamlit as st

from dashboard.charts.looks import GAP, SIDE, Panel, face_picture, map_picture, sheet, strip
from dashboard.data import Runs
from dashboard.look_tables import emotion_table, face_table, map_table, model_table
from dashboard.looks import (
    MOST_FACES,
    Faces,
    Looker,
    Looks,
    LooksError,
    first_models,
    model_choices,
)
from dashboard.places import is_fixed
from dashboard.show import show_download, show_empty
from dashboard.source import load_runs

NUMBER = st.column_config.NumberColumn
DRAWN, FOLDER = "drawn faces", "a folder of pictures"
ANSWER = "its answer"
LAST_SEED = 99
MEANING = (
    "**What a map means.** The evidence for one emotion at each place of the face: its mean plus a "
    "constant is that emotion's score. Bright is the strongest evidence; each map is scaled by its "
    "own highest point, so brightness compares the places of one map, not emotions or models. "
    "Evidence against an emotion is not drawn.  \n"
    "**What it does not mean.** Not that the answer is right, not what the person feels, and not "
    "that hiding the bright place would change the answer. Each point of a map sees much more of "
    "the face than its own place."
)
CONSISTENCY = (
    "Consistency: what the answers on a face and on its mirror image share, times the correlation "
    "of both maps of the answer; 1 where the model sees the same in both. EAC is trained for maps "
    "that agree, so that it is ahead here is expected and by itself no better accuracy."
)
DRAWN_ONLY = " These faces are drawn: they show how a model looks, not how good it is."
NO_RUN = "No chosen run has saved a model to compare with these. Train one:"


@st.cache_resource(show_spinner=False)
def the_looker() -> Looker:
    """What remembers the maps, one for all visitors."""
    return Looker()


@st.cache_data(show_spinner=False, max_entries=4)
def find_models(_runs: Runs, fingerprint: str) -> dict[str, Path]:
    """The models to choose from; ``fingerprint`` is there for the cache's key."""
    return model_choices(_runs)


def pick_models(choices: dict[str, Path]) -> dict[str, Path]:
    """The two models chosen by the visitor, or one twice."""
    names, first = list(choices), first_models(choices)
    boxes = st.columns(2)
    picked = [
        box.selectbox(label, names, index=names.index(name), key=key, bind="query-params")
        for box, label, key, name in zip(
            boxes,
            ("Model", "Second model"),
            ("looks_first", "looks_second"),
            (first[0], first[-1]),
            strict=True,
        )
    ]
    return {name: choices[name] for name in picked}


def pick_faces() -> Faces | None:
    """The faces chosen by the visitor; None until a folder is named."""
    # Whoever fixes the records shows the page to strangers, who must not look around.
    kind = DRAWN
    if not is_fixed():
        kind = st.segmented_control(
            "Faces",
            (DRAWN, FOLDER),
            default=DRAWN,
            required=True,
            key="looks_faces",
            bind="query-params",
        )
    if kind == DRAWN:
        seed = st.number_input(
            "Drawing",
            0,
            LAST_SEED,
            key="looks_seed",
            bind="query-params",
            width=200,
            help="Each number draws eight other people, one for each expression.",
        )
        return Faces(seed=int(seed))
    folder = st.text_input(
        "Folder",
        key="looks_folder",
        bind="query-params",
        placeholder="/home/me/pictures",
        help=f"On the computer that runs this dashboard. Of more than {MOST_FACES} pictures as "
        "many are looked at, spread over the folder; of each its largest face. Nothing is kept.",
    )
    aligned = st.toggle(
        "Pictures are cut-out faces",
        key="looks_aligned",
        bind="query-params",
        help="As those of a data set: no face is looked for.",
    )
    return Faces(folder=Path(folder), aligned=aligned) if folder.strip() else None


def show_failure(error: LooksError, model: str = "") -> None:
    """One sentence, and the command that says more."""
    st.error(f"{model}: {error}" if model else str(error))
    if error.command:
        st.code(error.command, language="bash")


def map_panel(said: Looks, face: int, emotion: str) -> Panel:
    """The map of one emotion over one face, with its probability."""
    number = said.answer(face) if emotion == ANSWER else -1
    if emotion in said.classes:
        number = said.classes.index(emotion)
    if number < 0:
        return Panel(face_picture(said.crops[face]), f"does not know {emotion}")
    words = f"{said.classes[number]} {100 * said.probabilities[face, number]:.0f} %"
    return Panel(map_picture(said.crops[face], said.maps[face, number]), words)


def mirror_panels(said: Looks, face: int, emotion: str) -> list[Panel]:
    """The map of the face, and that of its mirror image flipped back."""
    number = said.classes.index(emotion) if emotion in said.classes else said.answer(face)
    names = ("the face", "its mirror image")
    check = said.check(face)
    return [
        Panel(
            map_picture(said.crops[face], check.maps[view, number]),
            f"{name}\n{said.classes[number]} {100 * check.probabilities[view, number]:.0f} %",
        )
        for view, name in enumerate(names)
    ]


def show_panels(panels: list[Panel]) -> None:
    """Pictures in as many rows as the page's width asks for."""
    words = [panel.words.replace("\n", "  \n") for panel in panels]
    st.image([panel.picture for panel in panels], words, width=SIDE)


def show_all_faces(looks: dict[str, Looks], emotion: str) -> None:
    """Every face, then each model's map of it."""
    st.subheader("All faces")
    st.caption(f"Left the face, then {' and then '.join(looks)}.")
    first = next(iter(looks.values()))
    strips, captions = [], []
    for face, name in enumerate(first.names):
        panels = {model: map_panel(said, face, emotion) for model, said in looks.items()}
        pictures = [face_picture(first.crops[face]), *(p.picture for p in panels.values())]
        strips.append(strip(pictures))
        answers = [f"{model}: {panel.words}" for model, panel in panels.items()]
        captions.append("  \n".join([f"**{name}**", *answers]))
    st.image(strips, captions, width=(len(looks) + 1) * SIDE + len(looks) * GAP)


def show_one_face(looks: dict[str, Looks], emotion: str) -> None:
    """All emotions of one face, and its mirror pair."""
    names = next(iter(looks.values())).names
    st.subheader("All emotions of one face")
    name = st.selectbox("Face", names, key="looks_face", bind="query-params", width=320)
    face = names.index(name)
    rows = []
    for model, said in looks.items():
        panels = [map_panel(said, face, one) for one in said.classes]
        heading = f"{model} answers {said.classes[said.answer(face)]}"
        st.markdown(f"**{heading}**")
        show_panels(panels)
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
        show_download(map_table(looks, name), "maps")
        show_download(emotion_table(looks, name), "emotions")


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


def show_looks(models: dict[str, Path], faces: Faces) -> None:
    """Everything that the page says about the models on the faces."""
    try:
        with st.spinner("Looking at the faces, some seconds for each model"):
            looks, failed = the_looker().look(models, faces)
    except LooksError as error:
        show_failure(error)
        return
    for model, error in failed.items():
        show_failure(error, model)
    if not looks:
        return
    first = next(iter(looks.values()))
    for sentence in first.left_out:
        st.info(f"Left out: {sentence}.")
    emotions = dict.fromkeys(name for said in looks.values() for name in said.classes)
    emotion = st.selectbox(
        "Map of", [ANSWER, *emotions], key="looks_map", bind="query-params", width=320
    )
    show_all_faces(looks, emotion)
    st.caption(MEANING)
    show_one_face(looks, emotion)
    show_figures(looks, drawn=faces.folder is None)


st.title("Where it looks")
loaded = load_runs()
choices = find_models(loaded, loaded.fingerprint)
if choices:
    chosen = pick_models(choices)
    if (asked := pick_faces()) is not None:
        show_looks(chosen, asked)
    else:
        st.info("Name a folder of pictures above.")
if not any(folder.name == "model" for folder in choices.values()):
    show_empty(NO_RUN if choices else "No saved model here. A training run writes one:")

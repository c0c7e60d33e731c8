"""Where it looks: class attention maps of two models on the same faces."""

from pathlib import Path

import streamlit as st

from dashboard.analysis.cam_choices import (
    MOST_FACES,
    Faces,
    LooksError,
    first_models,
    may_name_folders,
    model_choices,
)
from dashboard.analysis.cam_process import Looker, can_look
from dashboard.charts.cam_panels import ANSWER, MEANING
from dashboard.data.names import Runs
from dashboard.views.cam_blocks import show_all_faces, show_failure, show_figures, show_one_face
from dashboard.views.links import rename_in_link
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import show_empty
from fer_core.weights import RENAMED

DRAWN, FOLDER = "drawn faces", "a folder of pictures"
LAST_SEED = 99
FIRST_KEY, SECOND_KEY = "looks_first", "looks_second"
NO_TORCH = (
    "PyTorch makes the maps, and this dashboard runs without it. In a checkout of the project on "
    "your own computer they are shown:"
)
OWN_COMMANDS = "make install\nmake dashboard"
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
    for key in FIRST_KEY, SECOND_KEY:
        rename_in_link(key, RENAMED)
    boxes = st.columns(2)
    picked = [
        box.selectbox(label, names, index=names.index(name), key=key, bind="query-params")
        for box, label, key, name in zip(
            boxes,
            ("Model", "Second model"),
            (FIRST_KEY, SECOND_KEY),
            (first[0], first[-1]),
            strict=True,
        )
    ]
    return {name: choices[name] for name in picked}


def pick_faces() -> Faces | None:
    """The faces chosen by the visitor; None until a folder is named."""
    kind, row = DRAWN, st.container(horizontal=True, vertical_alignment="bottom")
    if may_name_folders(st.context.ip_address, st.context.headers):
        kind = row.segmented_control(
            "Faces",
            (DRAWN, FOLDER),
            default=DRAWN,
            required=True,
            key="looks_faces",
            bind="query-params",
        )
    if kind == DRAWN:
        seed = row.number_input(
            "Drawing",
            0,
            LAST_SEED,
            key="looks_seed",
            bind="query-params",
            width=200,
            help="Each number draws eight other people, one for each expression.",
        )
        return Faces(seed=int(seed))
    folder = row.text_input(
        "Folder",
        key="looks_folder",
        width=400,
        bind="query-params",
        placeholder="/home/me/pictures",
        help=f"On the computer that runs this dashboard. Of more than {MOST_FACES} pictures as "
        "many are looked at, spread over the folder; of each its largest face. Nothing is kept.",
    )
    aligned = row.toggle(
        "Pictures are cut-out faces",
        key="looks_aligned",
        bind="query-params",
        help="As those of a data set: no face is looked for.",
    )
    return Faces(folder=Path(folder), aligned=aligned) if folder.strip() else None


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
if not can_look():
    st.info(NO_TORCH)
    st.code(OWN_COMMANDS, language="bash")
    st.stop()
if choices:
    chosen = pick_models(choices)
    if (asked := pick_faces()) is not None:
        show_looks(chosen, asked)
    else:
        st.info("Name a folder of pictures above.")
if not any(folder.name == "model" for folder in choices.values()):
    show_empty(NO_RUN if choices else "No saved model here. A training run writes one:")

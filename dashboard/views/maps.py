"""Attention maps: class attention maps of two models on the same faces."""

from pathlib import Path

import streamlit as st

from dashboard.analysis.map_choices import (
    MAX_FACES,
    FaceChoice,
    MapsError,
    default_models,
    may_name_folders,
    model_choices,
)
from dashboard.analysis.map_process import MapCache, can_make_maps
from dashboard.charts.map_panels import MEANING, PREDICTED
from dashboard.data.names import Runs
from dashboard.views.links import FORMER_FACES, FORMER_MAPS, rename_in_link
from dashboard.views.map_blocks import show_all_faces, show_failure, show_figures, show_one_face
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import show_empty
from fer_core.weights import RENAMED

SYNTHETIC, FOLDER = "synthetic faces", "a folder of images"
LAST_SEED = 99
FIRST_KEY, SECOND_KEY = "looks_first", "looks_second"
NO_TORCH = (
    "The maps need PyTorch, which is not installed where this dashboard runs. To see them, start "
    "the dashboard from a checkout of the project on your own computer:"
)
OWN_COMMANDS = "make install\nmake dashboard"
NO_RUN = "None of these runs has saved a model to compare with these. Train one:"
NO_MODEL = "There is no saved model here. A training run writes one:"


@st.cache_resource(show_spinner=False)
def map_cache() -> MapCache:
    """The maps computed so far, shared by all visitors."""
    return MapCache()


@st.cache_data(show_spinner=False, max_entries=4)
def find_models(_runs: Runs, fingerprint: str) -> dict[str, Path]:
    """The models to choose from; ``fingerprint`` is only a key of the cache."""
    return model_choices(_runs)


def pick_models(choices: dict[str, Path]) -> dict[str, Path]:
    """The two models chosen by the visitor; one if both are the same."""
    names, first = list(choices), default_models(choices)
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


def pick_faces() -> FaceChoice | None:
    """The faces chosen by the visitor; None until a folder is named."""
    kind, row = SYNTHETIC, st.container(horizontal=True, vertical_alignment="bottom")
    if may_name_folders(st.context.ip_address, st.context.headers):
        rename_in_link("looks_faces", FORMER_FACES)
        kind = row.segmented_control(
            "Faces",
            (SYNTHETIC, FOLDER),
            default=SYNTHETIC,
            required=True,
            key="looks_faces",
            bind="query-params",
        )
    if kind == SYNTHETIC:
        seed = row.number_input(
            "Seed",
            0,
            LAST_SEED,
            key="looks_seed",
            bind="query-params",
            width=200,
            help="Each seed generates eight other people, one for each expression.",
        )
        return FaceChoice(seed=int(seed))
    folder = row.text_input(
        "Folder",
        key="looks_folder",
        width=400,
        bind="query-params",
        placeholder="/home/me/pictures",
        help="A folder on the computer that runs this dashboard. The largest face of each image is "
        f"used. If there are more than {MAX_FACES} images, {MAX_FACES} are taken from all over the "
        "folder. Nothing is stored.",
    )
    aligned = row.toggle(
        "Images are face crops",
        key="looks_aligned",
        bind="query-params",
        help="For images from a data set: no face detection.",
    )
    return FaceChoice(folder=Path(folder), aligned=aligned) if folder.strip() else None


def show_maps(models: dict[str, Path], faces: FaceChoice) -> None:
    """Everything that the page shows of the models on the faces."""
    try:
        with st.spinner("Computing the maps; this takes a few seconds for each model"):
            found, failed = map_cache().get(models, faces)
    except MapsError as error:
        show_failure(error)
        return
    for model, error in failed.items():
        show_failure(error, model)
    if not found:
        return
    first = next(iter(found.values()))
    for sentence in first.left_out:
        st.info(f"Skipped: {sentence}.")
    emotions = dict.fromkeys(name for maps in found.values() for name in maps.classes)
    rename_in_link("looks_map", FORMER_MAPS)
    emotion = st.selectbox(
        "Map of", [PREDICTED, *emotions], key="looks_map", bind="query-params", width=320
    )
    show_all_faces(found, emotion)
    st.caption(MEANING)
    show_one_face(found, emotion)
    show_figures(found, synthetic=faces.folder is None)


st.title("Attention maps")
loaded = load_runs()
choices = find_models(loaded, loaded.fingerprint)
if not can_make_maps():
    st.info(NO_TORCH)
    st.code(OWN_COMMANDS, language="bash")
    st.stop()
if choices:
    chosen = pick_models(choices)
    if (asked := pick_faces()) is not None:
        show_maps(chosen, asked)
    else:
        st.info("Name a folder of images above.")
if not any(folder.name == "model" for folder in choices.values()):
    show_empty(NO_RUN if choices else NO_MODEL)

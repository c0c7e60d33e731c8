"""Attention maps: class attention maps of two models on the same faces."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analysis.data_faces import faces_of_data
from dashboard.analysis.map_choices import (
    MAX_FACES,
    FaceChoice,
    MapsError,
    default_models,
    model_choices,
    trained_on_photographs,
)
from dashboard.analysis.map_process import can_make_maps
from dashboard.analysis.model_maps import ModelMaps
from dashboard.analysis.shipped_maps import shipped_pair
from dashboard.charts.map_panels import MEANING, PREDICTED
from dashboard.data.names import Runs
from dashboard.data.raters import FerError, data_on_this_computer
from dashboard.views.data_images import list_images
from dashboard.views.foreign_text import foreign
from dashboard.views.links import FORMER_FACES, FORMER_MAPS, rename_in_link
from dashboard.views.map_blocks import (
    map_cache,
    show_all_faces,
    show_colours,
    show_failure,
    show_figures,
    show_headline,
    show_one_face,
)
from dashboard.views.sidebar import load_runs
from dashboard.views.visit import at_home
from dashboard.views.widgets import show_empty
from fer_core.weights import RENAMED

SYNTHETIC, UPLOADS, FOLDER = "synthetic faces", "your images", "a folder of images"
DATA = "a data set"
OWN = (UPLOADS, FOLDER, DATA)  # faces of the visitor, at this computer
LATEST_RUNS = 20  # in whose records the data set is looked for
LAST_SEED = 99
LARGEST_UPLOAD = 10  # MB
UPLOAD_TYPES = ["png", "jpg", "jpeg", "webp", "bmp"]
FIRST_KEY, SECOND_KEY = "looks_first", "looks_second"
ABOUT = (
    "The attention maps of two models, face by face. A map adds up to the score of its class "
    "exactly; a table shows how local it is."
)
DRAWN = "**These faces are synthetic; the models were trained on photographs.**"
ASK_KNOWN = f"{DRAWN} For faces that they know choose {{}} above."
ASK_OWN = "**These faces are synthetic.** For photographs choose {} above."
NO_TORCH = (
    "These are the maps that ship with the dashboard. Other faces and models need PyTorch, which "
    "is not installed where this page runs; start the dashboard from a checkout of the project on "
    "your own computer:"
)
OWN_COMMANDS = "make install\nmake dashboard"
NO_RUN = "None of these runs has saved a model to compare with these. Train one:"
NO_MODEL = "There is no saved model here. A training run writes one:"


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


def own_kinds() -> tuple[str, ...]:
    """The kinds of faces of their own that the visitor may choose."""
    return OWN if at_home() else (UPLOADS,)


def pick_faces() -> FaceChoice | None:
    """The faces chosen by the visitor; None until images are uploaded or a folder is named."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    rename_in_link("looks_faces", FORMER_FACES)
    kind = row.segmented_control(
        "Faces",
        (*own_kinds(), SYNTHETIC),
        default=SYNTHETIC,
        required=True,
        key="looks_faces",
        bind="query-params",
    )
    if kind == SYNTHETIC:
        return FaceChoice(seed=pick_seed(row, "Each seed draws eight different people."))
    if kind == DATA:
        return pick_data(row)
    folder = ""
    if kind == FOLDER:
        folder = row.text_input(
            "Folder",
            key="looks_folder",
            width=400,
            bind="query-params",
            placeholder="/home/me/pictures",
            help="A folder on the computer that runs this dashboard. The largest face of each "
            f"image is used. If there are more than {MAX_FACES} images, {MAX_FACES} are taken from "
            "all over the folder. Nothing is stored.",
        )
    aligned = row.toggle(
        "Images are face crops",
        key="looks_aligned",
        bind="query-params",
        help="For images from a data set: no face detection.",
    )
    if kind == FOLDER:
        if not folder.strip():
            st.info("Name a folder of images above.")
            return None
        return FaceChoice(folder=Path(folder), aligned=aligned)
    images = take_uploads()
    return FaceChoice(aligned=aligned, uploads=images) if images else None


def pick_seed(row: DeltaGenerator, about: str) -> int:
    """The number that the visitor chose: others faces for another one."""
    return int(
        row.number_input(
            "Seed", 0, LAST_SEED, key="looks_seed", bind="query-params", width=200, help=about
        )
    )


def pick_data(row: DeltaGenerator) -> FaceChoice | None:
    """One evaluation image of each class of a data set; None until it is named and found."""
    runs = load_runs()
    if "looks_data" not in st.session_state and not st.query_params.get("looks_data"):
        latest = runs.table.sort_values("started", ascending=False)["run"].head(LATEST_RUNS)
        st.session_state["looks_data"] = data_on_this_computer(runs.folders[run] for run in latest)
    uri = row.text_input(
        "Data set on this computer",
        key="looks_data",
        width=400,
        bind="query-params",
        placeholder="ferplus:FOLDER",
        help="As `fer-core train --data` takes it. One evaluation image of each class is shown, "
        "one on which the raters agree where there are votes. Nothing is stored.",
    ).strip()
    seed = pick_seed(row, "Each seed picks different images.")
    if not uri:
        st.info("Name a data set above, such as `ferplus:FOLDER`.")
        return None
    try:
        data = list_images(uri)
        faces = faces_of_data(data, seed)
    except FerError as error:
        st.warning(foreign(f"{uri}: {error}"))
        return None
    if (classes := len(set(data.labels))) > MAX_FACES:
        st.info(f"The first {MAX_FACES} of {classes} classes are shown.")
    return FaceChoice(aligned=True, uploads=faces)


def take_uploads() -> tuple[tuple[str, bytes], ...]:
    """Name and content of the uploaded images."""
    uploads = st.file_uploader(
        f"Up to {MAX_FACES} images; the largest face of each is used",
        UPLOAD_TYPES,
        accept_multiple_files=True,
        key="looks_uploads",
        max_upload_size=LARGEST_UPLOAD,
    )
    st.caption(
        "They go to the computer that runs this page, which keeps them in its memory for these "
        "maps alone and stores nothing. Use images of people who agree to that."
    )
    if len(uploads) > MAX_FACES:
        st.info(f"The first {MAX_FACES} of {len(uploads)} images are shown.")
    return tuple((file.name, file.getvalue()) for file in uploads[:MAX_FACES])


def show_maps(models: dict[str, Path], faces: FaceChoice) -> None:
    """Everything that the page shows of the models on the faces."""
    try:
        with st.spinner("Computing the maps; the first time, PyTorch is loaded, too"):
            found, failed = map_cache().get(models, faces)
    except MapsError as error:
        show_failure(error)
        return
    for model, error in failed.items():
        show_failure(error, model)
    if found:
        show_found(found, faces.synthetic, ask_own(models) if faces.synthetic else "")
        map_cache().warm(models, faces)


def ask_own(models: dict[str, Path]) -> str:
    """That the faces are synthetic, and what shows other ones."""
    names = " or ".join(f"*{name}*" for name in own_kinds())
    return (ASK_KNOWN if trained_on_photographs(load_runs(), models) else ASK_OWN).format(names)


def show_found(found: dict[str, ModelMaps], synthetic: bool, note: str) -> None:
    """The maps of some models on the same faces, with a note on these faces."""
    for sentence in next(iter(found.values())).left_out:
        st.info(foreign(f"Skipped: {sentence}."))
    show_headline(found, note)
    emotions = dict.fromkeys(name for maps in found.values() for name in maps.classes)
    rename_in_link("looks_map", FORMER_MAPS)
    emotion = st.selectbox(
        "Map of", [PREDICTED, *emotions], key="looks_map", bind="query-params", width=320
    )
    show_all_faces(found, emotion)
    show_colours()
    st.caption(MEANING)
    show_one_face(found, emotion)
    show_figures(found, synthetic)


st.title("Attention maps")
st.markdown(ABOUT)
loaded = load_runs()
choices = find_models(loaded, loaded.fingerprint)
if not can_make_maps():
    show_found(shipped_pair(), synthetic=True, note=DRAWN)
    st.info(NO_TORCH)
    st.code(OWN_COMMANDS, language="bash")
    st.stop()
if choices:
    chosen = pick_models(choices)
    if (asked := pick_faces()) is not None:
        show_maps(chosen, asked)
if not any(folder.name == "model" for folder in choices.values()):
    show_empty(NO_RUN if choices else NO_MODEL)

"""The changed images themselves: as thumbnails, and with the maps of both models."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.analysis.map_choices import WEIGHTS_FILE, FaceChoice, MapsError, model_of_run
from dashboard.analysis.map_process import can_make_maps
from dashboard.analysis.model_maps import ModelMaps
from dashboard.charts.map_images import face_image, image_url, map_overlay, strip
from dashboard.data.names import Runs
from dashboard.data.raters import EvalImages
from dashboard.views.foreign_text import foreign
from dashboard.views.map_blocks import map_cache, show_failure

SHOWN = 24
SIDE = 104  # pixels; three fit next to each other on a phone
MAPPED = 6
MOST_LISTED = 4  # runs with weights
FIRST = f"the first {MAPPED}"
NO_MODELS = (
    "The maps of both models are offered where both runs kept their weights (the folder `model` of "
    "a record), as new runs do."
)


def show_thumbnails(rows: pd.DataFrame, data: EvalImages) -> dict[str, str]:
    """The first of the images with label and predictions.

    Args:
        rows: `changes.image_rows`.
        data: where the images are.

    Returns:
        By what is written below it, the name of each image that opened.
    """
    first = rows.head(SHOWN)
    pairs = [
        (image, row)
        for image, row in zip(data.open(list(first["image"])), first.itertuples(), strict=True)
        if image is not None
    ]
    if not pairs:
        st.warning("None of these images is in the data set: another one, or another split?")
        return {}
    if len(rows) > len(pairs):
        st.caption(f"The {len(pairs)} surest of {len(rows):,}; label: first → second prediction.")
    names = {}
    with st.container(horizontal=True):
        for number, (image, row) in enumerate(pairs, start=1):
            square = image.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC)
            text = f"{number}. {row.label}: {row.first_predicted} → {row.second_predicted}"
            st.image(square, foreign(text), width=SIDE)
            names[text] = str(row.image)
    return names


def show_maps(
    runs: Runs,
    sides: Sequence[tuple[str, str]],
    data: EvalImages,
    images: Mapping[str, str],
    others: Mapping[str, str],
) -> None:
    """The maps of both models on some of the images, once the visitor asks for them.

    Args:
        runs: all of them.
        sides: name and run of each of the two models.
        data: where the images are.
        images: by what is written below it, the name of each image that opens.
        others: by name, a run of all that could be chosen.
    """
    models = {name: model_of_run(runs, run) for name, run in sides}
    folders = {name: folder for name, folder in models.items() if folder is not None}
    if len(folders) < len(sides) or not can_make_maps():
        kept = [name for name, run in others.items() if model_of_run(runs, run) is not None]
        listed = "; ".join(kept[:MOST_LISTED])
        st.caption(foreign(NO_MODELS + (f" Here: {listed}." if kept else "")))
        return
    if not st.toggle("Maps of both models", key="changes_maps", bind="query-params"):
        return
    choices = [FIRST, *images] if len(images) > 1 else list(images)
    picked = st.selectbox("Maps of", choices, key="changes_image", bind="query-params", width=420)
    shown = {picked: images[picked]} if picked in images else dict(list(images.items())[:MAPPED])
    written = tuple((name, str(one), written_at(one)) for name, one in folders.items())
    try:
        with st.spinner("Computing the maps; this takes a few seconds for each model"):
            opened = data.open(list(shown.values()))
            found = compute_maps(opened, digest_of(opened), written)
    except MapsError as error:
        show_failure(error)
        return
    names = [foreign(name) for name in found]
    st.caption(
        f"From left to right: the image, the map of {names[0]}, the map of {names[1]}, each for "
        "the class that the model predicts with flip TTA. Of several seeds: the first."
    )
    with st.container(horizontal=True):
        numbers = [text.partition(".")[0] for text in shown]
        for face in range(min(len(maps.names) for maps in found.values())):
            image, words = _strip(list(found.values()), face)
            st.image(image, foreign(f"{numbers[face]}. {words}"), width=3 * SIDE)


def written_at(model: Path) -> int:
    """When the weights of a model were written, in nanoseconds."""
    return (model / WEIGHTS_FILE).stat().st_mtime_ns


def digest_of(images: Sequence[Image.Image | None]) -> str:
    """Tells images apart by their pixels; None is an image that cannot be opened."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(b"" if image is None else image.tobytes())
        digest.update(repr(None if image is None else (image.mode, image.size)).encode())
    return digest.hexdigest()


@st.cache_data(show_spinner=False, max_entries=16)
def compute_maps(
    _images: Sequence[Image.Image | None],
    digest: str,
    written: tuple[tuple[str, str, int], ...],
) -> dict[str, ModelMaps]:
    """The maps of each model on some images; ``digest`` is only a key of the cache.

    Args:
        digest: of the images.
        written: name and folder of each model, and when its weights were written.

    Raises:
        MapsError: when they cannot be computed.
    """
    with tempfile.TemporaryDirectory(prefix="fer-changed-") as scratch:
        for place, image in enumerate(_images):
            if image is not None:
                image.save(Path(scratch) / f"{place:02}.png")
        faces = FaceChoice(folder=Path(scratch), aligned=True)
        found, failed = map_cache().get({n: Path(folder) for n, folder, _ in written}, faces)
    for error in failed.values():
        raise error
    return found


def _strip(found: list[ModelMaps], face: int) -> tuple[str, str]:
    """An image beside the maps of the predicted classes, and these classes."""
    shown = [maps.prediction(face) for maps in found]
    overlays = [
        map_overlay(maps.crops[face], maps.maps[face, one])
        for maps, one in zip(found, shown, strict=True)
    ]
    words = " → ".join(maps.classes[one] for maps, one in zip(found, shown, strict=True))
    return image_url(strip([face_image(found[0].crops[face]), *overlays])), words

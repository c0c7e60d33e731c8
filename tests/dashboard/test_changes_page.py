"""The page of changed predictions, run without a browser."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image

from dashboard.analysis.model_maps import ModelMaps
from dashboard.data.raters import EvalImages
from fer_core.records.predictions import Prediction, read_predictions, write_predictions
from fer_core.records.published import SHIPPED_RUNS

DEMO_RUNS = ("demo_pair/cross_entropy", "demo_pair/eac")
DEMO_SIDES = tuple(
    f"{method} · mobilenetv2_100 · FERPlus · 30 % noise · 12 epochs · seed 0"
    for method in ("baseline", "EAC")
)
NO_AGREEMENT = pd.Series(dtype=float)


@pytest.fixture
def predicted(records):
    """The eight records with predictions: EAC's are right more often."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 7, 200)
    for folder in sorted(records.iterdir()):
        right = generator.random(200) < (0.9 if folder.name.startswith("eac") else 0.6)
        answers = np.where(right, labels, (labels + 1) % 7)
        rows = zip(labels, answers, strict=True)
        write_predictions(
            folder,
            [
                Prediction(f"face_{place:03}", int(label), int(answer), 0.8)
                for place, (label, answer) in enumerate(rows)
            ],
        )
    return records


@pytest.mark.slow
def test_the_page_begins_with_the_pair_of_methods_and_lists_what_changed(
    open_page, predicted, monkeypatch
):
    app = open_page("changes", predicted)
    assert not app.exception
    assert not app.warning
    sentence = app.markdown[1].value
    assert "From baseline · 30 % symmetric noise · 2 seeds to EAC" in sentence
    gained, lost = map(int, re.search(r"(\d+) of 200 .* and (\d+) from right", sentence).groups())
    by_class, images = (frame.value for frame in app.dataframe)
    assert by_class["gained"].sum() == gained
    assert by_class["lost"].sum() == lost
    assert len(images) == gained
    app.segmented_control(key="changes_way").set_value("right → wrong").run()
    assert len(app.dataframe[1].value) == lost
    assert "not part of run records" in "".join(item.value for item in app.caption)
    monkeypatch.setattr("dashboard.analysis.map_choices.may_name_folders", lambda *_: True)
    app.run()
    app.text_input(key="changes_data").set_value("ferplus:nowhere").run()
    assert not app.exception
    assert "nowhere" in app.warning[0].value


def test_records_without_predictions_are_a_sentence_with_a_command(shown_page, eight_records):
    app = shown_page("changes", eight_records)
    assert "No finished run has predictions" in app.info[0].value
    assert "fer-core train" in app.code[0].value


class GreyImages:
    """Images of a data set that is nowhere on this computer."""

    def open(self, index):
        return Image.new("RGB", (48, 48), (index % 256,) * 3)


@pytest.fixture
def demo_pair(open_page, monkeypatch):
    """The function that opens the page on the shipped pair with its images and made-up maps.

    Its list has the models and the files of all questions to the process that computes maps.
    """
    asked = []

    def make_up(_, models, faces):
        files = sorted(path.name for path in faces.folder.iterdir())
        asked.append((tuple(models), len(files)))
        return {name: maps_of(folder, files) for name, folder in models.items()}

    def maps_of(folder, files):
        classes = json.loads((folder / "config.json").read_text())["label_names"]
        seed = len(folder.name)  # the two models predict differently
        views = np.random.default_rng(seed).dirichlet(np.ones(len(classes)), (len(files), 2))
        maps = np.random.default_rng(seed).normal(size=(len(files), 2, len(classes), 3, 3))
        crops = np.zeros((len(files), 48, 48, 3), np.uint8)
        return ModelMaps(files, classes, crops, views.mean(1), maps.mean(1), views, maps, [])

    names = tuple(one.image for one in read_predictions(SHIPPED_RUNS / DEMO_RUNS[0]))
    data = EvalImages("ferplus:made", names, GreyImages(), ("anger",) * len(names), NO_AGREEMENT)
    st.cache_resource.clear()
    st.cache_data.clear()
    monkeypatch.setattr("dashboard.analysis.map_process.compute_maps", make_up)
    monkeypatch.setattr("dashboard.analysis.map_choices.may_name_folders", lambda *_: True)
    monkeypatch.setattr("dashboard.views.data_images.list_images", lambda _: data)

    def show(**query):
        named = dict(zip(("changes_first", "changes_second"), DEMO_SIDES, strict=True))
        address = named | {"changes_data": data.uri} | query
        return open_page("changes", SHIPPED_RUNS, **address)

    yield show, asked
    st.cache_resource.clear()


@pytest.mark.slow
def test_the_maps_of_both_runs_are_shown_for_the_first_images_or_a_chosen_one(demo_pair):
    show, asked = demo_pair
    app = show(changes_maps="true")
    assert not app.exception
    shown = [image.captions[0] for image in app.get("image")]
    thumbnails, maps = shown[:24], shown[24:]
    assert [text.partition(".")[0] for text in thumbnails] == [str(n) for n in range(1, 25)]
    assert [text.partition(".")[0] for text in maps] == [str(n) for n in range(1, 7)]
    names = ("baseline · 30 % symmetric noise · seed 0", "EAC · 30 % symmetric noise · seed 0")
    assert asked == [(names, 6)]
    app.selectbox(key="changes_image").select(thumbnails[9]).run()
    assert asked[1:] == [(names, 1)]
    (chosen,) = (image.captions[0] for image in app.get("image")[24:])
    assert chosen.startswith("10. ")


@pytest.mark.slow
def test_a_comparison_in_the_other_direction_has_its_own_maps(demo_pair, monkeypatch):
    """Weights that were installed together were written at the same moment."""
    monkeypatch.setattr("dashboard.views.change_images.written_at", lambda _: 0)
    show, _ = demo_pair
    show(changes_maps="true")
    app = show(changes_maps="true", changes_first=DEMO_SIDES[1], changes_second=DEMO_SIDES[0])
    assert not app.exception
    told = next(item.value for item in app.caption if "From left to right" in item.value)
    assert "the map of EAC" in told.partition(", the map of baseline")[0]


@pytest.mark.slow
def test_runs_without_weights_name_those_that_kept_them(demo_pair):
    show, asked = demo_pair
    study = {
        "changes_first": "baseline · mobilenetv2_100 · FERPlus · 30 % symmetric · 48 px · "
        "15 epochs · 3 seeds",
        "changes_second": "EAC · mobilenetv2_100 · FERPlus · 30 % symmetric · 48 px · 15 epochs "
        "· 3 seeds",
    }
    app = show(**study)
    told = next(item.value for item in app.caption if "kept their weights" in item.value)
    assert all(side in told for side in DEMO_SIDES)
    assert asked == []

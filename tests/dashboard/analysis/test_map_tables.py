"""What maps say in figures, and their images."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from dashboard.analysis.map_fidelity import fidelity_table
from dashboard.analysis.map_tables import (
    VIEWS,
    agreement_headline,
    class_table,
    face_table,
    map_table,
    model_table,
    recognised,
)
from dashboard.analysis.model_maps import ModelMaps
from dashboard.charts.map_images import (
    GAP,
    LINE_COLOUR,
    SHARP,
    SIDE,
    Panel,
    colour_bar,
    face_image,
    image_url,
    map_overlay,
    sheet,
    strip,
)
from fer_core.explain.cam import colourise


@pytest.fixture
def found():
    """Two faces, three classes; the first has the same maps when flipped, the second has not."""
    generator = np.random.default_rng(0)
    view_maps = np.repeat(generator.normal(size=(2, 1, 3, 4, 4)), 2, axis=1).astype(np.float32)
    view_maps[1, 1] *= -1
    views = np.array([[[0.7, 0.2, 0.1]] * 2, [[0.1, 0.8, 0.1], [0.6, 0.3, 0.1]]])
    return ModelMaps(
        names=["one", "two"],
        classes=["anger", "fear", "joy"],
        crops=generator.integers(0, 255, (2, 16, 16, 3), dtype=np.uint8),
        probabilities=views.mean(1),
        maps=view_maps.mean(1),
        view_probabilities=views,
        view_maps=view_maps,
        left_out=[],
    )


def test_a_face_with_equal_maps_for_both_flips_is_consistent(found):
    one = face_table({"model": found}).iloc[0]
    assert (one["prediction"], one["flipped_prediction"]) == ("anger", "anger")
    assert one["probability_percent"] == pytest.approx(70)
    assert one[["prediction_agreement", "map_agreement", "consistency"]].tolist() == pytest.approx(
        [1, 1, 1]
    )


def test_opposite_maps_are_not_consistent(found):
    two = face_table({"model": found}).iloc[1]
    assert (two["prediction"], two["flipped_prediction"]) == ("fear", "anger")
    assert two["prediction_agreement"] == pytest.approx(0.5)
    assert two["consistency"] == 0


def test_models_have_the_means_over_their_faces(found):
    table = model_table(face_table({"b": found, "a": found}))
    assert table["model"].tolist() == ["b", "a"]
    assert table["faces"].tolist() == [2, 2]
    assert table["consistency"].tolist() == pytest.approx([0.5, 0.5])
    assert table["lowest"].tolist() == [0, 0]


def test_all_classes_of_a_face_sum_to_one_hundred(found):
    table = class_table({"a": found, "b": found}, "two")
    assert len(table) == 6
    assert table.groupby("model")["probability_percent"].sum().tolist() == pytest.approx([100, 100])


def test_the_table_of_maps_holds_every_value_that_is_drawn(found):
    table = map_table({"model": found}, "two")
    assert len(table) == 3 * 3 * 4 * 4
    for view, expected in zip(
        VIEWS, (found.maps[1], found.view_maps[1, 0], found.view_maps[1, 1]), strict=True
    ):
        values = table[table["view"] == view]["value"].to_numpy().reshape(3, 4, 4)
        assert np.array_equal(values, expected)
    row = table[(table["view"] == VIEWS[1]) & (table["class"] == "joy")]
    row = row[(row["row"] == 2) & (row["column"] == 3)]
    assert row["value"].item() == found.view_maps[1, 0, 2, 2, 3]


def test_a_face_is_grey_and_a_map_without_evidence_leaves_it_so(found):
    face = face_image(found.crops[0])
    assert face.size == (SIDE * SHARP, SIDE * SHARP)
    red, green, blue = np.asarray(face).transpose(2, 0, 1)
    assert np.array_equal(red, green)
    assert np.array_equal(red, blue)
    nothing = map_overlay(found.crops[0], -np.ones((4, 4)))
    assert np.array_equal(np.asarray(nothing), np.asarray(face))


def test_a_map_is_brightest_where_the_evidence_is():
    attention = np.zeros((4, 4))
    attention[0, 3] = 2.0
    image = np.asarray(map_overlay(np.zeros((16, 16, 3), np.uint8), attention), dtype=float)
    quarter = SIDE * SHARP // 4
    bright = image[:quarter, -quarter:].mean()
    assert bright > 2 * image[-quarter:, :quarter].mean()
    assert colourise(np.ones((1, 1)))[0, 0, 0] > 200


def test_a_strip_shows_a_grey_line_between_its_images(found):
    face = face_image(found.crops[0])
    whole = strip([face, face])
    assert whole.size == (2 * SIDE * SHARP + GAP * SHARP, SIDE * SHARP)
    line = np.asarray(whole)[:, SIDE * SHARP + 1]
    assert (line == bytes.fromhex(LINE_COLOUR[1:])[0]).any(axis=1).all()
    assert np.ptp(line, axis=0).max() == 0


def test_the_sheet_is_an_image_with_every_panel(found):
    panels = [Panel(Image.new("RGB", (20, 20), colour), colour) for colour in ("red", "blue")]
    image = Image.open(io.BytesIO(sheet([("one", panels), ("two", panels[:1])])))
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert image.format == "PNG"
    assert (pixels == (255, 0, 0)).all(1).sum() == 2 * 20 * 20
    assert (pixels == (0, 0, 255)).all(1).sum() == 20 * 20


def test_an_image_in_an_address_has_all_its_pixels(found):
    face = face_image(found.crops[0])
    head, data = image_url(face).split(",")
    assert head == "data:image/jpeg;base64"
    again = Image.open(io.BytesIO(b64decode(data)))
    assert again.size == face.size == (SIDE * SHARP, SIDE * SHARP)
    assert np.abs(np.asarray(again, dtype=int) - np.asarray(face)).mean() < 3


def test_the_colour_bar_goes_from_the_colour_of_nothing_to_that_of_the_strongest_point():
    pixels = np.asarray(colour_bar())
    assert pixels[0, 0].sum() < 20
    assert pixels[0, -1].sum() > 600


def test_the_headline_says_how_far_each_model_agrees_with_its_mirror(found):
    text = agreement_headline({"one": found, "other": found})
    mean = f"{found.mean_agreement():.2f}"
    assert text.startswith(f"The maps of one agree with their mirror images by {mean}")
    assert f"those of other by {mean} (2 faces" in text


def test_synthetic_faces_that_are_recognised_are_counted(found):
    names = [f"synthetic {found.classes[found.prediction(face)]}" for face in range(2)]
    right = found._replace(names=names)
    wrong = found._replace(names=["synthetic contempt"] * 2)
    text = recognised({"good": right, "bad": wrong})
    assert text == "Of 2 faces, good recognises 2 and bad recognises 0."


def test_faces_of_a_data_set_are_counted_and_faces_without_a_label_are_not(found):
    names = [f"{found.classes[found.prediction(face)]} · {face}.png" for face in range(2)]
    assert recognised({"good": found._replace(names=names)}) == "Of 2 faces, good recognises 2."
    assert recognised({"good": found._replace(names=["me.png", "you.png"])}) == ""


def test_the_shipped_models_have_measured_maps_and_others_have_none():
    table = fidelity_table(["noisy30-baseline", "noisy30-eac", "of a visitor"])
    assert table.columns.tolist() == ["measure", "noisy30-baseline", "noisy30-eac"]
    rows = table.set_index("measure")
    assert rows.loc["images"].tolist() == ["150", "150"]
    for measure in ("mirror agreement", "fixed pattern of the class"):
        baseline, eac = rows.loc[measure]
        assert eac > baseline  # as docs/experiments.md says
    assert fidelity_table(["of a visitor"]).empty

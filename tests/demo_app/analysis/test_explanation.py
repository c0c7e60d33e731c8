import numpy as np
import pytest

from demo_app.analysis.explanation import (
    annotate,
    explain,
    hide_places,
    movements,
    one_map,
    side_by_side,
)
from demo_app.analysis.photo import analyse, table
from fer_core.emotions import COLOURS, EIGHT_CLASSES
from fer_core.models.pretrained import ModelError
from tests.demo_app.conftest import pixels
from tests.made_analyses import smiling


def test_a_face_is_boxed_in_the_colour_of_its_emotion(one):
    face = one.faces[0]
    colour = np.array([int(COLOURS[face.emotion][i : i + 2], 16) for i in (1, 3, 5)])
    found = annotate(one)
    y = round((face.box[1] + face.box[3]) / 2)
    assert (pixels(found)[y, round(face.box[0])] == colour).all()
    assert (pixels(one.photo)[y, round(face.box[0])] != colour).any()


def test_the_chosen_face_stands_out_among_several(two):
    assert (pixels(annotate(two, 1)) != pixels(annotate(two, 2))).any()


def test_drawing_leaves_the_photograph_as_it_was(one):
    before = pixels(one.photo).copy()
    annotate(one)
    explain(one)
    assert (pixels(one.photo) == before).all()


def test_the_map_is_drawn_on_the_chosen_face_only(two):
    changed = (pixels(explain(two, 2).overlay) != pixels(two.photo)).any(2)
    assert changed[:, :360].any()
    assert not changed[:, 500:].any()


@pytest.mark.slow
def test_another_emotion_gives_another_map_without_another_analysis(one, monkeypatch):
    monkeypatch.setattr(
        "fer_core.inference.predictor.detect_faces_in", None
    )  # would raise when called
    maps = {name: explain(one, 1, name) for name in EIGHT_CLASSES}
    assert explain(one).caption == maps[one.faces[0].emotion].caption
    supported = [name for name in EIGHT_CLASSES if one.faces[0].map_of(name).max() > 0]
    assert len(supported) >= 3
    assert len({maps[name].overlay.tobytes() for name in supported}) == len(supported)
    assert len({maps[name].crop_map.tobytes() for name in supported}) == len(supported)


def test_opacity_zero_shows_the_photograph_alone(one):
    assert (pixels(explain(one, opacity=0).overlay) == pixels(one.photo)).all()
    assert (pixels(explain(one, opacity=0.9).overlay) != pixels(one.photo)).any()


def test_the_crop_is_enlarged_in_whole_pixels(one):
    crop, shown = pixels(one.faces[0].crop), pixels(explain(one).crop)
    factor = shown.shape[0] // crop.shape[0]
    assert factor > 1
    assert (shown[::factor, ::factor] == crop).all()
    assert (shown[factor - 1 :: factor, factor - 1 :: factor] == crop).all()


@pytest.mark.parametrize("number", [0, 3])
def test_a_face_that_is_not_there_has_no_map(two, number):
    assert explain(two, number) is None


def test_below_the_threshold_a_face_is_not_sure_and_not_in_its_emotions_colour(one):
    face = one.faces[0]
    y = round((face.box[1] + face.box[3]) / 2)
    sure, unsure = (annotate(one, 1, threshold) for threshold in (0.0, 1.0))
    edge = pixels(sure)[y, round(face.box[0])], pixels(unsure)[y, round(face.box[0])]
    assert (edge[0] != edge[1]).any()
    assert "not sure" not in one.sentence(0.0)
    assert "not sure" in one.sentence(1.0)
    assert [row["sure"] for row in table(one, 1.0)] == [False]


def test_the_two_small_maps_are_those_of_the_face_and_of_its_mirror_image(one):
    found = explain(one)
    assert (pixels(found.crop_map) != pixels(found.crop)).any()
    assert (pixels(found.crop_map) != pixels(found.mirror_map)).any()


@pytest.mark.slow
def test_a_second_model_answers_the_same_faces(pool, model, pair):
    both = analyse(pool, model, pair, "bundled")
    assert [face.box for face in both.second_faces] == [face.box for face in both.faces]
    assert both.second_faces[0].crop.size != (0, 0)
    found = side_by_side(both, 1, "fear", 0.5, 0.5)
    one, other = found.crop_maps
    assert (pixels(one)[:200, :200] != pixels(other)[:200, :200]).any()
    assert model in found.texts[0]
    assert "bundled" in found.texts[1]


def test_without_a_second_model_nothing_stands_beside(one):
    assert side_by_side(one, 1, "fear", 0.5, 0.5) is None


@pytest.mark.parametrize(
    ("number", "emotion", "opacity", "part"),
    [
        (2, "", 0.5, "has 1 face"),
        (1, "boredom", 0.5, "boredom"),
        (1, "", 1.5, "[0, 1]"),
    ],
)
def test_what_has_no_map_is_a_sentence_for_programs(one, number, emotion, opacity, part):
    sentence, overlay, crop = one_map(one, number, emotion, opacity)
    assert part in sentence
    assert overlay is crop is None


def test_programs_get_the_map_of_the_emotion_they_name(one):
    _, overlay, crop = one_map(one, 1, "fear", 0.5)
    assert (pixels(overlay) == pixels(explain(one, 1, "fear", 0.5).overlay)).all()
    assert crop.size[0] >= 200


@pytest.mark.slow
def test_hiding_places_asks_the_model_of_the_analysis_about_the_chosen_class(pool, two):
    image, text = hide_places(pool, two, 2, "anger")
    assert "anger" in text
    assert image.size == hide_places(pool, two, 1, None)[0].size
    assert two.faces[0].emotion in hide_places(pool, two, 1, "no class of the model")[1]


def test_no_place_is_hidden_without_a_face(pool, two):
    assert hide_places(pool, two, 3, None) is None


def test_what_a_face_does_is_told_where_the_page_has_an_analyser(pool, two, monkeypatch):
    with pytest.raises(ModelError, match="landmarks"):
        movements(pool, two, 2)
    monkeypatch.setattr(pool, "analyser", smiling)
    told = movements(pool, two, 2)
    assert "What face 2 does" in told
    assert "lip corners pulled" in told
    assert movements(pool, two, 3) == ""

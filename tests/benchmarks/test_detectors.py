import numpy as np
import pytest
from PIL import Image

from benchmarks.detectors import matched, measure
from benchmarks.face_scenes import SCENE, Portrait, Scene, scenes
from fer_core.faces.face import Face

FACE = (100.0, 100.0, 160.0, 180.0)


@pytest.fixture
def portrait():
    """A grey image with a white face."""
    image = Image.new("RGB", (200, 220), (90, 90, 90))
    image.paste((255, 255, 255), (60, 60, 140, 160))
    face = Face((60.0, 60.0, 140.0, 160.0), np.array([[80, 90], [120, 90], [100, 130]]), 1.0)
    return Portrait.cut(image, face)


def white(photo):
    """The box of what is white."""
    rows, columns = np.nonzero((np.asarray(photo) > 200).all(2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_detection_near_a_face_of_about_its_size_finds_it():
    assert matched([(105, 95, 170, 185)], [FACE]) == (1, 0)


@pytest.mark.parametrize("box", [(160, 100, 220, 180), (100, 100, 400, 400), (125, 130, 145, 155)])
def test_a_detection_elsewhere_or_of_another_size_is_a_false_one(box):
    assert matched([box], [FACE]) == (0, 1)


def test_two_detections_of_one_face_find_it_once_and_none_is_false():
    assert matched([FACE, (101, 101, 161, 181)], [FACE]) == (1, 0)


def test_a_scene_shows_each_portrait_where_it_says(portrait):
    made = [one for one in scenes([portrait], [], {}) if one.condition != "tilt"]
    assert {one.condition for one in made} == {"face width", "cut by the edge"}
    for scene in made:
        assert scene.photo.size == SCENE
        if scene.value not in ("16 px", "24 px"):  # a blurred edge is not white
            assert scene.faces[0] == pytest.approx(white(scene.photo), abs=2)


def test_a_crowd_shows_all_its_faces_and_boxes_within_the_scene():
    crops = [Image.new("L", (48, 48), 255)] * 6
    (crowd,) = scenes([], crops, {})
    assert len(crowd.faces) == 6
    for x0, y0, x1, y1 in crowd.faces:
        assert 0 <= x0 < x1 <= SCENE[0]
        assert 0 <= y0 < y1 <= SCENE[1]
        assert np.asarray(crowd.photo)[round(y0) : round(y1), round(x0) : round(x1)].min() == 255


def test_hits_false_detections_and_faces_are_counted_by_condition():
    blank = Image.new("RGB", SCENE)
    tried = [Scene("size", "large", blank, (FACE,)), Scene("size", "small", blank, (FACE,))]
    found = measure(lambda photo: [Face(FACE, np.zeros((3, 2)), 1.0)] * 1, tried)
    assert found["size"]["large"] == "1/1, 0 false"
    assert found["size"]["all"].startswith("2/2, 0 false, ")
    nothing = measure(lambda photo: [], tried)
    assert nothing["size"]["small"] == "0/1, 0 false"

import json

import pytest

from fer_core.landmarks.analysis import COLUMNS, MOST_PITCH, MOST_YAW, FaceAnalysis, cells
from fer_core.landmarks.movements import BLENDSHAPES
from tests.made_analyses import make_analysis


def test_the_text_names_the_movements_and_says_when_there_is_none():
    assert make_analysis().text == "lip corners pulled"
    assert make_analysis({}).text == "no clear movement"


@pytest.mark.parametrize(
    ("pose", "word"),
    [
        ((MOST_YAW + 1, 0, 0), "right"),
        ((-MOST_YAW - 1, 0, 0), "left"),
        ((0, MOST_PITCH + 1, 0), "up"),
        ((0, -MOST_PITCH - 1, 0), "down"),
    ],
)
def test_a_note_says_where_a_face_is_turned_too_far(pose, word):
    assert word in make_analysis(pose=pose).note


def test_a_tilted_face_gets_no_note_since_it_is_turned_upright():
    assert make_analysis(pose=(MOST_YAW, MOST_PITCH, 80)).note == ""


def test_landmarks_scale_with_the_photograph():
    analysis = make_analysis(side=100)
    assert analysis.scaled(0.5).points == pytest.approx(analysis.points / 2)
    assert analysis.scaled(0.5).pose == analysis.pose


def test_an_analysis_comes_back_from_a_file_but_for_its_landmarks():
    analysis = make_analysis()
    again = FaceAnalysis.from_json(json.loads(json.dumps(analysis.to_json())))
    assert again.to_dict() == analysis.to_dict()
    assert len(again.points) == 0


def test_the_plain_values_name_movements_pose_and_all_blendshapes():
    values = json.loads(json.dumps(make_analysis().to_dict()))
    assert values["movements"] == ["lip corners pulled"]
    assert values["head_pose"] == {"yaw": 5.0, "pitch": -3.0, "roll": 11.0}
    assert values["note"] is None
    assert len(values["blendshapes"]) == 52


def test_of_a_mirror_image_the_sides_are_the_persons_own():
    seen = make_analysis({"mouthSmileLeft": 0.9, "jawRight": 0.4, "jawOpen": 0.3})
    own = seen.of_mirror_image()
    assert tuple(own.blendshapes) == BLENDSHAPES
    assert own.blendshapes["mouthSmileRight"] == 0.9
    assert own.blendshapes["jawLeft"] == 0.4
    assert own.blendshapes["jawOpen"] == 0.3
    assert own.pose == seen.pose
    assert own.of_mirror_image().blendshapes == seen.blendshapes


def test_the_cells_of_a_table_are_its_columns():
    values = cells(make_analysis().to_dict())
    assert tuple(values) == COLUMNS
    assert (values["movements"], values["yaw"], values["note"]) == ("lip corners pulled", 5.0, "")

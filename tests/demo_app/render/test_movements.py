import pytest

from demo_app.render.movements import movements_panel, pose_in_words
from fer_core.landmarks.analysis import MOST_YAW, HeadPose
from tests.made_analyses import make_analysis


def test_the_panel_names_movements_with_action_unit_and_score_and_is_no_facs_coding():
    panel = movements_panel(make_analysis(), 1)
    assert "lip corners pulled <small>AU12</small>" in panel
    assert "width:80.0%" in panel
    assert "not FACS coding" in panel


def test_a_still_face_and_one_that_the_landmarker_misses_get_a_sentence():
    assert "No clear movement." in movements_panel(make_analysis({}), 1)
    assert "sees no face" in movements_panel(None, 2)


def test_a_face_that_is_turned_too_far_gets_a_note():
    assert 'class="turned"' not in movements_panel(make_analysis(), 1)
    turned = movements_panel(make_analysis(pose=(MOST_YAW + 5, 0, 0)), 1)
    assert 'class="turned"' in turned


@pytest.mark.parametrize(
    ("pose", "words"),
    [
        ((0.2, -0.3, 0.1), "Head: straight."),
        ((12, 5, 11), "Head: 12° to the right, 5° up, tilted 11° clockwise."),
        ((-12, -5, -11), "Head: 12° to the left, 5° down, tilted 11° anticlockwise."),
    ],
)
def test_the_turn_of_the_head_is_told_for_a_viewer_of_the_photograph(pose, words):
    assert pose_in_words(HeadPose(*pose)) == words

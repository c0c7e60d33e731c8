import html
import json

import pytest

from demo_app.language import speaking
from demo_app.render.movements import (
    live_movements,
    moment_text,
    moments_panel,
    movements_panel,
    pose_in_words,
)
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


def test_a_face_of_the_camera_gets_words_with_action_units_a_rounded_pose_and_the_note():
    told = live_movements(make_analysis(pose=(MOST_YAW + 6, -3, 11)), 2)
    assert "What face 2 does" in told
    assert "lip corners pulled (AU12)" in told
    assert "Head: 35° to the right, 5° down, tilted 10° clockwise." in told
    assert 'class="turned"' in told
    assert "not FACS coding" in told
    assert "sees no face" in live_movements(None, 2)


def test_the_panel_of_a_video_holds_every_moment_and_shows_the_first():
    texts = [("Ada <3", moment_text("jaw dropped", HeadPose(0, 0, 0))), ("Face 2", "<p>-</p>")]
    panel = moments_panel(texts, [(0.0, [0]), (0.1, [0, 1])], 0.25)
    data = json.loads(html.unescape(panel.split('data-moments="')[1].split('"')[0]))
    assert data["moments"] == [[0.0, [0]], [0.1, [0, 1]]]
    assert data["texts"][0].startswith("<div><b>Ada &lt;3</b><p>jaw dropped (AU26)</p>")
    shown = panel.split('class="doing">')[1]
    assert "jaw dropped" in shown
    assert "Face 2" not in shown


def test_movements_and_note_are_told_in_the_language_of_the_visitor():
    with speaking("vi"):
        panel = movements_panel(make_analysis(pose=(MOST_YAW + 5, 0, 0)), 1)
    assert "khóe môi kéo lên" in panel
    assert "lip corners" not in panel
    assert "Quay quá xa" in panel

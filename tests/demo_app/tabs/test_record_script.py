import html
import json
from dataclasses import replace

from demo_app.tabs.record_script import MINUTES, TEXTS, frame_rows, record_panel
from fer_core.landmarks.analysis import COLUMNS
from fer_core.taxonomy import taxonomy_of
from fer_core.video.tracking import TrackedFace
from tests.made_analyses import make_analysis


def rows(faces, threshold=0.5):
    tracked = [TrackedFace(number, face, face) for number, face in enumerate(faces, 1)]
    return json.loads(html.unescape(frame_rows(tracked, threshold)))["rows"]


def test_a_frame_has_a_row_per_face_with_all_probabilities(two):
    found = rows(two.faces)
    assert [row["face"] for row in found] == [1, 2]
    for row, face in zip(found, two.faces, strict=True):
        assert abs(row["x1"] - face.box[2]) <= 0.05
        assert row["classes"][row["emotion"]] == row["probability"]
        assert abs(sum(row["classes"].values()) - 1) < 1e-3


def test_whether_a_prediction_is_sure_depends_on_the_threshold(one):
    assert rows(one.faces, 0.0)[0]["sure"]
    assert not rows(one.faces, 1.0)[0]["sure"]


def test_names_of_a_strangers_classes_are_neither_formulas_nor_markup(one):
    names = ("=1+1", "<b>x</b>", *one.faces[0].classes[2:])
    face = replace(one.faces[0], taxonomy=taxonomy_of(names))
    tracked = [TrackedFace(1, face, face)]
    assert "<" not in frame_rows(tracked, 0.5)
    (row,) = rows([face])
    assert list(row["classes"])[:2] == ["'=1+1", "<b>x</b>"]


def test_a_face_that_was_analysed_has_its_movements_and_its_pose_in_the_row(one):
    assert rows(one.faces)[0]["does"] == {}
    (row,) = rows([replace(one.faces[0], analysis=make_analysis())])
    assert tuple(row["does"]) == COLUMNS
    assert row["does"]["movements"] == "lip corners pulled"
    assert row["does"]["yaw"] == 5.0


def test_the_limit_and_every_text_are_on_the_panel():
    panel = record_panel()
    assert f'data-minutes="{MINUTES}"' in panel
    assert f"at most {MINUTES} minutes" in panel
    texts = json.loads(html.unescape(panel.split('data-texts="')[1].split('"')[0]))
    assert set(texts) == set(TEXTS)


def test_two_frames_without_a_face_differ_so_that_each_is_passed_on():
    first, second = frame_rows([], 0.5), frame_rows([], 0.5)
    assert first != second

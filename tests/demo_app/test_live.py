import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from demo_app import words
from demo_app.live import FRAME_SIDE, LiveSession, Look, Moment, strip_svg
from demo_app.tabs.live import FrameError, _to_data_url, read_frame
from fer_core.emotions import COLOURS
from fer_core.hub import ModelError

LOOK = Look("", 0.5, 0.0)


@pytest.fixture
def session(model):
    return LiveSession(model)


def number_of(panel):
    return int(re.search(r"Face (\d+):", panel).group(1))


def test_a_frame_is_drawn_with_its_faces_and_a_panel(shelf, session, pair):
    frame = session.step(shelf, pair, LOOK, 0.0)
    assert "2 faces" in frame.panel
    assert max(frame.picture.size) <= FRAME_SIDE
    small = pair.resize(frame.picture.size)
    changed = np.abs(np.asarray(frame.picture, int) - np.asarray(small, int)).max(2) > 40
    assert changed[:, : changed.shape[1] // 2].any()
    assert changed[:, changed.shape[1] // 2 :].any()


def test_without_opacity_only_boxes_are_drawn(shelf, session, portrait):
    with_map = session.step(shelf, portrait, LOOK, 0.0).picture
    boxes = session.step(shelf, portrait, Look("", 0.0, 0.0), 0.1).picture
    differs = np.abs(np.asarray(with_map, int) - np.asarray(boxes, int)).max(2) > 8
    assert differs.mean() > 0.02


def test_another_emotion_draws_another_map(shelf, session, portrait):
    one, other = (
        session.step(shelf, portrait, Look(emotion, 0.8, 0.0), time).picture
        for time, emotion in enumerate(("fear", "anger"))
    )
    assert (np.asarray(one) != np.asarray(other)).any()


def test_a_face_keeps_its_number_while_it_moves(shelf, session, portrait):
    panels = []
    for index in range(6):
        paper = Image.new("RGB", (640, 480), "white")
        paper.paste(portrait, (20 * index, 0))
        panels.append(session.step(shelf, paper, LOOK, 0.25 * index).panel)
    assert {number_of(panel) for panel in panels} == {1}


def test_the_rate_is_that_of_the_frames(shelf, session, portrait):
    panels = [session.step(shelf, portrait, LOOK, 0.1 * index).panel for index in range(30)]
    assert session.rate() == pytest.approx(10)
    drawn = [panel for panel in panels if panel]
    assert ">10.0</b> frames/s" in drawn[-1]
    assert len(drawn) < len(panels)  # words change less often than pictures


def test_only_the_last_seconds_are_remembered(shelf, session, portrait):
    for index in range(60):
        session.step(shelf, portrait, LOOK, 0.5 * index)
    assert session.moments[0].time >= 29.5 - 10
    assert len(session.moments) <= 21


def test_after_a_pause_a_stream_begins_anew_with_a_new_number(shelf, session, portrait):
    first = session.step(shelf, portrait, LOOK, 0.0).panel
    later = session.step(shelf, portrait, LOOK, 60.0).panel
    assert number_of(later) > number_of(first)
    assert len(session.moments) == 1


def test_without_a_face_there_is_a_sentence_and_the_picture(shelf, session, empty):
    frame = session.step(shelf, empty, LOOK, 0.0)
    assert words.NO_LIVE_FACE in frame.panel
    assert (np.asarray(frame.picture) == np.asarray(empty)).all()


def test_an_unknown_model_is_told(shelf, portrait):
    with pytest.raises(ModelError, match="nobody/none"):
        LiveSession("nobody/none").step(shelf, portrait, LOOK, 0.0)


def test_the_strip_has_the_colours_of_the_answers_and_gaps_where_it_was_not_sure():
    moments = [
        *(Moment(t / 10, 1, "anger", 0.9) for t in range(40)),
        *(Moment(t / 10, 1, "fear", 0.3) for t in range(40, 60)),
        *(Moment(t / 10, 1, "fear", 0.8) for t in range(60, 101)),
    ]
    drawn = re.findall(
        r'<rect x="([\d.]+)" width="([\d.]+)".*?fill="([^"]+)"', strip_svg(moments, 0.5, 10.0)
    )
    assert [colour for _, _, colour in drawn] == [COLOURS["anger"], "none", COLOURS["fear"]]
    assert [float(x) for x, _, _ in drawn] == pytest.approx([0, 40, 60])
    assert [float(width) for _, width, _ in drawn] == pytest.approx([40, 20, 40])


def test_every_face_has_its_row_in_the_strip():
    moments = [Moment(t / 10, number, "anger", 0.9) for t in range(20) for number in (2, 5)]
    rows = re.findall(r"<b>(\d+)</b>", strip_svg(moments, 0.5, 2.0))
    assert rows == ["2", "5"]


def test_frames_travel_as_text_and_come_back_alike(portrait):
    sent = _to_data_url(portrait)
    back = read_frame(sent.url)
    assert back.size == portrait.size
    assert np.abs(np.asarray(back, int) - np.asarray(portrait, int)).mean() < 4


@pytest.mark.parametrize(
    "url", ["", "data:image/jpeg;base64,", "data:image/jpeg;base64,!!", "data:,bm8gcGljdHVyZQ=="]
)
def test_a_broken_frame_is_told(url):
    with pytest.raises(FrameError, match="the next one is tried"):
        read_frame(url)


def test_a_png_frame_is_read_as_well(portrait):
    stream = io.BytesIO()
    portrait.save(stream, "PNG")
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    assert (np.asarray(read_frame(url)) == np.asarray(portrait)).all()

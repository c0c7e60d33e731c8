import re
import threading

import numpy as np
import pytest
from PIL import Image

from demo_app.analysis.frame_limiter import FrameLimiter
from demo_app.analysis.live import FRAME_SIDE, FrameStyle, LiveSession
from demo_app.language import say
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces.follow import FaceFollower
from fer_core.models.pretrained import ModelError
from tests.made_analyses import SMILE, smiling

LOOK = FrameStyle("", 0.5, 0.0)


@pytest.fixture
def session(model):
    return LiveSession(model)


@pytest.fixture(scope="module")
def limiter(pool):
    return FrameLimiter(pool, patience=60)


def number_of(panel):
    return int(re.search(r"Face (\d+):", panel).group(1))


@pytest.mark.slow
def test_a_frame_is_drawn_with_its_faces_and_a_panel(limiter, session, pair):
    frame = session.step(limiter, pair, LOOK, 0.0)
    assert "2 faces" in frame.panel
    assert max(frame.image.size) <= FRAME_SIDE
    small = pair.resize(frame.image.size)
    changed = np.abs(np.asarray(frame.image, int) - np.asarray(small, int)).max(2) > 40
    assert changed[:, : changed.shape[1] // 2].any()
    assert changed[:, changed.shape[1] // 2 :].any()


@pytest.mark.slow
def test_without_opacity_only_boxes_are_drawn(limiter, session, portrait):
    with_map = session.step(limiter, portrait, LOOK, 0.0).image
    boxes = session.step(limiter, portrait, FrameStyle("", 0.0, 0.0), 0.1).image
    differs = np.abs(np.asarray(with_map, int) - np.asarray(boxes, int)).max(2) > 8
    assert differs.mean() > 0.02


@pytest.mark.slow
def test_another_emotion_draws_another_map(limiter, session, portrait):
    one, other = (
        session.step(limiter, portrait, FrameStyle(emotion, 0.8, 0.0), time).image
        for time, emotion in enumerate(("fear", "anger"))
    )
    assert (np.asarray(one) != np.asarray(other)).any()


@pytest.mark.slow
def test_a_face_keeps_its_number_while_it_moves(limiter, session, portrait):
    panels = []
    for index in range(6):
        paper = Image.new("RGB", (640, 480), "white")
        paper.paste(portrait, (20 * index, 0))
        panels.append(session.step(limiter, paper, LOOK, 0.25 * index).panel)
    assert {number_of(panel) for panel in panels} == {1}


@pytest.mark.slow
def test_the_rate_is_that_of_the_frames(limiter, session, portrait):
    panels = [session.step(limiter, portrait, LOOK, 0.1 * index).panel for index in range(30)]
    assert session.rate() == pytest.approx(10)
    drawn = [panel for panel in panels if panel]
    assert ">10.0</b> frames/s" in drawn[-1]
    assert len(drawn) < len(panels)  # words change less often than images


@pytest.mark.slow
def test_only_the_last_seconds_are_remembered(limiter, session, portrait):
    for index in range(26):
        session.step(limiter, portrait, LOOK, 0.5 * index)
    assert session.moments[0].time >= 12.5 - 10
    assert len(session.moments) <= 21


@pytest.mark.slow
def test_after_a_pause_a_stream_begins_anew_with_a_new_number(limiter, session, portrait):
    first = session.step(limiter, portrait, LOOK, 0.0).panel
    later = session.step(limiter, portrait, LOOK, 60.0).panel
    assert number_of(later) > number_of(first)
    assert len(session.moments) == 1


def test_without_a_face_there_is_a_sentence_and_the_picture(limiter, session, empty):
    frame = session.step(limiter, empty, LOOK, 0.0)
    assert say("live.no_face") in frame.panel
    assert (np.asarray(frame.image) == np.asarray(empty)).all()


def test_an_unknown_model_is_told(limiter, portrait):
    with pytest.raises(ModelError, match="nobody/none"):
        LiveSession("nobody/none").step(limiter, portrait, LOOK, 0.0)


@pytest.mark.slow
def test_a_face_that_was_away_for_a_second_keeps_its_number(limiter, session, portrait, empty):
    first = session.step(limiter, portrait, LOOK, 0.0).panel
    session.step(limiter, empty, LOOK, 0.5)
    later = session.step(limiter, portrait, LOOK, 1.6).panel
    assert number_of(later) == number_of(first)


@pytest.mark.slow
def test_the_bars_are_those_of_the_chosen_face(limiter, session, pair):
    panels = [
        session.step(limiter, pair, LOOK._replace(number=number), float(number)).panel
        for number in (1, 2)
    ]
    assert [number_of(panel) for panel in panels] == [1, 2]


@pytest.mark.slow
def test_a_chosen_face_that_is_not_there_leaves_the_bars_to_the_largest(limiter, session, pair):
    largest = number_of(session.step(limiter, pair, LOOK, 0.0).panel)
    assert number_of(session.step(limiter, pair, LOOK._replace(number=99), 1.0).panel) == largest


@pytest.mark.slow
def test_the_bars_stay_with_a_face_until_another_is_clearly_larger(limiter, session):
    face, other = (
        draw_portrait(emotion, 480, np.random.default_rng(seed))
        for emotion, seed in (("happiness", 7), ("surprise", 9))
    )

    def look_at(time, side, other_side):
        paper = Image.new("RGB", (960, 480), "white")
        paper.paste(face.resize((side, side)), (0, 0))
        paper.paste(other.resize((other_side, other_side)), (480, 0))
        session.step(limiter, paper, LOOK, time)
        boxes = session.boxes
        return min(boxes, key=lambda number: boxes[number][0]), session.foremost

    left, foremost = look_at(0.0, 400, 300)
    assert foremost == left
    left, foremost = look_at(0.5, 390, 410)
    assert foremost == left
    left, foremost = look_at(1.0, 300, 480)
    assert foremost != left


@pytest.mark.slow
def test_a_click_finds_the_face_below_it(limiter, session, pair):
    image = session.step(limiter, pair, LOOK, 0.0).image
    for number, (x0, y0, x1, y1) in session.boxes.items():
        assert session.face_at((x0 + x1) / 2, (y0 + y1) / 2) == number
    assert session.face_at(image.width - 1, image.height - 1) == 0


class Held:
    """Stands for a pool whose model is busy until it is let go."""

    def get(self, model):
        """Nothing is loaded."""

    def __init__(self):
        self.entered, self.let_go = threading.Semaphore(0), threading.Event()

    def predict_next(self, model, frame, follower, now):
        self.entered.release()
        assert self.let_go.wait(60)
        return []


def test_a_frame_that_finds_no_place_is_dropped_and_the_next_one_is_taken(model, empty):
    pool = Held()
    limiter = FrameLimiter(pool, slots=1, patience=0.01)
    other = threading.Thread(target=limiter.predict, args=(model, empty, FaceFollower(), 0.0))
    other.start()
    assert pool.entered.acquire(timeout=60)
    session = LiveSession(model)
    assert session.step(limiter, empty, LOOK, 0.0) is None
    assert not session.times  # a dropped frame is not counted
    pool.let_go.set()
    other.join(60)
    assert session.step(limiter, empty, LOOK, 0.1).panel


def test_an_error_gives_its_place_back(empty, pool):
    alone = FrameLimiter(pool, slots=1, patience=0.01)
    for _ in range(3):
        with pytest.raises(ModelError):
            alone.predict("nobody/none", empty, FaceFollower(), 0.0)


@pytest.mark.slow
def test_on_request_the_panel_tells_what_the_shown_face_does(
    pool, limiter, session, portrait, monkeypatch
):
    assert "lip corners" not in session.step(limiter, portrait, LOOK, 0.0).panel
    monkeypatch.setattr(pool, "analyser", smiling)
    frame = session.step(limiter, portrait, LOOK._replace(movements=True), 0.5)
    assert "lip corners pulled (AU12)" in frame.panel
    analysis = frame.faces[0].face.analysis
    assert analysis.text == "lip corners pulled"
    # The frame is a mirror image: what the analyser took for the left is the person's right.
    assert analysis.blendshapes["mouthSmileRight"] == SMILE["mouthSmileLeft"]
    assert "lip corners" not in session.step(limiter, portrait, LOOK, 1.0).panel


def test_an_analysis_waits_for_no_slot(model, empty, one):
    pool = Held()
    limiter = FrameLimiter(pool, slots=1, patience=0.01)
    other = threading.Thread(target=limiter.predict, args=(model, empty, FaceFollower(), 0.0))
    other.start()
    assert pool.entered.acquire(timeout=60)
    assert limiter.analyse(empty, one.faces[0]) is None
    pool.let_go.set()
    other.join(60)

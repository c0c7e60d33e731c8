from dataclasses import replace

import pytest

from demo_app.analysis.live_movements import LASTS, MovementWatch
from fer_core.video.tracking import TrackedFace
from tests.made_analyses import make_analysis


class Clock:
    """Goes on by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def faces(two):
    return [TrackedFace(number, face, face) for number, face in enumerate(two.faces, 1)]


def analysing(clock, cost, asked=None, analysis=None):
    def analyse(face):
        clock.now += cost
        if asked is not None:
            asked.append(face)
        return replace(face, analysis=analysis or make_analysis())

    return analyse


def test_analyses_take_no_more_than_their_share_of_the_time(clock, faces):
    watch, asked = MovementWatch(share=0.25, clock=clock), []
    begun = clock.now
    while clock.now < begun + 10:
        watch.look(faces, analysing(clock, 0.04, asked))
        clock.now += 0.01  # the rest of a frame
    assert 0.04 * len(asked) <= 0.25 * 10 + 0.04
    assert 0.04 * len(asked) >= 0.2 * 10


def test_faces_take_turns(clock, faces):
    watch, asked = MovementWatch(clock=clock), []
    for _ in range(4):
        found = watch.look(faces, analysing(clock, 0.01, asked))
        assert [one.face.analysis is not None for one in found].count(True) == 1
        clock.now += 1
    first, second = (one.face for one in faces)
    assert asked == [first, second, first, second]


def test_what_a_face_did_is_remembered_for_a_moment_without_its_landmarks(clock, faces):
    watch = MovementWatch(clock=clock)
    watch.look(faces[:1], analysing(clock, 0.01))
    assert watch.last(1).text == "lip corners pulled"
    assert watch.last(1).points.size == 0
    assert watch.knows(1)
    assert not watch.knows(2)
    clock.now += LASTS + 0.1
    assert watch.last(1) is None
    assert not watch.knows(1)


def test_without_time_for_it_the_faces_stay_and_the_next_frame_tries_again(clock, faces):
    watch = MovementWatch(clock=clock)
    assert watch.look(faces, lambda face: None) == faces
    assert watch.look(faces, analysing(clock, 0.01)) != faces


def test_without_a_face_nothing_is_asked(clock):
    assert MovementWatch(clock=clock).look([], pytest.fail) == []

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.special import softmax

from fer_core.inference.predictor import FacePrediction
from fer_core.taxonomy import taxonomy_of
from fer_core.video.tracking import FaceTracker, closeness

CLASSES = ("anger", "fear", "neutral")
BIAS = np.array([0.3, -0.2, 0.1])


def face(x=0.0, y=0.0, side=100.0, seed=0):
    """A face whose probabilities are exactly the softmax of its maps' means plus the bias."""
    maps = np.random.default_rng(seed).normal(0, 3, (3, 4, 4))
    return FacePrediction(
        (x, y, x + side, y + side),
        np.zeros((3, 2)),
        1.0,
        taxonomy_of(CLASSES),
        softmax(maps.mean((1, 2)) + BIAS),
        maps,
        Image.new("L", (1, 1)),
        np.eye(2, 3),
    )


def numbers(tracked):
    return [one.number for one in tracked]


def test_a_moving_face_keeps_its_number():
    tracker = FaceTracker()
    seen = [numbers(tracker.update([face(x=40.0 * step)], step / 10)) for step in range(20)]
    assert seen == [[1]] * 20


def test_two_faces_keep_their_numbers_in_any_order():
    tracker = FaceTracker()
    tracker.update([face(0), face(300)], 0.0)
    assert numbers(tracker.update([face(310), face(10)], 0.1)) == [2, 1]


@pytest.mark.parametrize("apart", [0.0, 30.0])
def test_faces_that_cross_keep_their_numbers(apart):
    tracker = FaceTracker()
    for step in range(21):
        pair = [face(25.0 * step), face(510 - 25.0 * step, apart)]
        assert numbers(tracker.update(pair, step / 10)) == [1, 2]


def test_faces_that_hide_each_other_while_they_cross_keep_their_numbers():
    tracker = FaceTracker()
    for step in range(21):
        pair = [face(25.0 * step), face(510 - 25.0 * step, 20)]
        hidden = abs(pair[0].box[0] - pair[1].box[0]) < 80
        seen = numbers(tracker.update(pair[: 1 if hidden else 2], step / 10))
        assert seen == ([1] if hidden else [1, 2])


def test_a_moving_face_that_stops_while_it_is_hidden_keeps_its_number():
    tracker = FaceTracker()
    for step in range(5):
        tracker.update([face(25.0 * step)], step / 10)
    assert numbers(tracker.update([face(110)], 1.2)) == [1]


def test_a_face_that_comes_back_in_time_keeps_its_number_and_later_gets_a_new_one():
    tracker = FaceTracker(patience=1.0)
    tracker.update([face(0), face(300)], 0.0)
    for time in (0.3, 0.6, 0.9):
        assert numbers(tracker.update([face(300)], time)) == [2]
    assert numbers(tracker.update([face(0), face(300)], 1.0)) == [1, 2]
    assert numbers(tracker.update([face(300)], 1.5)) == [2]
    assert numbers(tracker.update([face(0), face(300)], 2.1)) == [3, 2]


def test_after_a_cut_every_face_is_new():
    tracker = FaceTracker()
    tracker.update([face()], 0.0)
    tracker.cut()
    assert numbers(tracker.update([face()], 0.1)) == [2]


def test_a_small_face_in_the_place_of_a_large_one_is_another():
    tracker = FaceTracker()
    tracker.update([face(0, 0, 200)], 0.0)
    assert numbers(tracker.update([face(75, 75, 50)], 0.1)) == [2]


def test_two_poor_pairs_do_not_outweigh_a_good_one():
    tracker = FaceTracker()
    tracker.update([face(0), face(121)], 0.0)
    # Closeness 0.5 to the first; crosswise 0.29 and 0.29, which is more in all.
    assert numbers(tracker.update([face(50), face(-71)], 0.1)) == [1, 3]


@given(
    st.lists(st.floats(0.001, 1.0), min_size=1, max_size=12),
    st.floats(0, 3),
)
@pytest.mark.slow
def test_a_smoothed_map_explains_the_smoothed_answer_exactly(steps, smoothing):
    tracker = FaceTracker(smoothing)
    time = 0.0
    for seed, step in enumerate(steps):
        (one,) = tracker.update([face(seed=seed)], time)
        time += step
        logits = one.face.maps.mean((1, 2)) + BIAS
        assert one.face.probabilities == pytest.approx(softmax(logits), abs=1e-9)
        assert one.raw.probabilities == pytest.approx(face(seed=seed).probabilities)


def test_smoothing_depends_on_time_and_not_on_the_rate_of_frames():
    slow, fast = FaceTracker(0.5), FaceTracker(0.5)
    slow.update([face(seed=1)], 0.0)
    fast.update([face(seed=1)], 0.0)
    (at_once,) = slow.update([face(seed=2)], 1.0)
    for step in range(1, 11):
        (gradually,) = fast.update([face(seed=2)], step / 10)
    assert gradually.face.probabilities == pytest.approx(at_once.face.probabilities)


def test_without_smoothing_every_frame_stands_for_itself():
    tracker = FaceTracker(smoothing=0)
    tracker.update([face(seed=1)], 0.0)
    (one,) = tracker.update([face(seed=2)], 0.1)
    assert one.face.probabilities == pytest.approx(one.raw.probabilities)


def test_no_face_is_no_track():
    tracker = FaceTracker()
    assert tracker.update([], 0.0) == []
    assert numbers(tracker.update([face()], 0.1)) == [1]


@pytest.mark.parametrize("name", ["smoothing", "patience"])
@pytest.mark.parametrize("value", [-0.1, float("nan")])
def test_negative_seconds_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be 0 or more seconds"):
        FaceTracker(**{name: value})


def test_closeness_falls_with_distance_and_with_the_ratio_of_sides():
    box = (0, 0, 100, 100)
    assert closeness(box, box) == 1
    assert closeness(box, (50, 0, 150, 100)) == pytest.approx(0.5)
    assert closeness(box, (25, 25, 75, 75)) == pytest.approx(0.5)
    assert closeness(box, (500, 0, 600, 100)) == 0
    assert closeness(box, (5, 5, 5, 5)) < 1e-4

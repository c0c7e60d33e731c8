import numpy as np
import pytest

from fer_core.video.person_summary import summarise_people, summarise_person
from fer_core.video.series import exclude, make_series
from fer_core.video.time_ranges import TimeRange

CLASSES = ("happiness", "sadness", "fear")


def series(letters, times=None, face=1, moments=None):
    """A face that shows these, ten a second: h, s and f, or . where the model is not sure."""
    rows = {"h": (0.8, 0.1, 0.1), "s": (0.1, 0.8, 0.1), "f": (0.1, 0.1, 0.8), ".": (0.4, 0.3, 0.3)}
    times = np.arange(len(letters)) / 10 if times is None else times
    moments = times if moments is None else moments
    values = np.array([rows[one] for one in letters])
    return make_series(face, CLASSES, times, values, moments, 0.1)


def test_shares_of_time_add_up_to_one_and_count_what_is_not_sure():
    summary = summarise_person(series("hhhhss...."), 0.5)
    assert summary.seconds == pytest.approx(1.0)
    assert summary.shares == pytest.approx({"happiness": 0.4, "not sure": 0.4, "sadness": 0.2})


def test_transitions_count_what_follows_what():
    summary = summarise_person(series("hhsshhssf"), 0.5)
    assert summary.transitions == {
        ("happiness", "sadness"): 2,
        ("sadness", "happiness"): 1,
        ("sadness", "fear"): 1,
    }
    assert summary.bouts == {"happiness": 2, "sadness": 2, "fear": 1}


def test_a_stretch_that_is_not_sure_is_passed_over():
    assert summarise_person(series("hh..ss"), 0.5).transitions == {("happiness", "sadness"): 1}
    assert summarise_person(series("hh..hh"), 0.5).transitions == {}


def test_a_face_that_was_away_begins_anew():
    times = [0.0, 0.1, 2.0, 2.1]
    summary = summarise_person(series("hhss", times, moments=np.arange(22) / 10), 0.5)
    assert summary.transitions == {}
    assert summary.seconds == pytest.approx(0.4)
    assert (summary.start, summary.end) == pytest.approx((0.0, 2.2))


@pytest.mark.parametrize("steps", [(1, 1), (1, 2), (2, 1, 1)])
def test_frames_that_are_analysed_at_uneven_steps_are_one_bout(steps):
    times = np.cumsum([0, *steps, *steps, *steps]) / 12  # of twelve frames a second
    summary = summarise_person(series("h" * len(times), times), 0.5)
    assert summary.bouts == {"happiness": 1}
    assert summary.seconds == pytest.approx(times[-1] + 0.1)


def test_an_excluded_range_counts_neither_as_time_nor_as_a_transition():
    cut = exclude(series("hhhhhsssss"), [TimeRange(0.4, 0.6)])
    summary = summarise_person(cut, 0.5)
    assert summary.seconds == pytest.approx(0.8)
    assert summary.transitions == {}


def test_a_face_of_which_nothing_is_left_has_no_summary():
    whole = [series("hh", face=1), series("ss", [5.0, 5.1], face=2)]
    left = [exclude(one, [TimeRange(0, 1)]) for one in whole]
    assert [one.face for one in summarise_people(left, 0.5)] == [2]


def test_the_summary_can_be_written_as_json():
    values = summarise_person(series("hhss"), 0.5).to_dict()
    assert values["transitions"] == [{"from": "happiness", "to": "sadness", "count": 1}]
    assert values["share_of_time"] == {"happiness": 0.5, "sadness": 0.5}
    assert values["seen_s"] == 0.4

import numpy as np
import pytest
from PIL import Image

from fer_core.video.events import EventError, EventRule, find_events, parse_event_rule
from fer_core.video.reader import Video
from fer_core.video.series import exclude, make_series, sampling_period
from fer_core.video.time_ranges import TimeRange
from fer_core.video.writer import VideoWriter

CLASSES = ("happiness", "sadness")


def series(values, times=None, face=1, period=0.1, moments=None):
    """A face whose probability of happiness takes these values, ten a second."""
    values = np.asarray(values, float)
    times = np.arange(len(values)) / 10 if times is None else times
    moments = times if moments is None else moments
    return make_series(face, CLASSES, times, np.stack([values, 1 - values], 1), moments, period)


def test_five_samples_of_a_tenth_of_a_second_are_half_a_second():
    (event,) = find_events([series([0.1, 0.7, 0.9, 0.7, 0.7, 0.7, 0.1])], EventRule("happiness"))
    assert (event.start, event.end) == pytest.approx((0.1, 0.6))
    assert event.peak == pytest.approx(0.9)
    assert event.mean == pytest.approx(0.74)


def test_four_samples_are_too_short():
    assert find_events([series([0.1, 0.7, 0.9, 0.7, 0.7, 0.1])], EventRule("happiness")) == []


def test_an_event_may_last_to_the_end_of_the_video():
    (event,) = find_events([series([0.1] + [0.7] * 5)], EventRule("happiness"))
    assert event.end == pytest.approx(0.6)


def test_a_dip_below_the_threshold_ends_an_event():
    values = [0.7] * 5 + [0.5] + [0.7] * 5
    assert len(find_events([series(values)], EventRule("happiness"))) == 2
    assert len(find_events([series(values)], EventRule("happiness", 0.5))) == 1


def test_a_face_that_was_away_does_not_bridge_the_gap():
    moments = np.arange(13) / 10
    seen = series([0.9] * 6, moments[[0, 1, 2, 10, 11, 12]], moments=moments)
    assert find_events([seen], EventRule("happiness", seconds=0.5)) == []
    found = find_events([seen], EventRule("happiness", seconds=0.3))
    assert [(one.start, one.end) for one in found] == [
        pytest.approx((0.0, 0.3)),
        pytest.approx((1.0, 1.3)),
    ]


def test_one_moment_without_the_face_is_a_gap_however_short():
    seen = series([0.9] * 2, [0.0, 0.12], moments=[0.0, 0.11, 0.12])
    found = find_events([seen], EventRule("happiness", seconds=0.0))
    assert [(one.start, one.end) for one in found] == [
        pytest.approx((0.0, 0.11)),
        pytest.approx((0.12, 0.22)),
    ]


def test_a_frame_that_stays_long_holds_until_the_next_one():
    times = [0.0, 0.1, 0.2, 3.0, 3.1]  # a recording of a screen on which nothing moves
    (event,) = find_events([series([0.9] * 5, times)], EventRule("happiness"))
    assert (event.start, event.end) == pytest.approx((0.0, 3.2))


@pytest.mark.parametrize(
    ("frames", "rate"), [(12, 10), (12.5, 10), (15, 10), (25, 10), (29.97, 25), (24, 15), (6, 5)]
)
def test_frames_that_do_not_fit_the_rate_have_no_gaps(tmp_path, frames, rate):
    pytest.importorskip("av")
    with VideoWriter(tmp_path / "clip.mp4") as writer:
        for index in range(int(4 * frames)):
            writer.write(Image.new("RGB", (64, 64), (4 * index % 256, 90, 90)), index / frames)
    times = [one.time for one in Video(tmp_path / "clip.mp4", rate=rate).frames() if one.due]
    seen = series([0.9] * len(times), times, period=sampling_period(times, rate))
    (event,) = find_events([seen], EventRule("happiness"))
    assert (event.start, event.end) == pytest.approx((0.0, 4.0), abs=1.1 / rate)


def test_an_excluded_range_ends_an_event_where_it_begins():
    whole = series([0.9] * 20)
    cut = exclude(whole, [TimeRange(0.75, 1.0)])
    found = find_events([cut], EventRule("happiness"))
    assert [(one.start, one.end) for one in found] == [
        pytest.approx((0.0, 0.75)),
        pytest.approx((1.0, 2.0)),
    ]


def test_a_second_class_has_events_of_its_own():
    (event,) = find_events([series([0.1] * 6)], EventRule("sadness"))
    assert event.emotion == "sadness"
    assert event.mean == pytest.approx(0.9)


def test_events_of_all_faces_are_in_order_of_time():
    first = series([0.1] * 5 + [0.9] * 5, face=1)
    other = series([0.9] * 5 + [0.1] * 5, face=2)
    assert [one.face for one in find_events([first, other], EventRule("happiness"))] == [2, 1]


def test_a_slower_video_than_the_rate_asked_for_has_no_gaps():
    times = np.arange(10) / 5  # five frames a second, sixty asked for
    found = find_events(
        [series([0.9] * 10, times, period=sampling_period(times, 60))], EventRule("happiness")
    )
    assert [(one.start, one.end) for one in found] == [pytest.approx((0.0, 2.0))]


def test_a_rule_is_read_from_a_text():
    assert parse_event_rule("sadness", CLASSES) == EventRule("sadness", 0.6, 0.5)
    assert parse_event_rule("sadness:0.7", CLASSES) == EventRule("sadness", 0.7, 0.5)
    assert parse_event_rule(" sadness : 0.7 : 2", CLASSES) == EventRule("sadness", 0.7, 2.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [("joy:0.6", "joy"), ("sadness:much", "much"), ("sadness:1.5", "1.5"),
     ("sadness:0.6:-1", "-1"), ("sadness:1:2:3", "1:2:3"), ("sadness:nan", "nan")],
)  # fmt: skip
def test_a_text_that_is_no_rule_is_named(text, named):
    with pytest.raises(EventError, match=named):
        parse_event_rule(text, CLASSES)


def test_a_class_that_the_model_does_not_have_is_named_with_those_it_has():
    with pytest.raises(EventError, match=r"'joy'.*happiness, sadness"):
        find_events([series([0.5])], EventRule("joy"))


def test_times_and_probabilities_must_fit_each_other():
    with pytest.raises(ValueError, match="3"):
        make_series(1, CLASSES, [0.0, 0.1, 0.2], np.full((2, 2), 0.5), [0.0, 0.1, 0.2], 0.1)


def test_every_time_must_be_an_analysed_moment():
    with pytest.raises(ValueError, match="moments"):
        series([0.5, 0.5], [0.0, 0.15], moments=[0.0, 0.1, 0.2])

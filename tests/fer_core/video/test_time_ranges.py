import pytest

from fer_core.video.time_ranges import TimeRange, TimeRangeError, is_within, parse_time_ranges


def test_ranges_are_read_in_seconds_and_in_minutes():
    text = "0-2.5, 1:05 - 1:10,1:00:00\u20131:00:01"
    assert parse_time_ranges(text) == ((0, 2.5), (65, 70), (3600, 3601))


def test_no_text_is_no_range():
    assert parse_time_ranges(" , ") == ()


def test_ranges_that_touch_are_joined_in_order():
    assert parse_time_ranges("8-9, 3-5, 4-6, 6-7") == ((3, 7), (8, 9))


@pytest.mark.parametrize("text", ["3", "5-3", "4-4", "a-b", "1-inf", "nan-2", "-1-2", "1e9-2e9"])
def test_a_text_that_is_no_range_is_named_with_what_is_allowed(text):
    with pytest.raises(TimeRangeError) as error:
        parse_time_ranges(f"0-1, {text}")
    assert repr(text) in str(error.value)
    assert "M:SS" in str(error.value)


def test_convention_a_range_holds_its_start_and_not_its_end():
    ranges = (TimeRange(1, 2),)
    assert is_within(1.0, ranges)
    assert not is_within(2.0, ranges)

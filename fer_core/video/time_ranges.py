"""Ranges of a video's time that are left out of events and summaries."""

from collections.abc import Sequence
from typing import NamedTuple

from fer_core.errors import FerError

FORM = "FROM-TO in seconds or M:SS, several with commas, such as 0-2.5, 1:05-1:10"


class TimeRangeError(FerError, ValueError):
    """A text that names no ranges of time."""


class TimeRange(NamedTuple):
    """From ``start`` up to, and without, ``end``, in seconds."""

    start: float
    end: float


def parse_time_ranges(text: str) -> tuple[TimeRange, ...]:
    """Ranges of time in order, those that touch joined.

    Args:
        text: such as ``0-2.5, 1:05-1:10``; empty for none.

    Raises:
        TimeRangeError: naming the part that is not a range.
    """
    found = sorted(_parse(part.strip()) for part in text.split(",") if part.strip())
    joined: list[TimeRange] = []
    for one in found:
        if joined and one.start <= joined[-1].end:
            joined[-1] = TimeRange(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return tuple(joined)


def is_within(time: float, ranges: Sequence[TimeRange]) -> bool:
    """Whether a time, in seconds, lies in one of the ranges."""
    return any(one.start <= time < one.end for one in ranges)


def _parse(part: str) -> TimeRange:
    # An en dash is what word processors make of a hyphen.
    start, dash, end = part.replace("\u2013", "-").partition("-")
    try:
        found = TimeRange(_seconds(start), _seconds(end))
    except ValueError as error:
        raise TimeRangeError(f"{part!r} is not a time range: write {FORM}") from error
    if not dash or not found.start < found.end:
        raise TimeRangeError(f"{part!r} must end after it begins: write {FORM}")
    return found


def _seconds(text: str) -> float:
    """Seconds of ``75``, ``75.5``, ``1:15`` or ``1:00:15``."""
    parts = text.strip().split(":")
    # No other figures than these: float() also takes nan, inf, 1e9 and signs.
    if len(parts) > 3 or not all(part.replace(".", "", 1).isdigit() for part in parts):
        raise ValueError(text)
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    return seconds

"""Tables of a video's faces as CSV: one row a class for R and tidy tools, events, summaries."""

from collections.abc import Iterable, Sequence

from fer_core.io.csv_cells import csv_bytes
from fer_core.video.events import Event
from fer_core.video.person_summary import PersonSummary
from fer_core.video.series import FaceSeries

LONG = ("video", "face", "time_s", "until_s", "emotion", "probability", "person")
EVENTS = ("video", "face", "emotion", "from_s", "to_s", "duration_s", "mean", "peak", "person")
TRANSITIONS = ("video", "face", "from", "to", "count", "person")
PEOPLE = (
    "video",
    "face",
    "from_s",
    "to_s",
    "seen_s",
    "emotion",
    "share_of_time",
    "bouts",
    "person",
)


def long_table(video: str, series: Iterable[FaceSeries]) -> bytes:
    """One row per face, sample and class: the form that R's ggplot2 and models take.

    Args:
        video: its name.
        series: of the faces.
    """
    return _table(
        LONG,
        (
            (video, one.face, _ms(time), _ms(end), name, round(float(value), 4), one.person)
            for one in series
            for time, end, row in zip(one.times, one.ends, one.probabilities, strict=True)
            for name, value in zip(one.classes, row, strict=True)
        ),
    )


def event_table(video: str, events: Iterable[Event]) -> bytes:
    """One row an event; without any, the header alone."""
    return _table(
        EVENTS,
        (
            (
                *(video, one.face, one.emotion, _ms(one.start), _ms(one.end)),
                *(_ms(one.end - one.start), round(one.mean, 4), round(one.peak, 4), one.person),
            )
            for one in events
        ),
    )


def people_table(video: str, people: Iterable[PersonSummary]) -> bytes:
    """One row per face and prediction, its share of the time in which the face is seen."""
    return _table(
        PEOPLE,
        (
            (
                *(video, one.face, _ms(one.start), _ms(one.end), _ms(one.seconds)),
                *(name, round(share, 4), one.bouts[name], one.person),
            )
            for one in people
            for name, share in one.shares.items()
        ),
    )


def transition_table(video: str, people: Iterable[PersonSummary]) -> bytes:
    """One row per face and pair of classes of which one follows the other."""
    return _table(
        TRANSITIONS,
        (
            (video, one.face, before, after, count, one.person)
            for one in people
            for (before, after), count in one.transitions.items()
        ),
    )


def _ms(seconds: float) -> float:
    return round(float(seconds), 3)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return csv_bytes([header, *rows])

"""What ``fer-core predict CLIP --out`` writes beside the table: events, people, ELAN and R."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fer_core.cli.video_files import ELAN, EVENTS, LONG, PEOPLE, TRANSITIONS, VideoFiles

if TYPE_CHECKING:
    from fer_core.video.analysis import VideoMoment

SURE = 0.0  # the command takes every prediction, as its tables do


def add_review(
    files: VideoFiles,
    video: str,
    moments: Sequence["VideoMoment"],
    classes: Sequence[str],
    rate: float,
    events: Sequence[str] = (),
    excluded: str = "",
) -> dict[str, Any]:
    """Add the further files of a video; give what its JSON file holds of them.

    Args:
        files: of the video; tables name it by their place, which no other video has.
        video: name of the file, for the program that opens it beside its annotations.
        moments: that were analysed.
        classes: of the model.
        rate: frames of a second that were asked for.
        events: rules, see `fer_core.video.events.parse_event_rule`.
        excluded: ranges of time, see `fer_core.video.time_ranges.parse_time_ranges`.

    Raises:
        EventError: when a text is not a rule.
        TimeRangeError: when a text is not a range.
    """
    from fer_core.video.elan import annotate, write_elan
    from fer_core.video.events import find_events, parse_event_rule
    from fer_core.video.person_summary import summarise_people
    from fer_core.video.series import exclude, series_of_moments
    from fer_core.video.tables import event_table, long_table, people_table, transition_table
    from fer_core.video.time_ranges import parse_time_ranges

    ranges = parse_time_ranges(excluded)
    rules = [parse_event_rule(text, classes) for text in events]
    series = [exclude(one, ranges) for one in series_of_moments(moments, classes, rate)]
    found = sorted(
        (event for rule in rules for event in find_events(series, rule)),
        key=lambda event: (event.start, event.face),
    )
    name = files.place.name
    people = summarise_people(series, SURE)
    files.add(LONG, long_table(name, series))
    files.add(EVENTS, event_table(name, found))
    files.add(PEOPLE, people_table(name, people))
    files.add(TRANSITIONS, transition_table(name, people))
    files.add(ELAN, write_elan(annotate(series, SURE, found), video))
    return {
        "excluded": [list(one) for one in ranges],
        "people": [one.to_dict() for one in people],
        "rules": [vars(rule) for rule in rules],
        "events": [one._asdict() for one in found],
    }


def check_review(events: Sequence[str], excluded: str, classes: Sequence[str]) -> None:
    """See that the options are understood before the first prediction; raises as `add_review`."""
    from fer_core.video.events import parse_event_rule
    from fer_core.video.time_ranges import parse_time_ranges

    parse_time_ranges(excluded)
    for text in events:
        parse_event_rule(text, classes)

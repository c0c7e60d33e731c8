"""Events in a video: a class above a probability for long enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fer_core.errors import FerError
from fer_core.video.series import FaceSeries, stretches

LONGEST = 3600.0  # seconds that a rule may ask for
ROUNDING = 1e-6  # seconds; five samples of 0.1 s are half a second


class EventError(FerError, ValueError):
    """A rule of events that cannot be met, or is none."""


@dataclass(frozen=True)
class EventRule:
    """When an event takes place.

    Attributes:
        emotion: the class.
        threshold: probability that it must not fall below, in [0, 1].
        seconds: for which it must not.
    """

    emotion: str
    threshold: float = 0.6
    seconds: float = 0.5

    def __post_init__(self) -> None:
        """See that the rule can be met.

        Raises:
            EventError: naming the value and what is allowed.
        """
        if not 0 <= self.threshold <= 1:
            raise EventError(f"the threshold of an event must be in [0, 1], got {self.threshold:g}")
        if not 0 <= self.seconds <= LONGEST:
            raise EventError(
                f"the duration of an event must be 0 to {LONGEST:.0f} seconds, got {self.seconds:g}"
            )


class Event(NamedTuple):
    """A stretch of time in which a rule is met.

    Attributes:
        face: number of the face.
        emotion: the class.
        start: in seconds.
        end: in seconds.
        peak: the highest probability of the class.
        mean: of its probabilities, each counted by how long it holds.
        person: who it is, see `fer_core.video.series.person_label`.
    """

    face: int
    emotion: str
    start: float
    end: float
    peak: float
    mean: float
    person: str = ""


def parse_event_rule(text: str, classes: Sequence[str]) -> EventRule:
    """A rule of a command line.

    Args:
        text: ``EMOTION``, ``EMOTION:THRESHOLD`` or ``EMOTION:THRESHOLD:SECONDS``.
        classes: of the model.

    Raises:
        EventError: naming what is wrong and what is allowed.
    """
    emotion, *numbers = (part.strip() for part in text.split(":"))
    if emotion not in classes:
        raise EventError(f"no class named {emotion!r}: choose {', '.join(classes)}")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = [0.0] * 3
    if len(values) > 2:
        raise EventError(
            f"{text!r} is not an event rule: write EMOTION:THRESHOLD:SECONDS, such as "
            f"{emotion}:0.6:0.5"
        )
    return EventRule(emotion, *values)


def find_events(series: Sequence[FaceSeries], rule: EventRule) -> list[Event]:
    """Every stretch of a face in which the rule is met without a gap, in order of time.

    Args:
        series: of the faces.
        rule: when an event takes place.

    Raises:
        EventError: when the model has no such class.
    """
    events = []
    for one in series:
        if rule.emotion not in one.classes:
            raise EventError(f"no class named {rule.emotion!r}: choose {', '.join(one.classes)}")
        column = one.probabilities[:, one.classes.index(rule.emotion)]
        above = (column >= rule.threshold).tolist()
        for begun, after in stretches(one, above):
            start, end = float(one.times[begun]), float(one.ends[after - 1])
            if not above[begun] or end - start < rule.seconds - ROUNDING:
                continue
            weights = one.ends[begun:after] - one.times[begun:after]
            mean = float((column[begun:after] * weights).sum() / weights.sum())
            peak = float(column[begun:after].max())
            events.append(Event(one.face, rule.emotion, start, end, peak, mean, one.person))
    return sorted(events, key=lambda event: (event.start, event.face))

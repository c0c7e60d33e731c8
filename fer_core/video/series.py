"""The probabilities of each face over time, and the stretches without a gap in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fer_core.video.time_ranges import TimeRange, is_within

if TYPE_CHECKING:
    from fer_core.video.analysis import VideoMoment  # needs scipy, which is not in the base

NOT_SURE = "not sure"
GAP = 1.5  # sampling periods between two samples from which on the face was away


@dataclass(frozen=True, eq=False)
class FaceSeries:
    """One face over time.

    Attributes:
        face: its number.
        classes: names of the K classes.
        times: (T,), of its samples in seconds, rising.
        ends: (T,), until when each sample holds: the next one, or a sampling period where the face
            is away after it.
        probabilities: (T, K), each row adds up to 1.
        name: that somebody gave to the person; empty without one.
    """

    face: int
    classes: tuple[str, ...]
    times: np.ndarray
    ends: np.ndarray
    probabilities: np.ndarray
    name: str = ""

    @property
    def person(self) -> str:
        """Who it is in a table: the name, or the number of the face."""
        return person_label(self.face, self.name)

    def predictions(self, threshold: float) -> list[str]:
        """The T predictions; ``not sure`` where no probability reaches the threshold."""
        best = self.probabilities.argmax(axis=1)
        sure = self.probabilities.max(axis=1, initial=0.0) >= threshold
        return [
            self.classes[index] if enough else NOT_SURE
            for index, enough in zip(best, sure, strict=True)
        ]


def person_label(face: int, name: str = "") -> str:
    """Who a face is in a table: the name that somebody gave to the person, or its number."""
    return name or f"Face {face}"


def make_series(
    face: int,
    classes: Sequence[str],
    times: Sequence[float],
    probabilities: np.ndarray,
    period: float,
) -> FaceSeries:
    """One face over time.

    Args:
        face: its number.
        classes: names of the K classes.
        times: T times in seconds, rising.
        probabilities: (T, K).
        period: seconds between two samples of a face that stays, see `sampling_period`.

    Raises:
        ValueError: when times and probabilities do not fit each other.
    """
    taken = np.asarray(times, float)
    rows = np.asarray(probabilities, float).reshape(-1, len(classes))
    if len(rows) != len(taken):
        raise ValueError(f"{len(taken)} times need as many rows of probabilities, got {len(rows)}")
    following = np.append(taken[1:], np.inf)
    stays = following - taken <= GAP * period
    return FaceSeries(face, tuple(classes), taken, np.where(stays, following, taken + period), rows)


def sampling_period(times: Sequence[float], rate: float) -> float:
    """Seconds between two analysed frames: as asked for, or as the video's own rate allows.

    Args:
        times: of all analysed frames in seconds, with a face or without.
        rate: frames of a second that were asked for.
    """
    steps = np.diff(np.asarray(times, float))
    return max(1 / rate, float(np.median(steps)) if len(steps) else 0.0)


def series_of_moments(
    moments: Sequence["VideoMoment"], classes: Sequence[str], rate: float
) -> list[FaceSeries]:
    """The faces of an analysis, by number.

    Args:
        moments: of `fer_core.video.analysis.analyse_frames`.
        classes: of the model.
        rate: frames of a second that were asked for.
    """
    period = sampling_period([moment.time for moment in moments], rate)
    seen: dict[int, tuple[list[float], list[np.ndarray]]] = {}
    for moment in moments:
        for one in moment.faces:
            times, rows = seen.setdefault(one.number, ([], []))
            times.append(moment.time)
            rows.append(one.face.probabilities)
    return [
        make_series(number, classes, times, np.array(rows), period)
        for number, (times, rows) in sorted(seen.items())
    ]


def exclude(series: FaceSeries, ranges: Sequence[TimeRange]) -> FaceSeries:
    """The series without the samples of some ranges; a sample before one ends where it begins."""
    kept = np.array([not is_within(float(time), ranges) for time in series.times], bool)
    times, ends = series.times[kept], series.ends[kept].copy()
    for one in ranges:
        ends = np.where(times < one.start, np.minimum(ends, one.start), ends)
    return replace(series, times=times, ends=ends, probabilities=series.probabilities[kept])


def stretches(series: FaceSeries, labels: Sequence[object]) -> Iterator[tuple[int, int]]:
    """The longest runs of one label in which the face is seen without a gap.

    Args:
        series: T samples.
        labels: T labels.

    Yields:
        The first index of a run, and the one after its last.
    """
    begun = 0
    for index in range(1, len(labels) + 1):
        if index < len(labels) and labels[index] == labels[begun] and _touch(series, index):
            continue
        yield begun, index
        begun = index


def _touch(series: FaceSeries, index: int) -> bool:
    """Whether a sample holds until the next one, of this index."""
    return bool(series.ends[index - 1] >= series.times[index] - 1e-9)

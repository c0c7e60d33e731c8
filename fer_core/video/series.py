"""The probabilities of each face over time, and the stretches without a gap in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fer_core.video.time_ranges import TimeRange, is_within

if TYPE_CHECKING:
    from fer_core.video.analysis import VideoMoment  # needs scipy, which is not in the base

NOT_SURE = "not sure"


@dataclass(frozen=True, eq=False)
class FaceSeries:
    """One face over time.

    Attributes:
        face: its number.
        classes: names of the K classes.
        times: (T,), of its samples in seconds, rising.
        ends: (T,), until when each sample holds: the next analysed moment, with the face or without
            it; after the last moment a sampling period.
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
    moments: Sequence[float],
    period: float,
) -> FaceSeries:
    """One face over time: it was away where an analysed moment without it lies between two samples.

    How far apart these are tells nothing: frames of 1/12 s, of which ten a second are analysed, are
    one or two frames apart, and those of some videos anything.

    Args:
        face: its number.
        classes: names of the K classes.
        times: T times in seconds, rising.
        probabilities: (T, K).
        moments: all analysed times in seconds, rising, with this face or without it.
        period: seconds for which a sample of the last moment holds, see `sampling_period`.

    Raises:
        ValueError: when times and probabilities do not fit each other, or a time is no moment.
    """
    taken, analysed = np.asarray(times, float), np.asarray(moments, float)
    rows = np.asarray(probabilities, float).reshape(-1, len(classes))
    if len(rows) != len(taken):
        raise ValueError(f"{len(taken)} times need as many rows of probabilities, got {len(rows)}")
    if not np.isin(taken, analysed).all():
        raise ValueError("every time of a face must be one of the analysed moments")
    return FaceSeries(face, tuple(classes), taken, held_until(taken, analysed, period), rows)


def held_until(
    times: Sequence[float] | np.ndarray, moments: Sequence[float] | np.ndarray, period: float
) -> np.ndarray:
    """Until when each sample of a face holds: the next analysed moment.

    Args:
        times: T times of the samples in seconds, rising, each of them a moment.
        moments: all analysed times in seconds, rising.
        period: seconds for which a sample of the last moment holds.

    Returns:
        (T,) seconds.
    """
    analysed = np.asarray(moments, float)
    until = np.append(analysed[1:], analysed[-1:] + period)  # (M,)
    return until[np.searchsorted(analysed, times, side="right") - 1]


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
        moments: of `fer_core.video.analysis.analyse_frames`, those without faces too.
        classes: of the model.
        rate: frames of a second that were asked for.
    """
    analysed = [moment.time for moment in moments]
    period = sampling_period(analysed, rate)
    seen: dict[int, tuple[list[float], list[np.ndarray]]] = {}
    for moment in moments:
        for one in moment.faces:
            times, rows = seen.setdefault(one.number, ([], []))
            times.append(moment.time)
            rows.append(one.face.probabilities)
    return [
        make_series(number, classes, times, np.array(rows), analysed, period)
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

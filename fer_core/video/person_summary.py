"""What a face did in a video: its share of time by class, how often, and what followed what."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fer_core.video.series import NOT_SURE, FaceSeries, stretches


@dataclass(frozen=True)
class PersonSummary:
    """One face over the time in which it is seen.

    Attributes:
        face: its number.
        start: when it is first seen, in seconds.
        end: until when, in seconds.
        seconds: for which it is seen in all.
        shares: of that time by prediction, ``not sure`` among them, the largest first.
        bouts: how many unbroken stretches each prediction has.
        transitions: how often one class follows another; a stretch that is not sure between the
            two does not count, one in which the face is away ends the count.
        person: who it is, see `fer_core.video.series.person_label`.
    """

    face: int
    start: float
    end: float
    seconds: float
    shares: dict[str, float]
    bouts: dict[str, int]
    transitions: dict[tuple[str, str], int]
    person: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The summary for JSON, its numbers rounded."""
        return {
            "face": self.face,
            "person": self.person,
            "from_s": round(self.start, 3),
            "to_s": round(self.end, 3),
            "seen_s": round(self.seconds, 3),
            "share_of_time": {name: round(share, 4) for name, share in self.shares.items()},
            "bouts": self.bouts,
            "transitions": [
                {"from": one, "to": other, "count": count}
                for (one, other), count in self.transitions.items()
            ],
        }


def summarise_person(series: FaceSeries, threshold: float) -> PersonSummary | None:
    """The summary of a face; None where nothing of it is left.

    Args:
        series: of the face.
        threshold: probability below which a prediction is not sure, in [0, 1].
    """
    if not len(series.times):
        return None
    predictions = series.predictions(threshold)
    lasting: dict[str, float] = {}
    bouts: Counter[str] = Counter()
    transitions: Counter[tuple[str, str]] = Counter()
    before, seen_until = "", float("-inf")
    for begun, after in stretches(series, predictions):
        name, start = predictions[begun], float(series.times[begun])
        held = float((series.ends[begun:after] - series.times[begun:after]).sum())
        lasting[name] = lasting.get(name, 0.0) + held
        bouts[name] += 1
        if start > seen_until + 1e-9:
            before = ""
        if name != NOT_SURE:
            if before and before != name:
                transitions[before, name] += 1
            before = name
        seen_until = float(series.ends[after - 1])
    whole = sum(lasting.values())
    return PersonSummary(
        series.face,
        float(series.times[0]),
        float(series.ends[-1]),
        whole,
        {name: lasting[name] / whole for name in sorted(lasting, key=lambda n: -lasting[n])},
        dict(bouts.most_common()),
        dict(transitions.most_common()),
        series.person,
    )


def summarise_people(series: Sequence[FaceSeries], threshold: float) -> list[PersonSummary]:
    """The summaries of all faces of which something is left, see `summarise_person`."""
    found = (summarise_person(one, threshold) for one in series)
    return [one for one in found if one is not None]

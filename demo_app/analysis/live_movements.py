"""What the faces of a camera do: one face at a time, as often as time allows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fer_core.inference.face_prediction import FacePrediction
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.video.tracking import TrackedFace

SHARE = 0.25  # of the time that analyses may take; the rest is for frames
LASTS = 2.0  # seconds for which the panel shows what a face did last

Analyse = Callable[[FacePrediction], FacePrediction | None]
"""One face of the frame analysed; None when there was no time for it."""


@dataclass(eq=False)
class MovementWatch:
    """Spends a share of the time on analyses, each of the face that has waited longest.

    Attributes:
        share: of the time, in (0, 1].
        clock: seconds, as `time.monotonic`.
    """

    share: float = SHARE
    clock: Callable[[], float] = time.monotonic
    _free: float = field(default=float("-inf"), init=False)
    _tried: dict[int, float] = field(default_factory=dict, init=False)
    _seen: dict[int, tuple[float, FaceAnalysis | None]] = field(default_factory=dict, init=False)

    def look(self, tracked: list[TrackedFace], analyse: Analyse) -> list[TrackedFace]:
        """The faces of a frame, one of them with its analysis where there is time for one.

        Args:
            tracked: faces of the frame.
            analyse: how a face of the frame is analysed.
        """
        begun = self.clock()
        if not tracked or begun < self._free:
            return tracked
        waiting = min(tracked, key=lambda one: self._tried.get(one.number, float("-inf")))
        found = analyse(waiting.face)
        if found is None:
            return tracked
        ended = self.clock()
        self._free = ended + (ended - begun) * (1 / self.share - 1)
        self._keep(waiting.number, found.analysis, ended)
        return [
            one._replace(face=replace(one.face, analysis=found.analysis)) if one is waiting else one
            for one in tracked
        ]

    def last(self, number: int) -> FaceAnalysis | None:
        """What a face did last; None when that is too long ago, or the analyser saw no face."""
        at, analysis = self._seen.get(number, (float("-inf"), None))
        return analysis if self.clock() - at <= LASTS else None

    def knows(self, number: int) -> bool:
        """Whether a face was looked at lately, with or without success."""
        return self.clock() - self._tried.get(number, float("-inf")) <= LASTS

    def _keep(self, number: int, analysis: FaceAnalysis | None, now: float) -> None:
        self._tried[number] = now
        self._seen[number] = (now, analysis and analysis.without_points())
        for old in [one for one, at in self._tried.items() if now - at > LASTS]:
            del self._tried[old], self._seen[old]

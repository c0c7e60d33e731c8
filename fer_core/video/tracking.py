"""Follow faces over the frames of a video: stable numbers, and predictions smoothed over time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from fer_core.inference.face_prediction import FacePrediction
from fer_core.video.pairing import best_pairs

LEAST_CLOSENESS = 0.3  # of a face and the track it continues, see `closeness`
LEAST_PROBABILITY = 1e-12
MEMORY = 0.2  # time constant in seconds of a track's speed


class TrackedFace(NamedTuple):
    """A face of the current frame.

    Attributes:
        number: of its track, from 1; never used again for another one.
        face: place and crop of this frame, with probabilities and maps smoothed over the track.
        raw: the prediction on this frame alone.
    """

    number: int
    face: FacePrediction
    raw: FacePrediction


@dataclass(eq=False)
class _Track:
    number: int
    box: tuple[float, float, float, float]
    seen: float
    log_probabilities: np.ndarray
    maps: np.ndarray
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))  # of the centre, pixels/s

    def closeness(self, box: Sequence[float], time: float) -> float:
        """To where the face was last, or to where it would be by now if it went on as before."""
        ahead = np.tile(self.speed * max(0.0, time - self.seen), 2)
        return max(closeness(box, self.box), closeness(box, np.add(self.box, ahead).tolist()))

    def move(self, box: tuple[float, float, float, float], time: float) -> None:
        """Take the place of the current frame."""
        passed = max(0.0, time - self.seen)
        if passed > 0:
            moved = (np.add(box[:2], box[2:]) - np.add(self.box[:2], self.box[2:])) / 2
            self.speed = self.speed + (1 - math.exp(-passed / MEMORY)) * (
                moved / passed - self.speed
            )
        self.box, self.seen = box, time


class FaceTracker:
    """Matches the faces of each frame with those of the frames before.

    Matched are the places that fit best in sum, where a face was last or where its movement would
    have taken it: faces that cross each other keep their numbers.

    Smoothing is an exponential average of the log-probabilities, which is one of the logits (they
    differ by a constant that the softmax removes), and the same average of the maps. So a smoothed
    map explains the smoothed prediction as exactly as a single frame's does.

    Example:
        >>> tracker = FaceTracker()
        >>> for frame in range(100):
        ...     faces = tracker.update(predictor.predict(frames[frame]), frame / 25)
    """

    def __init__(self, smoothing: float = 0.4, patience: float = 1.0) -> None:
        """Begin without tracks.

        Args:
            smoothing: time constant in seconds; 0 takes every frame for itself.
            patience: seconds for which a face may be hidden and still keep its number.

        Raises:
            ValueError: when one of them is negative.
        """
        for name, value in (("smoothing", smoothing), ("patience", patience)):
            if not value >= 0:
                raise ValueError(f"{name} must be 0 or more seconds, got {value}")
        self.smoothing = smoothing
        self.patience = patience
        self._tracks: list[_Track] = []
        self._next = 1

    def cut(self) -> None:
        """Forget where faces were, as at a cut in the film; numbers go on."""
        self._tracks = []

    def update(self, faces: Sequence[FacePrediction], time: float) -> list[TrackedFace]:
        """Number and smooth the faces of one frame, in their order.

        Args:
            faces: of the frame; all frames from one model.
            time: of the frame in seconds, not before the last one.
        """
        self._tracks = [track for track in self._tracks if time - track.seen <= self.patience]
        found = self._match(faces, time)
        return [self._follow(face, track, time) for face, track in zip(faces, found, strict=True)]

    def _match(self, faces: Sequence[FacePrediction], time: float) -> list[_Track | None]:
        found: list[_Track | None] = [None] * len(faces)
        near = np.array(
            [[track.closeness(face.box, time) for track in self._tracks] for face in faces]
        ).reshape(len(faces), len(self._tracks))
        near[near < LEAST_CLOSENESS] = 0  # two poor pairs must not outweigh a good one
        for row, column in best_pairs(near):
            if near[row, column] > 0:
                found[row] = self._tracks[column]
        return found

    def _follow(self, face: FacePrediction, track: _Track | None, time: float) -> TrackedFace:
        logs = np.log(np.maximum(face.probabilities, LEAST_PROBABILITY))
        if track is None:
            track = _Track(self._next, face.box, time, logs, face.maps)
            self._next += 1
            self._tracks.append(track)
        else:
            # A rate-independent average: what is one time constant old counts 1/e.
            passed = max(0.0, time - track.seen)
            new = 1 - math.exp(-passed / self.smoothing) if self.smoothing > 0 else 1.0
            track.log_probabilities = track.log_probabilities + new * (
                logs - track.log_probabilities
            )
            track.maps = track.maps + new * (face.maps - track.maps)
            track.move(face.box, time)
        smoothed = replace(
            face,
            probabilities=softmax(track.log_probabilities).astype(face.probabilities.dtype),
            maps=track.maps,
        )
        return TrackedFace(track.number, smoothed, face)


def closeness(one: Sequence[float], other: Sequence[float]) -> float:
    """How well two boxes (x0, y0, x1, y1) could show one face some frames apart, in [0, 1].

    Falls with the distance of the centres, in sides of the larger box, and with the ratio of the
    sides. Unlike the overlap it still tells near from far where boxes no longer touch.
    """
    sides = [math.sqrt(max(1e-9, (x1 - x0) * (y1 - y0))) for x0, y0, x1, y1 in (one, other)]
    across = (one[0] + one[2] - other[0] - other[2]) / 2
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    near = max(0.0, 1 - math.hypot(across, down) / max(sides))
    return near * min(sides) / max(sides)

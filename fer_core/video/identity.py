"""Tracks of one person joined again after a cut or a look away, by what the faces look like.

A track ends where a face is lost (`fer_core.video.tracking`). With an embedding of faces
(`fer_core.models.face_embedding`) a new track is given to a person who was seen before, when its
face is alike enough. Embeddings stay in memory, a few for each person, and end with the analysis;
nothing is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from fer_core.video.pairing import best_pairs

Embedder = Callable[[Image.Image, Sequence[np.ndarray]], np.ndarray]
# Cosine from which two faces are one person's: just above that of any two people tried
# (benchmarks/identity.py, docs/predictor.md).
LEAST_ALIKE = 0.82
LEAST_EYES = 12.0  # pixels between the eyes, below which a face tells no person
MOST_KEPT, APART = 8, 0.5  # embeddings of a person, and seconds between two of them


@dataclass(eq=False)
class _Person:
    number: int
    embeddings: list[np.ndarray] = field(default_factory=list)
    last: float = float("-inf")

    def alike(self, embedding: np.ndarray) -> float:
        """Cosine of an embedding and the mean of the person's own."""
        mean = np.mean(self.embeddings, axis=0)
        return float(embedding @ mean / max(1e-9, float(np.linalg.norm(mean))))


class PersonJoiner:
    """Gives tracks the numbers of persons: that of a person's first track."""

    def __init__(self, embed: Embedder, least: float = LEAST_ALIKE) -> None:
        """Begin without persons.

        Args:
            embed: photograph and landmarks of N faces -> (N, D) unit vectors
                (`fer_core.models.face_embedding.FaceEmbedder`).
            least: cosine from which two faces are one person's, in (0, 1].

        Raises:
            ValueError: for another cosine.
        """
        if not 0 < least <= 1:
            raise ValueError(f"least must be in (0, 1], got {least}")
        self._embed, self._least = embed, least
        self._persons: dict[int, _Person] = {}  # by the numbers of their tracks
        self._known: list[_Person] = []

    def number(
        self,
        image: Image.Image,
        landmarks: Sequence[np.ndarray],
        tracks: Sequence[int],
        time: float,
    ) -> list[int]:
        """The persons of the faces of one frame, in their order.

        Two faces of one frame are never one person. A face that is too small to tell keeps the
        number of its track until it is larger.

        Args:
            image: the frame.
            landmarks: (3, 2) of each face, in its pixels.
            tracks: numbers of the faces' tracks.
            time: of the frame in seconds.
        """
        self._part(tracks)
        wanted = [
            at
            for at, (places, track) in enumerate(zip(landmarks, tracks, strict=True))
            if _eyes_apart(places) >= LEAST_EYES and self._is_wanted(track, time)
        ]
        found = self._embed(image, [landmarks[at] for at in wanted]) if wanted else []
        embeddings = dict(zip(wanted, found, strict=True))
        self._join({tracks[at]: one for at, one in embeddings.items()}, tracks)
        for at, embedding in embeddings.items():
            person = self._persons[tracks[at]]
            person.embeddings.append(embedding)
            person.last = time
        return [
            self._persons[track].number if track in self._persons else track for track in tracks
        ]

    def _part(self, tracks: Sequence[int]) -> None:
        """Of two tracks of one person that are seen at once, the later one is somebody else."""
        here: list[_Person] = []
        for track in sorted(tracks):
            person = self._persons.get(track)
            if person in here:
                del self._persons[track]
            elif person is not None:
                here.append(person)

    def _is_wanted(self, track: int, time: float) -> bool:
        """Whether another embedding of a track's person is of use."""
        person = self._persons.get(track)
        return person is None or (
            len(person.embeddings) < MOST_KEPT and time - person.last >= APART
        )

    def _join(self, embeddings: dict[int, np.ndarray], tracks: Sequence[int]) -> None:
        """Give each new track a person: one who is not in the frame, or a new one."""
        fresh = [track for track in embeddings if track not in self._persons]
        here = [self._persons[track] for track in tracks if track in self._persons]
        away = [person for person in self._known if person not in here]
        alike = np.array(
            [[person.alike(embeddings[track]) for person in away] for track in fresh]
        ).reshape(len(fresh), len(away))
        alike[alike < self._least] = 0
        for row, column in best_pairs(alike):
            if alike[row, column] > 0:
                self._persons[fresh[row]] = away[column]
        for track in fresh:
            if track not in self._persons:
                self._persons[track] = _Person(track)
                self._known.append(self._persons[track])


def _eyes_apart(landmarks: np.ndarray) -> float:
    return float(np.hypot(*(landmarks[1] - landmarks[0])))

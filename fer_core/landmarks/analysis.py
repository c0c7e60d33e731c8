"""What an analyser says of one face beside its emotion: movements, blendshapes, head pose.

Blendshapes are the coefficients that animate a drawn face (`fer_core.landmarks.movements`). They
are estimates of a network, not FACS coding, and say nothing of valence or arousal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from PIL import Image

from fer_core.faces.face import Face
from fer_core.landmarks.movements import BLENDSHAPES, SeenMovement, movements

# Degrees beyond which the bundled model loses eight points of accuracy or more (docs/landmarks.md).
MOST_YAW = MOST_PITCH = 30.0


class HeadPose(NamedTuple):
    """Where a head is turned, in degrees, for a viewer of the image; all zero: into the camera.

    Attributes:
        yaw: positive: turned to the image's right (the person's own left); in [-90, 90].
        pitch: positive: up; in [-180, 180].
        roll: positive: tilted clockwise in the image, the eye on its right lower than the other;
            in [-180, 180].
    """

    yaw: float
    pitch: float
    roll: float


COLUMNS = ("movements", *HeadPose._fields, "note", *BLENDSHAPES)  # of a table, see `cells`


@dataclass(frozen=True, eq=False, repr=False)
class FaceAnalysis:
    """What one face does.

    Attributes:
        blendshapes: name -> score in [0, 1]; *Left* and *Right* are the person's own sides.
        pose: of the head.
        points: (P, 3) landmarks, x and y in pixels of the photograph, z in the same unit and
            smaller towards the camera.
        presence: the network's confidence that the landmarks are those of a face, in [0, 1].
    """

    blendshapes: Mapping[str, float]
    pose: HeadPose
    points: np.ndarray
    presence: float = 1.0

    @property
    def movements(self) -> list[SeenMovement]:
        """The movements that are seen clearly, the strongest first."""
        return movements(self.blendshapes)

    @property
    def text(self) -> str:
        """The movements in words, such as "brows lowered, lip corners pulled"."""
        return ", ".join(one.words for one in self.movements) or "no clear movement"

    @property
    def note(self) -> str:
        """Why the emotion model may err on this face: it is turned too far; empty when it is not.

        The tilt is not a reason: the face is turned upright before the model sees it.
        """
        yaw, pitch, _ = self.pose
        turned = []
        if abs(yaw) > MOST_YAW:
            turned.append(f"{abs(yaw):.0f} degrees to the {'right' if yaw > 0 else 'left'}")
        if abs(pitch) > MOST_PITCH:
            turned.append(f"{abs(pitch):.0f} degrees {'up' if pitch > 0 else 'down'}")
        if not turned:
            return ""
        return f"turned {' and '.join(turned)}: too far for a reliable emotion"

    def __repr__(self) -> str:
        yaw, pitch, roll = self.pose
        return f"FaceAnalysis({self.text}; yaw {yaw:.0f}, pitch {pitch:.0f}, roll {roll:.0f})"

    def scaled(self, factor: float) -> "FaceAnalysis":
        """The same in pixels of a photograph that is ``factor`` times as large."""
        return replace(self, points=self.points * np.float32(factor))

    def of_mirror_image(self) -> "FaceAnalysis":
        """The same with the person's own sides, of a face in a mirrored photograph.

        Pose and landmarks stay those of the photograph.
        """
        swapped = {_other_side(name): score for name, score in self.blendshapes.items()}
        in_order = {name: swapped[name] for name in self.blendshapes if name in swapped}
        return replace(self, blendshapes=in_order | swapped)

    def without_points(self) -> "FaceAnalysis":
        """The same without what fills the memory of hours of video."""
        return replace(self, points=np.empty((0, 3), np.float32))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold, rounded; without the landmarks."""
        return {
            "movements": [one.words for one in self.movements],
            "head_pose": {name: round(value, 1) for name, value in self.pose._asdict().items()},
            "note": self.note or None,
            "blendshapes": {name: round(float(v), 4) for name, v in self.blendshapes.items()},
        }

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads: everything but the landmarks."""
        scores = {name: float(value) for name, value in self.blendshapes.items()}
        return {"blendshapes": scores, "pose": list(self.pose), "presence": self.presence}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """An analysis that was written to a file, without landmarks."""
        pose = HeadPose(*values["pose"])
        return cls(values["blendshapes"], pose, np.empty((0, 3), np.float32), values["presence"])


def _other_side(name: str) -> str:
    for one, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(one):
            return name.removesuffix(one) + other
    return name


def cells(values: Mapping[str, Any]) -> dict[str, Any]:
    """What `FaceAnalysis.to_dict` gives, as the cells of a table with `COLUMNS`."""
    return {
        "movements": ", ".join(values["movements"]),
        **values["head_pose"],
        "note": values["note"] or "",
        **values["blendshapes"],
    }


class FaceAnalyser(Protocol):
    """What tells what faces do: a function, or an object that is called.

    `fer_core.landmarks.Landmarker` is the one of the extra ``landmarks``.
    """

    def __call__(
        self, photo: Image.Image, faces: Sequence[Face], /
    ) -> Sequence[FaceAnalysis | None]:
        """One analysis a face of an upright RGB photograph, in their order.

        None stands for a face of which nothing can be said.
        """
        ...

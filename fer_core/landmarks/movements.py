"""Blendshapes in words: which movement of the face each one stands for, with its action unit.

Blendshapes are named as in Apple's ARKit (``ARFaceAnchor.BlendShapeLocation``) and estimated by
MediaPipe's blendshape network. The action units are those of the Facial Action Coding System that
describe about the same movement (P. Ekman, W. V. Friesen, J. C. Hager, "Facial Action Coding
System", 2002). The table is a reading aid: a blendshape is not an intensity of an action unit, and
scores of different blendshapes do not compare.
"""

from collections.abc import Mapping
from typing import NamedTuple

# In the order of the network's outputs (face_blendshapes_graph.cc of MediaPipe, Apache-2.0).
BLENDSHAPES = tuple(
    """_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight
    eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight
    eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight
    mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft
    mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight
    mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft
    noseSneerRight""".split()  # noqa: SIM905
)


class Movement(NamedTuple):
    """One movement of the face.

    Attributes:
        least: score from which it counts as seen: 0.1 above what 95 % of the neutral faces of
            FERPlus stay below, at most 0.95, and the same for left and right
            (benchmarks/landmarks.py).
        words: what is seen.
        unit: name of the action unit (AU) or action descriptor (AD) that is closest; empty where
            there is none.
        blendshapes: whose mean is its score: one, or one a side.
    """

    least: float
    words: str
    unit: str
    blendshapes: tuple[str, ...]


class SeenMovement(NamedTuple):
    """A movement that is seen on a face, and its score in [0, 1]."""

    words: str
    unit: str
    score: float


def _sides(name: str) -> tuple[str, str]:
    return f"{name}Left", f"{name}Right"


MOVEMENTS = (
    Movement(0.72, "inner brows raised", "AU1", ("browInnerUp",)),
    Movement(0.64, "outer brows raised", "AU2", _sides("browOuterUp")),
    Movement(0.68, "brows lowered", "AU4", _sides("browDown")),
    Movement(0.19, "upper lids raised", "AU5", _sides("eyeWide")),
    Movement(0.10, "cheeks raised", "AU6", _sides("cheekSquint")),
    Movement(0.68, "lids tightened", "AU7", _sides("eyeSquint")),
    Movement(0.10, "nose wrinkled", "AU9", _sides("noseSneer")),
    Movement(0.14, "upper lip raised", "AU10", _sides("mouthUpperUp")),
    Movement(0.26, "lip corners pulled", "AU12", _sides("mouthSmile")),
    Movement(0.15, "lip corners tightened", "AU14", _sides("mouthDimple")),
    Movement(0.22, "lip corners lowered", "AU15", _sides("mouthFrown")),
    Movement(0.17, "lower lip lowered", "AU16", _sides("mouthLowerDown")),
    Movement(0.50, "chin raised", "AU17", ("mouthShrugLower",)),
    Movement(0.95, "lips puckered", "AU18", ("mouthPucker",)),
    Movement(0.19, "lips stretched", "AU20", _sides("mouthStretch")),
    Movement(0.13, "lips funnelled", "AU22", ("mouthFunnel",)),
    Movement(0.32, "lips pressed", "AU24", _sides("mouthPress")),
    Movement(0.25, "jaw dropped", "AU26", ("jawOpen",)),
    Movement(0.39, "lips rolled in", "AU28", ("mouthRollLower", "mouthRollUpper")),
    Movement(0.10, "jaw thrust forward", "AD29", ("jawForward",)),
    Movement(0.13, "jaw moved to the person's left", "AD30", ("jawLeft",)),
    Movement(0.13, "jaw moved to the person's right", "AD30", ("jawRight",)),
    Movement(0.10, "cheeks puffed", "AD34", ("cheekPuff",)),
    Movement(0.60, "eyes closed", "AU43", _sides("eyeBlink")),
    Movement(0.80, "looking to the person's left", "AU61", ("eyeLookOutLeft", "eyeLookInRight")),
    Movement(0.80, "looking to the person's right", "AU62", ("eyeLookInLeft", "eyeLookOutRight")),
    Movement(0.58, "looking up", "AU63", _sides("eyeLookUp")),
    Movement(0.74, "looking down", "AU64", _sides("eyeLookDown")),
    Movement(0.12, "lips closed over an open jaw", "", ("mouthClose",)),
    Movement(0.33, "upper lip pushed up", "", ("mouthShrugUpper",)),
    Movement(0.15, "mouth moved to the person's left", "", ("mouthLeft",)),
    Movement(0.15, "mouth moved to the person's right", "", ("mouthRight",)),
)


def score(movement: Movement, blendshapes: Mapping[str, float]) -> float:
    """The mean of a movement's blendshapes; one that is not there counts 0."""
    found = [blendshapes.get(name, 0.0) for name in movement.blendshapes]
    return sum(found) / len(found)


def movements(blendshapes: Mapping[str, float]) -> list[SeenMovement]:
    """The movements that are seen clearly, the clearest first.

    The clearest is furthest from its limit to 1, since scores of different movements do not
    compare.

    Args:
        blendshapes: name -> score in [0, 1].
    """
    scored = [(one, score(one, blendshapes)) for one in MOVEMENTS]
    seen = [(one, value) for one, value in scored if value >= one.least]
    seen.sort(key=lambda pair: (pair[0].least - pair[1]) / (1 - pair[0].least))
    return [SeenMovement(one.words, one.unit, value) for one, value in seen]

"""Blendshapes in words: which movement of the face each one stands for, with its action unit.

Blendshapes are named as in Apple's ARKit (``ARFaceAnchor.BlendShapeLocation``) and estimated by
MediaPipe's blendshape network. The action units are those of the Facial Action Coding System that
describe about the same movement (P. Ekman, W. V. Friesen, J. C. Hager, "Facial Action Coding
System", 2002). The table is a reading aid: a blendshape is no intensity of an action unit, and
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
LEAST_SCORE = 0.4  # from which most movements are told in words


class Movement(NamedTuple):
    """One movement of the face.

    Attributes:
        words: what is seen.
        unit: name of the action unit (AU) or action descriptor (AD) that is closest; empty where
            there is none.
        blendshapes: whose mean is its score: one, or one a side.
        least: score from which it counts as seen: above that of 95 % of the neutral faces of
            FERPlus (benchmarks/landmarks.py).
    """

    words: str
    unit: str
    blendshapes: tuple[str, ...]
    least: float = LEAST_SCORE


class Shown(NamedTuple):
    """A movement that is seen on a face, and its score in [0, 1]."""

    words: str
    unit: str
    score: float


def _sides(name: str) -> tuple[str, str]:
    return f"{name}Left", f"{name}Right"


MOVEMENTS = (
    Movement("inner brows raised", "AU1", ("browInnerUp",)),
    Movement("outer brows raised", "AU2", _sides("browOuterUp")),
    Movement("brows lowered", "AU4", _sides("browDown")),
    Movement("upper lids raised", "AU5", _sides("eyeWide")),
    Movement("cheeks raised", "AU6", _sides("cheekSquint")),
    Movement("lids tightened", "AU7", _sides("eyeSquint")),
    Movement("nose wrinkled", "AU9", _sides("noseSneer")),
    Movement("upper lip raised", "AU10", _sides("mouthUpperUp")),
    Movement("lip corners pulled", "AU12", _sides("mouthSmile")),
    Movement("lip corners tightened", "AU14", _sides("mouthDimple")),
    Movement("lip corners lowered", "AU15", _sides("mouthFrown")),
    Movement("lower lip lowered", "AU16", _sides("mouthLowerDown")),
    Movement("chin raised", "AU17", ("mouthShrugLower",)),
    Movement("lips puckered", "AU18", ("mouthPucker",)),
    Movement("lips stretched", "AU20", _sides("mouthStretch")),
    Movement("lips funnelled", "AU22", ("mouthFunnel",)),
    Movement("lips pressed", "AU24", _sides("mouthPress")),
    Movement("jaw dropped", "AU26", ("jawOpen",)),
    Movement("lips rolled in", "AU28", ("mouthRollLower", "mouthRollUpper")),
    Movement("jaw thrust forward", "AD29", ("jawForward",)),
    Movement("jaw moved to the person's left", "AD30", ("jawLeft",)),
    Movement("jaw moved to the person's right", "AD30", ("jawRight",)),
    Movement("cheeks puffed", "AD34", ("cheekPuff",)),
    Movement("eyes closed", "AU43", _sides("eyeBlink")),
    Movement("looking to the person's left", "AU61", ("eyeLookOutLeft", "eyeLookInRight")),
    Movement("looking to the person's right", "AU62", ("eyeLookInLeft", "eyeLookOutRight")),
    Movement("looking up", "AU63", _sides("eyeLookUp")),
    Movement("looking down", "AU64", _sides("eyeLookDown")),
    Movement("lips closed over an open jaw", "", ("mouthClose",)),
    Movement("upper lip pushed up", "", ("mouthShrugUpper",)),
    Movement("mouth moved to the person's left", "", ("mouthLeft",)),
    Movement("mouth moved to the person's right", "", ("mouthRight",)),
)


def score(movement: Movement, blendshapes: Mapping[str, float]) -> float:
    """The mean of a movement's blendshapes; one that is not there counts 0."""
    found = [blendshapes.get(name, 0.0) for name in movement.blendshapes]
    return sum(found) / len(found)


def movements(blendshapes: Mapping[str, float]) -> list[Shown]:
    """The movements that are seen clearly, the strongest first.

    Args:
        blendshapes: name -> score in [0, 1].
    """
    scored = [(one, score(one, blendshapes)) for one in MOVEMENTS]
    shown = [Shown(one.words, one.unit, value) for one, value in scored if value >= one.least]
    return sorted(shown, key=lambda one: -one.score)

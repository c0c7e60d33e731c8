"""Facial actions of the basic expressions, as continuous values a face can be drawn from.

The actions follow the Facial Action Coding System (Ekman and Friesen, 1978) in spirit: each one is
a movement with a strength around 0 (rest) to 1 (strong). An expression is a mean strength per
action; a face shows it at a random intensity and with its own habits, so that weak expressions
look neutral and neighbours (fear and surprise, anger and disgust) overlap as they do in photos.
"""

from typing import NamedTuple

import numpy as np

from fer_core.emotions import EIGHT_CLASSES

INTENSITY = (0.42, 1.15)  # an expression is shown at a strength drawn evenly from this range
HABIT = 0.15  # standard deviation of every action around the expression's own strength


class Actions(NamedTuple):
    """Strength of each facial movement; 0 is a face at rest, the sign gives the direction.

    Attributes:
        brow_inner: inner ends of the brows go up.
        brow_outer: outer ends of the brows go up.
        brow_lower: brows go down and together.
        lid_open: upper lids go up; negative: they droop.
        lid_tight: lids narrow the eyes and the cheeks go up.
        nose_wrinkle: the nose goes up and wrinkles.
        upper_lip: the upper lip goes up.
        lip_corner: the corners of the mouth go up; negative: down.
        lip_stretch: the mouth becomes wider.
        lip_press: the lips become thin.
        mouth_open: the jaw drops.
        lip_one_side: one corner of the mouth goes up; the sign says which one.
    """

    brow_inner: float = 0.0
    brow_outer: float = 0.0
    brow_lower: float = 0.0
    lid_open: float = 0.0
    lid_tight: float = 0.0
    nose_wrinkle: float = 0.0
    upper_lip: float = 0.0
    lip_corner: float = 0.0
    lip_stretch: float = 0.0
    lip_press: float = 0.0
    mouth_open: float = 0.0
    lip_one_side: float = 0.0


EXPRESSIONS: dict[str, Actions] = {
    "neutral": Actions(),
    "happiness": Actions(
        lid_tight=0.5, upper_lip=0.3, lip_corner=0.9, lip_stretch=0.5, mouth_open=0.25
    ),
    "surprise": Actions(brow_inner=0.8, brow_outer=0.9, lid_open=0.8, mouth_open=0.85),
    "sadness": Actions(brow_inner=0.8, brow_lower=0.2, lid_open=-0.45, lip_corner=-0.8),
    "anger": Actions(brow_lower=1.0, lid_open=0.25, lid_tight=0.5, lip_corner=-0.25, lip_press=0.7),
    "disgust": Actions(
        brow_lower=0.5, lid_tight=0.5, nose_wrinkle=1.0, upper_lip=0.8, lip_corner=-0.35
    ),
    "fear": Actions(
        brow_inner=0.95,
        brow_outer=0.3,
        brow_lower=0.35,
        lid_open=0.85,
        lip_corner=-0.25,
        lip_stretch=0.7,
        mouth_open=0.4,
    ),
    "contempt": Actions(lid_open=-0.15, lid_tight=0.15, lip_press=0.3, lip_one_side=1.0),
}

# These movements have no opposite: below rest there is nothing to see.
ONE_WAY = np.array([name in {"nose_wrinkle", "mouth_open", "lip_press", "upper_lip"}
                    for name in Actions._fields])  # fmt: skip


def sample_actions(emotion: str, generator: np.random.Generator) -> Actions:
    """The facial actions of one face that shows ``emotion``.

    Args:
        emotion: one of `EIGHT_CLASSES`.
        generator: source of the face's intensity, habits and side.

    Raises:
        ValueError: when the taxonomy has no such emotion.
    """
    if emotion not in EXPRESSIONS:
        raise ValueError(f"unknown emotion {emotion!r}: use one of {', '.join(EIGHT_CLASSES)}")
    mean = np.array(EXPRESSIONS[emotion])  # (12,)
    strength = mean * generator.uniform(*INTENSITY)
    strength += HABIT * generator.standard_normal(len(mean))
    strength[-1] *= generator.choice((-1.0, 1.0))
    strength = np.where(ONE_WAY, np.maximum(strength, 0.0), strength)
    return Actions(*strength.tolist())

"""Photographs to begin with: a public-domain portrait, and drawn faces. No picture files here."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait

# Emotion and seed of the drawn portraits.
DRAWN = (("happiness", 7), ("surprise", 9), ("anger", 4), ("sadness", 0))
GROUP = (("happiness", 3), ("surprise", 8), ("disgust", 6))


class Example(NamedTuple):
    """A picture with the words under it."""

    picture: Image.Image
    name: str


def load_examples() -> list[Example]:
    """All examples; the first one is what the page opens with."""
    drawn = [Example(_draw(emotion, seed), f"drawn {emotion}") for emotion, seed in DRAWN]
    group = Image.new("RGB", (3 * 480, 480))
    for index, (emotion, seed) in enumerate(GROUP):
        group.paste(_draw(emotion, seed), (index * 480, 0))
    return [*_astronaut(), *drawn, Example(group, "drawn group")]


def _draw(emotion: str, seed: int) -> Image.Image:
    return draw_portrait(emotion, 480, np.random.default_rng(seed))


def _astronaut() -> list[Example]:
    """Eileen Collins, photographed by NASA, from scikit-image; absent without that package."""
    try:
        from skimage.data import astronaut
    except ImportError:
        return []
    return [Example(Image.fromarray(astronaut()), "astronaut (NASA)")]

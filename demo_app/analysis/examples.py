"""Example images: a public-domain portrait, and synthetic faces. No image files here."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait

# Emotion and seed of the synthetic portraits.
DRAWN = (("happiness", 7), ("surprise", 9), ("anger", 4), ("sadness", 0))
GROUP = (("happiness", 3), ("surprise", 8), ("disgust", 6))


class Example(NamedTuple):
    """An image and its caption."""

    image: Image.Image
    name: str


def load_examples() -> list[Example]:
    """All examples; the page opens with the first one."""
    drawn = [Example(_draw(emotion, seed), f"synthetic {emotion}") for emotion, seed in DRAWN]
    group = Image.new("RGB", (3 * 480, 480))
    for index, (emotion, seed) in enumerate(GROUP):
        group.paste(_draw(emotion, seed), (index * 480, 0))
    return [*_astronaut(), *drawn, Example(group, "synthetic group")]


def _draw(emotion: str, seed: int) -> Image.Image:
    return draw_portrait(emotion, 480, np.random.default_rng(seed))


def _astronaut() -> list[Example]:
    """Eileen Collins, photographed by NASA, from scikit-image; absent without that package."""
    try:
        from skimage.data import astronaut
    except ImportError:
        return []
    return [Example(Image.fromarray(astronaut()), "astronaut (NASA)")]

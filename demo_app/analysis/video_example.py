"""A synthetic clip to try the video tab: one face that goes through some expressions."""

from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.video.writer import VideoWriter

EMOTIONS = ("neutral", "happiness", "surprise", "sadness")
SEED = 7  # of the one synthetic person
SECONDS = 4
FRAMES = 15  # a second
SIZE = (640, 480)
FACE = 360


def draw_clip(path: Path) -> Path:
    """Write the clip: every expression is held, then blended into the next.

    Args:
        path: of the new ``.mp4``; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    faces = [draw_portrait(emotion, FACE, np.random.default_rng(SEED)) for emotion in EMOTIONS]
    with VideoWriter(path) as writer:
        for index in range(SECONDS * FRAMES):
            time = index / FRAMES
            position = min(time * len(faces) / SECONDS, len(faces) - 1e-6)
            one = int(position)
            other = min(one + 1, len(faces) - 1)
            share = float(np.clip((position - one - 0.7) / 0.3, 0, 1))
            paper = Image.new("RGB", SIZE, "#8899aa")
            shift = round(60 * np.sin(2 * np.pi * time / SECONDS))
            paper.paste(Image.blend(faces[one], faces[other], share), (140 + shift, 60))
            writer.write(paper, time)
    return path

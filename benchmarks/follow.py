"""How far faces that are followed lie from those of whole searches, and what following saves.

    python -m benchmarks.follow PHOTO... [--frames 24] [--json FILE]

Each photograph becomes clips of 640 x 480 pixels that turn, zoom, and move by a share of the face's
width from frame to frame. `FaceFollower`, which searches every half second (at 20 frames a second),
is compared with a search of each whole frame: the largest difference of a landmark's coordinate, as
a share of the distance between the eyes. For scale, the same is told of two whole searches, one of
them of the frame moved by three pixels. Times are of the processor, on one thread.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from PIL import Image

from benchmarks.result import write_result
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face
from fer_core.faces.follow import FaceFollower
from fer_core.io.images import open_upright

RATE = 20  # frames a second
SIZE = (640, 480)
WIDTHS = (60, 180)  # pixels of the face
SHIFT = (3, 2)  # pixels by which a frame is moved for the detector's own differences


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photographs of one face or more."""
    frames: int = 24
    """Of each clip."""
    speeds: tuple[float, ...] = (0.05, 0.15, 0.3)
    """Widths of the face that it moves by from one frame to the next, at most."""
    json: Path | None = None
    """File for the figures."""


def main() -> None:
    """Measure, and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.follow")
    torch.set_num_threads(1)
    photos = [open_upright(file).convert("RGB") for file in options.photos]
    rows = [_measure(photos, speed, options.frames) for speed in options.speeds]
    write_result({"photos": len(photos), "frames": options.frames, "speeds": rows}, options.json)


def clip(photo: Image.Image, width: float, speed: float, frames: int) -> Iterator[Image.Image]:
    """Frames in which the photograph's largest face is about so wide, and moves.

    Args:
        photo: RGB.
        width: of the face in pixels.
        speed: widths that it moves by from frame to frame, at most.
        frames: how many.
    """
    box = detect_faces(photo)[0].box
    scale = width / (box[2] - box[0])
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    turn_of = 2 * np.pi / RATE  # one round a second
    reach = speed * width / turn_of / scale  # pixels of the photograph
    for number in range(frames):
        angle = turn_of * number
        zoom = scale * (1 + 0.2 * np.sin(angle / 2))
        tilt = np.radians(10 * np.sin(angle / 1.7))
        turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]]) / zoom
        middle = centre + reach * np.array([np.sin(angle), 0.5 * np.sin(0.7 * angle)])
        corner = middle - turn @ (np.array(SIZE) / 2)
        yield photo.transform(
            SIZE,
            Image.Transform.AFFINE,
            tuple(np.column_stack([turn, corner]).ravel()),
            Image.Resampling.BICUBIC,
            fillcolor=(110, 120, 130),
        )


def _measure(photos: Sequence[Image.Image], speed: float, frames: int) -> dict[str, Any]:
    followed_by, itself, seconds = [], [], {"search": 0.0, "follow": 0.0}
    lost, searched, seen = 0, 0, 0
    search = partial(detect_faces, thorough=False)
    for photo in photos:
        for width in WIDTHS:
            follower = FaceFollower()
            for number, frame in enumerate(clip(photo, width, speed, frames)):
                asked: list[Image.Image] = []

                def whole(image: Image.Image, asked: list[Image.Image] = asked) -> list[Face]:
                    asked.append(image)
                    return search(image)

                begun = time.process_time()
                expected = search(frame)
                middle = time.process_time()
                found = follower.find(frame, number / RATE, whole)
                seconds["search"] += middle - begun
                seconds["follow"] += time.process_time() - middle
                seen += 1
                searched += len(asked)
                shifted = frame.transform(
                    SIZE, Image.Transform.AFFINE, (1, 0, SHIFT[0], 0, 1, SHIFT[1])
                )
                again = [
                    face._replace(landmarks=face.landmarks + SHIFT) for face in search(shifted)
                ]
                itself += _apart(expected, again)
                if not asked:
                    followed_by += _apart(expected, found)
                    lost += len(expected) - len(found)
    return {
        "speed": speed,
        "frames": seen,
        "whole_searches": searched,
        "faces_followed": len(followed_by),
        "faces_missing": lost,
        "apart": _summary(followed_by),
        "apart_of_two_searches": _summary(itself),
        "ms_a_frame": {name: round(1e3 * used / seen, 1) for name, used in seconds.items()},
    }


def _apart(expected: Sequence[Face], found: Sequence[Face]) -> list[float]:
    """Of each face that both have, by the nearest one."""
    apart = []
    for face in expected:
        eyes = float(np.linalg.norm(face.landmarks[0] - face.landmarks[1]))
        near = [float(np.abs(one.landmarks - face.landmarks).max()) / eyes for one in found]
        if near and min(near) < 1:
            apart.append(min(near))
    return apart


def _summary(values: Sequence[float]) -> dict[str, float]:
    median, high = np.quantile(values, [0.5, 0.95])
    return {"median": round(float(median), 3), "p95": round(float(high), 3)}


if __name__ == "__main__":
    main()

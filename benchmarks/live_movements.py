"""What telling movements costs the live tab: frames a second without it and with it.

    python -m benchmarks.live_movements PHOTO [--seconds 10] [--rounds 3]

A stream of one photograph, 640 pixels wide, goes through the session of the live tab as fast as it
can, without a browser; rounds without and with movements take turns. Time is the clock's: nothing
else should run meanwhile.
"""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from PIL import Image

from benchmarks.result import as_json
from demo_app.analysis.frame_limiter import FrameLimiter
from demo_app.analysis.live import FrameStyle, LiveSession
from demo_app.analysis.model_pool import ModelPool
from fer_core.inference.photos import open_photo
from fer_core.landmarks.landmarker import Landmarker


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photo: tyro.conf.Positional[Path]
    """A photograph of one face or more."""
    seconds: float = 10.0
    """Length of a stream."""
    rounds: int = 3
    """Streams without movements, and as many with them."""


def main() -> None:
    """Measure, and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.live_movements")
    torch.set_num_threads(1)
    pool = ModelPool(backend="auto", analyser=Landmarker())
    image = open_photo(options.photo)
    image.thumbnail((640, 640))
    rounds: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for _ in range(options.rounds):
        for movements, found in rounds.items():
            found.append(stream(pool, image, options.seconds, movements=movements))
    result = {
        name: {key: round(statistics.median(one[key] for one in found), 2) for key in found[0]}
        for name, found in (("without", rounds[False]), ("with", rounds[True]))
    }
    print(as_json({"photo": options.photo.name, "seconds": options.seconds, **result}))


def stream(
    pool: ModelPool, image: Image.Image, seconds: float, *, movements: bool
) -> dict[str, Any]:
    """Frames and analyses of a second, and the milliseconds of a frame in the middle and at worst.

    Args:
        pool: the models, with an analyser.
        image: every frame.
        seconds: length of the stream.
        movements: whether these are asked for.
    """
    limiter, session = FrameLimiter(pool, patience=60), LiveSession(pool.names[0])
    style = FrameStyle("", 0.5, 0.5, movements=movements)
    session.step(limiter, image, style)  # whatever is made on first use
    times, analyses, faces = [], 0, 0
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        started = time.monotonic()
        frame = session.step(limiter, image, style)
        times.append(1000 * (time.monotonic() - started))
        if frame is not None:
            faces = len(frame.faces)
            analyses += sum(one.face.analysis is not None for one in frame.faces)
    return {
        "faces": faces,
        "frames": len(times) / seconds,
        "analyses": analyses / seconds,
        "ms": statistics.median(times),
        "ms_p95": statistics.quantiles(times, n=20)[-1],
    }


if __name__ == "__main__":
    main()

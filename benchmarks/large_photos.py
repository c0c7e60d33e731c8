"""How much sooner a large JPEG is predicted where its faces let a reduced copy be enough.

    python -m benchmarks.large_photos [PHOTO...] --json benchmarks/results/large-photos.json

Each photograph is predicted as `Predictor.predict` reads its bytes, and from the whole image, in
turns. Without photographs: a drawn face in 640 x 480 pixels, and one in 12 megapixels with grain.
"""

import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import tyro
from PIL import Image

from benchmarks.paired import paired_ratio
from benchmarks.result import write_result
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.backends import BackendName
from fer_core.inference.photos import open_photo
from fer_core.inference.predictor import Predictor

GRAIN = 6  # standard deviation of the large photograph, in levels


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photos: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photographs; by default drawn ones."""
    rounds: int = 15
    """Measurements of each."""
    backend: BackendName = "torch"
    """What computes the predictions."""
    json: Path | None = None
    """File for the result."""


def main() -> None:
    """Measure, print JSON and write it."""
    options = tyro.cli(Options, prog="python -m benchmarks.large_photos")
    predictor = Predictor(backend=options.backend)
    named = {path.name: path.read_bytes() for path in options.photos} or drawn()
    rows = [{"photo": name, **measure(predictor, one, options)} for name, one in named.items()]
    write_result(
        {"options": {key: str(one) for key, one in asdict(options).items()}, "photos": rows},
        options.json,
    )


def drawn() -> dict[str, bytes]:
    """Two photographs of one face, by name."""
    random = np.random.default_rng(0)
    small = Image.new("RGB", (640, 480), "#8899aa")
    small.paste(draw_portrait("happiness", 360, random), (140, 90))
    large = Image.new("RGB", (4000, 3000), "#8899aa")
    large.paste(draw_portrait("happiness", 1400, random), (1200, 600))
    grain = random.normal(0, GRAIN, (3000, 4000, 3))
    grained = Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))
    return {"640 x 480": _jpeg(small), "12 megapixels": _jpeg(grained)}


def measure(predictor: Predictor, content: bytes, options: Options) -> dict[str, Any]:
    """Milliseconds of both ways, and how many times as fast the first is."""
    ways = (
        lambda: predictor.predict(content),
        lambda: predictor.predict_all([open_photo(content)])[0],
    )
    found = [way() for way in ways]
    seconds: list[list[float]] = [[], []]
    for turn in range(options.rounds):
        for number in (0, 1) if turn % 2 else (1, 0):
            begun = time.perf_counter()
            ways[number]()
            seconds[number].append(time.perf_counter() - begun)
    ratio = paired_ratio(seconds[1], seconds[0])
    return {
        "faces": [len(faces) for faces in found],
        "ms": round(1000 * median(seconds[0]), 1),
        "whole_ms": round(1000 * median(seconds[1]), 1),
        "times_as_fast": [ratio.ratio, ratio.low, ratio.high],
    }


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


if __name__ == "__main__":
    main()

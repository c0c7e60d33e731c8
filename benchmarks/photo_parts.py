"""Where the time of the photo tab goes: processor time of each part of one photograph.

    python -m benchmarks.photo_parts [PHOTO...]

The parts are those of the page: the file decoded, faces found, aligned, classified without and with
the mirror image, everything drawn, and the images encoded for the browser. Time is that of the
processor, all threads together, so that other work on the machine counts little; the median over
the rounds. Without photographs, synthetic ones are measured: one face, ten faces, 12 megapixels.
A photograph whose faces are large enough is decoded at a reduced scale; the row "in full" is of the
same photograph as it was read before.
"""

import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from PIL import Image

from benchmarks.result import as_json
from demo_app.analysis.explanation import annotate, explain
from demo_app.analysis.photo import Analysis, reduce_face
from demo_app.analysis.photo_reading import DISPLAY_SIDE, display_copy
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces.align import align
from fer_core.inference.backends import BackendName
from fer_core.inference.predictor import Predictor
from fer_core.io.images import open_within

QUALITY = 90  # of the synthetic photographs


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photos: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photographs; by default synthetic ones."""
    backend: BackendName = "auto"
    """What computes the predictions."""
    rounds: int = 15
    """Measurements of each part."""


def main() -> None:
    """Measure, and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.photo_parts")
    torch.set_num_threads(1)
    with_mirror = Predictor(backend=options.backend)
    alone = Predictor(backend=options.backend, mirror=False)
    named = {path.name: path.read_bytes() for path in options.photos} or synthetic()
    rows = []
    for name, content in named.items():
        _, reduction = open_within(io.BytesIO(content), enough=DISPLAY_SIDE)
        for enough in (DISPLAY_SIDE, None) if reduction > 1 else (None,):
            label = f"{name}, in full" if reduction > 1 and enough is None else name
            measured = measure(content, with_mirror, alone, options.rounds, enough)
            rows.append({"photo": label, **measured})
    print(as_json({"backend": type(with_mirror.backend).__name__, "photos": rows}))


def synthetic() -> dict[str, bytes]:
    """JPEG files of drawn people by name."""
    emotions = ("happiness", "surprise", "sadness", "anger", "fear")

    def portrait(index: int, side: int) -> Image.Image:
        emotion = emotions[index % len(emotions)]
        return draw_portrait(emotion, side, np.random.default_rng(index))

    one = Image.new("RGB", (640, 480), "#8899aa")
    one.paste(portrait(0, 320), (160, 80))
    ten = Image.new("RGB", (5 * 320, 2 * 320), "#8899aa")
    for index in range(10):
        ten.paste(portrait(index, 320), (index % 5 * 320, index // 5 * 320))
    large = Image.new("RGB", (4000, 3000), "#8899aa")
    large.paste(portrait(0, 1600), (1200, 700))
    return {
        name: _encode(image)
        for name, image in (("640 x 480, one face", one), ("ten faces", ten), ("12 MP", large))
    }


def measure(
    content: bytes,
    with_mirror: Predictor,
    alone: Predictor,
    rounds: int,
    enough: int | None = None,
) -> dict[str, Any]:
    """Milliseconds of processor time of each part of a photograph.

    Args:
        content: of its file.
        with_mirror: predicts from face and mirror image.
        alone: the same model, from the face alone.
        rounds: measurements of each part.
        enough: see `open_within`.
    """
    photo, _ = open_within(io.BytesIO(content), enough=enough)
    faces = with_mirror.find_faces(photo)
    spec = with_mirror.trained.input
    crops = [align(photo, face.landmarks, spec).image for face in faces]
    predicted = with_mirror.predict_faces(photo, faces)
    small, scale = display_copy(photo)
    reduced = tuple(reduce_face(face, scale) for face in predicted)
    shown = Analysis(small, reduced, scale, "", photo, "bundled")
    drawn = [image for image in (annotate(shown), *_images(shown)) if image is not None]
    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: open_within(io.BytesIO(content), enough=enough),
        "detect": lambda: with_mirror.find_faces(photo),
        "align": lambda: [align(photo, face.landmarks, spec) for face in faces],
        "model": lambda: alone.classify(crops),
        "model and mirror image": lambda: with_mirror.classify(crops),
        "display copy": lambda: display_copy(photo),
        "draw": lambda: (annotate(shown), explain(shown)),
        "encode": lambda: [_encode(image) for image in drawn],
    }
    return {"faces": len(faces), "ms": {name: _ms(run, rounds) for name, run in parts.items()}}


def _images(shown: Analysis) -> list[Image.Image]:
    found = explain(shown)
    return [] if found is None else [found.overlay, found.crop, found.crop_map, found.mirror_map]


def _encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _ms(run: Callable[[], object], rounds: int) -> float:
    run()  # whatever is made on first use
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        times.append(1000 * (time.process_time() - begun))
    return round(statistics.median(times), 1)


if __name__ == "__main__":
    main()

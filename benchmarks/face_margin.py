"""What the margin around a photograph costs the detector, and what is found with it.

    python -m benchmarks.face_margin --photos FOLDER

Faces at the edge are found by a margin of grey (`fer_core.faces.detect`). Drawn portraits, and the
photographs of a folder where one is named, are searched with each margin in turns, so that all meet
the same load: whole, and cut so that the edge of the image takes a fifth of the face. Faces found
in scenes without any (noise at several scales) are false ones.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces import detect
from fer_core.io.images import images_below, open_upright

# Share of the shorter side; without a margin the share is of no image.
SHARES = {"none": 10**9, "1/16": 16, "1/8": 8, "1/6": 6, "1/4": 4}
CUT = 0.2  # of the face's width or height


@dataclass(frozen=True)
class Command:
    """Measure the margin of the face detector."""

    photos: Path | None = None
    """Folder of photographs, searched besides the drawn portraits."""
    most: int = 10
    """Photographs of the folder."""
    rounds: int = 5
    """Times that every whole image is searched with every margin."""


def main() -> None:
    """Measure, and print a line for each margin."""
    command = tyro.cli(Command, prog="python -m benchmarks.face_margin")
    torch.set_num_threads(1)
    whole = [draw_portrait("neutral", 480, np.random.default_rng(seed)) for seed in range(4)]
    if command.photos is not None:
        whole += [open_upright(file) for file in images_below(command.photos, command.most)]
    cut = [part for image in whole for part in cut_faces(image)]
    scenes = [scene(seed) for seed in range(20)]
    ratios = time_ratios(whole, command.rounds)
    print(f"{len(whole)} photographs, {len(cut)} cut faces, {len(scenes)} scenes without a face")
    print(f"{'margin':8}{'time':>8}{'cut faces found':>18}{'false faces':>14}")
    for name, share in SHARES.items():
        found = sum(bool(search(image, share)) for image in cut)
        false = sum(len(search(image, share)) for image in scenes)
        print(f"{name:8}{statistics.median(ratios[name]):8.2f}{found:>18}{false:>14}")


def search(image: Image.Image, share: int) -> list[detect.Face]:
    """The faces that the detector finds with one margin."""
    before = detect.MARGIN_SHARE
    detect.MARGIN_SHARE = share
    try:
        return detect.detect_faces(image)
    finally:
        detect.MARGIN_SHARE = before


def time_ratios(images: list[Image.Image], rounds: int) -> dict[str, list[float]]:
    """Time of each search as a multiple of the same image's without a margin."""
    ratios: dict[str, list[float]] = {name: [] for name in SHARES}
    for number in range(rounds + 1):
        for image in images:
            seconds: dict[str, float] = {}
            for name, share in SHARES.items():
                start = time.perf_counter()
                search(image, share)
                seconds[name] = time.perf_counter() - start
            if number:  # the first round loads the networks
                for name, taken in seconds.items():
                    ratios[name].append(taken / seconds["none"])
    return ratios


def cut_faces(image: Image.Image) -> Iterator[Image.Image]:
    """The image cut through its largest face: on each of the four sides, and on all."""
    x0, y0, x1, y1 = detect.detect_faces(image)[0].box
    across, down = CUT * (x1 - x0), CUT * (y1 - y0)
    left, top, right, bottom = map(round, (x0 + across, y0 + down, x1 - across, y1 - down))
    width, height = image.size
    yield image.crop((left, 0, width, height))
    yield image.crop((0, top, width, height))
    yield image.crop((0, 0, right, height))
    yield image.crop((0, 0, width, bottom))
    yield image.crop((left, top, right, bottom))


def scene(seed: int) -> Image.Image:
    """Coloured noise whose grains are 1 to 32 pixels wide."""
    generator, grain = np.random.default_rng(seed), 2 ** (seed % 6)
    pixels = generator.integers(0, 256, (240 // grain, 320 // grain, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((320, 240), Image.Resampling.BICUBIC)


if __name__ == "__main__":
    main()

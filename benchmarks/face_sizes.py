"""How many faces of each size are found in a photograph of twelve megapixels, and in what time.

    python -m benchmarks.face_sizes

Drawn portraits are laid out in rows on a background of noise, all faces of about one size, and
beside these the sizes mixed. Each photograph is searched as a frame of a video (one search or two)
and thoroughly, as a photograph (`fer_core.faces.scales`). A face counts as found when its box and
that of a face overlap by more than 0.4 (intersection over union). Times are
seconds of one core of this machine, so that other programs do not count; the last line says whether
each thorough search kept within the budget.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
import tyro
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face

Box = tuple[float, float, float, float]
FOUND = 0.4  # overlap
GAP = 20  # pixels between portraits


@dataclass(frozen=True)
class Command:
    """Measure the recall of the face detector by the size of the faces."""

    width: int = 4000
    """Width of the photograph in pixels."""
    height: int = 3000
    """Height of the photograph in pixels."""
    sizes: tuple[int, ...] = (32, 40, 60, 110, 160, 200, 300, 600)
    """Widths of the faces in pixels."""
    most: int = 30
    """Faces of a photograph."""
    budget: float = 10.0
    """Seconds that a thorough search may take."""


def main() -> None:
    """Measure, and print a line for each size."""
    command = tyro.cli(Command, prog="python -m benchmarks.face_sizes")
    torch.set_num_threads(1)
    portraits = [draw_portrait("neutral", 400, np.random.default_rng(seed)) for seed in range(6)]
    boxes = [detect_faces(portrait)[0].box for portrait in portraits]
    print(f"{command.width} x {command.height} pixels")
    print(f"{'faces':>16}{'number':>8}{'quick':>8}{'s':>7}{'thorough':>10}{'s':>7}{'false':>7}")
    slowest = 0.0
    mixed = tuple(command.sizes[index % len(command.sizes)] for index in range(command.most))
    rows = {str(size): (size,) * command.most for size in command.sizes} | {
        "mixed": mixed,
        "none": (),
    }
    for name, sizes in rows.items():
        photo, faces = lay_out((command.width, command.height), sizes, portraits, boxes)
        quick, quick_seconds, _ = search(photo, faces, thorough=False)
        found, seconds, false = search(photo, faces, thorough=True)
        slowest = max(slowest, seconds)
        print(
            f"{name:>16}{len(faces):>8}{quick:>8}{quick_seconds:>7.1f}{found:>10}{seconds:>7.1f}"
            f"{false:>7}"
        )
    within = "within" if slowest <= command.budget else "beyond"
    print(f"slowest thorough search {slowest:.1f} s, {within} the budget of {command.budget:g} s")


def lay_out(
    size: tuple[int, int], sizes: tuple[int, ...], portraits: list[Image.Image], boxes: list[Box]
) -> tuple[Image.Image, list[Box]]:
    """A photograph with portraits in rows, as many as fit, and the boxes of their faces."""
    width, height = size
    noise = Image.effect_noise((width // 8, height // 8), 40).convert("RGB")
    photo, faces = noise.resize(size), []
    x, y, tallest = GAP, GAP, 0
    for index, wanted in enumerate(sizes):
        portrait, box = portraits[index % len(portraits)], boxes[index % len(boxes)]
        scale = wanted / (box[2] - box[0])
        side = round(portrait.width * scale)
        if x + side > width:
            x, y, tallest = GAP, y + tallest + GAP, 0
        if y + side > height:
            break
        photo.paste(portrait.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        left, top, right, bottom = (value * scale for value in box)
        faces.append((x + left, y + top, x + right, y + bottom))
        x, tallest = x + side + GAP, max(tallest, side)
    return photo, faces


def search(photo: Image.Image, faces: list[Box], *, thorough: bool) -> tuple[int, float, int]:
    """How many of the faces are found, the seconds, and how many detections are no face."""
    start = time.process_time()
    found = detect_faces(photo, thorough=thorough)
    seconds = time.process_time() - start
    hits = sum(any(union_share(one.box, box) > FOUND for one in found) for box in faces)
    false = sum(not _is_face(one, faces) for one in found)
    return hits, seconds, false


def _is_face(found: Face, faces: list[Box]) -> bool:
    return any(union_share(found.box, box) > FOUND / 2 for box in faces)


def union_share(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


if __name__ == "__main__":
    main()

"""Face detectors compared: which faces each finds, what else it takes for one, and its CPU time.

    python -m benchmarks.detectors photo.jpg ... --data ferplus:PATH

The faces of the photographs, found by this project's detector at full size, are laid on scenes
(`benchmarks.face_scenes`) in many sizes and tilts and at the edge; crops of the data set make
crowds and, sorted by the landmarker's yaw where it is installed, turned faces. A face counts as
found when a detection's centre lies within half a face's width of its own and the widths differ by
less than a factor of two; every other detection is a false one, those in photographs without a
face (`skimage.data`) too. Times are CPU seconds of this process on one thread. A detector that is
not installed is left out and named.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from numpy.random import default_rng
from PIL import Image

from benchmarks.face_scenes import Box, Portrait, Scene, scenes
from benchmarks.result import as_json
from benchmarks.rival_detectors import DETECTORS
from fer_core.datasets import Decoding, load_data
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face, FaceDetector
from fer_core.io.images import open_upright
from fer_core.landmarks.landmarker import find_landmarker
from fer_core.landmarks.task_file import LandmarkerError

NEAR, RATIO = 0.5, 2.0  # of a detection and a face
YAWS = ((0, 15), (15, 30), (30, 45), (45, 90))
SMALL = ("16 px", "24 px", "32 px")  # too few pixels to say where an eye is
CROWD = 60  # crops in all crowds
WITHOUT = ("brick", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "page",
           "rocket", "text", "horse", "retina")  # fmt: skip


@dataclass(frozen=True)
class Command:
    """Compare face detectors on the same scenes."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photographs of people; beside them that of an astronaut which scikit-image has."""
    data: str
    """Data set of face crops: see docs/data.md."""
    turned: int = 25
    """Crops of each turn of the head."""
    looked_at: int = 1500
    """Crops among which turned heads are looked for."""
    seed: int = 0
    """Seed of the crops that are drawn."""


def main() -> None:
    """Measure, and print JSON."""
    command = tyro.cli(Command, prog="python -m benchmarks.detectors")
    torch.set_num_threads(1)
    tried = [*scenes(*_materials(command)), *_without_a_face()]
    found: dict[str, dict[str, Any]] = {}
    missing: dict[str, str] = {}
    for name, make in DETECTORS.items():
        try:
            detector = make()
        except (ImportError, LandmarkerError) as error:
            missing[name] = str(error)
            continue
        found[name] = measure(detector, tried) | {"landmarks": landmarks_off(detector, tried)}
    print(as_json({"scenes": len(tried), "detectors": found, "not_installed": missing}))


def measure(detector: FaceDetector, tried: Sequence[Scene]) -> dict[str, dict[str, str]]:
    """By condition and value: faces found of all, false detections, milliseconds a photograph."""
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0] * 4))
    detector(tried[0].photo)
    for scene in tried:
        start = time.process_time()
        faces = list(detector(scene.photo))
        seconds = time.process_time() - start
        hits, false = matched([_within(face.box, scene.photo.size) for face in faces], scene.faces)
        for value in (scene.value, "all"):
            row = rows[scene.condition][value]
            for at, more in enumerate((hits, len(scene.faces), false, seconds)):
                row[at] += more
    counts = {name: sum(one.condition == name for one in tried) for name in rows}
    return {
        condition: {
            value: f"{row[0]:.0f}/{row[1]:.0f}, {row[2]:.0f} false"
            + (f", {1e3 * row[3] / counts[condition]:.0f} ms" if value == "all" else "")
            for value, row in values.items()
        }
        for condition, values in rows.items()
    }


def landmarks_off(detector: FaceDetector, tried: Sequence[Scene]) -> str:
    """How far landmarks lie from those that were found at full size, on upright whole faces."""
    off = []
    for scene in tried:
        if scene.condition != "face width" or scene.landmarks is None or scene.value in SMALL:
            continue
        eyes = float(np.hypot(*(scene.landmarks[1] - scene.landmarks[0])))
        for face in detector(scene.photo):
            if _is_of(face.box, scene.faces[0]):
                distances = np.hypot(*(face.landmarks - scene.landmarks).T)
                off.append(100 * float(distances.mean()) / eyes)
    return f"{np.median(off):.1f} % of the distance between the eyes, {len(off)} faces"


def matched(found: Sequence[Box], faces: Sequence[Box]) -> tuple[int, int]:
    """How many faces are found, and how many detections are none of them."""
    left, hits = list(found), 0
    for face in faces:
        near = [box for box in left if _is_of(box, face)]
        hits += bool(near)
        left = [box for box in left if box not in near]
    return hits, len(left)


def _within(box: Box, size: tuple[int, int]) -> Box:
    """The part of a box in the photograph: some detectors go beyond its edge."""
    x0, y0, x1, y1 = box
    return max(0.0, x0), max(0.0, y0), min(size[0], x1), min(size[1], y1)


def _is_of(box: Box, face: Box) -> bool:
    width, true = box[2] - box[0], face[2] - face[0]
    across = abs(box[0] + box[2] - face[0] - face[2]) / 2
    down = abs(box[1] + box[3] - face[1] - face[3]) / 2
    close = float(np.hypot(across, down)) < NEAR * max(true, face[3] - face[1])
    return close and true / RATIO < width < true * RATIO


def _materials(
    command: Command,
) -> tuple[list[Portrait], list[Image.Image], dict[str, list[Image.Image]]]:
    """Portraits, crops for crowds, and crops by the turn of the head."""
    from skimage import data

    photos = [open_upright(file).convert("RGB") for file in command.photos]
    photos.append(Image.fromarray(data.astronaut()))
    portraits = [Portrait.cut(photo, face) for photo in photos for face in detect_faces(photo)]
    images = load_data(command.data, Decoding(48, 1)).train.images
    rows = default_rng(command.seed).permutation(len(images))[: CROWD + command.looked_at]
    crops = [Image.fromarray(images[[row]][0].squeeze()) for row in rows]
    return portraits, crops[:CROWD], _turned(crops[CROWD:], command.turned)


def _turned(crops: Sequence[Image.Image], count: int) -> dict[str, list[Image.Image]]:
    landmarker = find_landmarker()
    found: dict[str, list[Image.Image]] = {f"{low} to {high}°": [] for low, high in YAWS}
    if landmarker is None:
        return {}
    for crop in crops:
        places = (USUAL_LANDMARKS * crop.width).astype(np.float32)
        (analysis,) = landmarker(crop, [Face((0, 0, *crop.size), places, 1.0)])
        for low, high in YAWS:
            if analysis is not None and low <= abs(analysis.pose.yaw) < high:
                found[f"{low} to {high}°"].append(crop)
    return {value: faces[:count] for value, faces in found.items()}


def _without_a_face() -> list[Scene]:
    from skimage import data

    photos = [Image.fromarray(np.asarray(getattr(data, name)())).convert("RGB") for name in WITHOUT]
    return [Scene("no face", "photographs", photo, ()) for photo in photos]


if __name__ == "__main__":
    main()

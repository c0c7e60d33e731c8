"""How alike are faces of one person and of two, to the network that joins tracks?

    python -m benchmarks.identity WEIGHTS photo.jpg ... --data ferplus:PATH

Two people: all pairs of crops of the data set (which names nobody, so a few pairs are of one
person), and all pairs of faces of different photographs that are not said to be one person's. One
person: each face of the photographs against itself reduced, blurred, darkened, grey, tilted and
mirrored. Printed are quantiles of the cosine, and what share of the pairs lies above the limit
(`fer_core.video.identity.LEAST_ALIKE`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.random import default_rng
from PIL import Image, ImageEnhance, ImageFilter

from fer_core.datasets import Decoding, load_data
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.faces.detect import detect_faces
from fer_core.io.images import open_upright
from fer_core.models.face_embedding import FaceEmbedder
from fer_core.video.identity import LEAST_ALIKE

WIDTHS = (160, 80, 40)  # pixels of a face
QUANTILES = (0.01, 0.5, 0.99, 0.999, 0.9999)


@dataclass(frozen=True)
class Command:
    """Measure a network that tells people apart."""

    weights: tyro.conf.Positional[Path]
    """File of fer-core convert-weights."""
    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photographs of different people, one face each."""
    data: str
    """Data set of face crops: see docs/data.md."""
    images: int = 600
    """Crops of it."""
    seed: int = 0
    """Seed of the crops that are drawn."""


def main() -> None:
    """Measure, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.identity")
    torch.set_num_threads(1)
    embed = FaceEmbedder(command.weights)
    same: list[float] = []
    people: list[np.ndarray] = []
    for file in command.photos:
        photo = open_upright(file).convert("RGB")
        shown = [embed(image, [places])[0] for image, places in _changed(photo)]
        same += [float(shown[0] @ one) for one in shown[1:]]
        people.append(np.array(shown))
    images = load_data(command.data, Decoding(48, 1)).train.images
    rows = default_rng(command.seed).permutation(len(images))[: command.images]
    places = USUAL_LANDMARKS * 48
    crops = [Image.fromarray(images[[row]][0].squeeze()).convert("RGB") for row in rows]
    strangers = np.array([embed(crop, [places])[0] for crop in crops])
    print("| pairs | number |", *(f"{100 * one:g} % below |" for one in QUANTILES), "above limit |")
    print("|", "--- |" * (3 + len(QUANTILES)))
    _line("one person, changed", np.array(same))
    pairs = [(one @ other.T).ravel() for at, one in enumerate(people) for other in people[at + 1 :]]
    if pairs:
        _line("two people of the photographs, changed", np.concatenate(pairs))
    _line("two crops of the data set", _pairs(strangers))


def _changed(photo: Image.Image) -> Iterator[tuple[Image.Image, np.ndarray]]:
    """The largest face as it is, then in other sizes, lights and positions, with its landmarks."""
    face = detect_faces(photo)[0]
    whole, places = photo, face.landmarks.astype(float)
    yield whole, places
    for width in WIDTHS:
        scale = width / (face.box[2] - face.box[0])
        size = (round(photo.width * scale), round(photo.height * scale))
        yield photo.resize(size, Image.Resampling.BOX), places * scale
    yield photo.convert("L").convert("RGB"), places
    yield ImageEnhance.Brightness(photo).enhance(0.5), places
    yield photo.filter(ImageFilter.GaussianBlur((face.box[2] - face.box[0]) / 40)), places
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield mirrored, np.array([photo.width, 0]) + places[[1, 0, 2]] * (-1, 1)
    for degrees in (-15, 15):
        turn = np.radians(degrees)
        centre = places.mean(0)
        turned = photo.rotate(degrees, Image.Resampling.BICUBIC, center=tuple(centre))
        matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        yield turned, (places - centre) @ matrix.T + centre


def _pairs(vectors: np.ndarray) -> np.ndarray:
    return (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]


def _line(name: str, cosines: np.ndarray) -> None:
    cells = " | ".join(f"{value:.2f}" for value in np.quantile(cosines, QUANTILES))
    print(
        f"| {name} | {len(cosines):,} | {cells} | {100 * (cosines >= LEAST_ALIKE).mean():.2f} % |"
    )


if __name__ == "__main__":
    main()

"""The faces that `fer_core.cli.maps` shows maps of: synthetic ones, or those in a folder."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import EIGHT_CLASSES
from fer_core.faces.detect import detect_faces
from fer_core.io.images import READ_ERRORS, fault, images_below, open_upright

MOST_FACES = 12
PORTRAIT_SIDE = 320  # pixels


class NamedFaces(NamedTuple):
    """Images with names, and a sentence for each image without a face."""

    names: list[str]
    images: list[Image.Image]
    left_out: list[str]


class FoundFaces(NamedTuple):
    """Images with a face: their names, the landmarks of the face, and what was left out.

    Attributes:
        names: of the images.
        images: of people, or face crops.
        landmarks: of the largest face of each image; None where the image is a face crop.
        left_out: a sentence for each image without a face.
    """

    names: list[str]
    images: list[Image.Image]
    landmarks: list[np.ndarray | None]
    left_out: list[str]


def synthetic_faces(seed: int) -> NamedFaces:
    """One synthetic portrait of each of the eight expressions; the same for the same seed."""
    generator = np.random.default_rng(seed)
    images = [draw_portrait(name, PORTRAIT_SIDE, generator) for name in EIGHT_CLASSES]
    return NamedFaces([f"synthetic {name}" for name in EIGHT_CLASSES], images, [])


def faces_of_folder(folder: Path) -> NamedFaces:
    """Up to MOST_FACES images of a folder, at any depth.

    Raises:
        ValueError: when there is no such folder, or no readable image in it.
    """
    faces = NamedFaces([], [], [])
    for path in images_below(folder, MOST_FACES):
        name = path.relative_to(folder).as_posix()
        try:
            image = open_upright(path)
        except READ_ERRORS as error:
            faces.left_out.append(f"{name} cannot be read: {fault(error)}")
            continue
        faces.names.append(name)
        faces.images.append(image)
    if not faces.names:
        raise ValueError(f"no image of {folder} can be read: {faces.left_out[0]}")
    return faces


def find_crops(faces: NamedFaces, *, aligned: bool = False) -> FoundFaces:
    """Find the largest face of each image, for models of any size.

    Args:
        faces: images of people, or face crops.
        aligned: take each image whole.

    Raises:
        ValueError: when no image has a face.
    """
    found = FoundFaces([], [], [], list(faces.left_out))
    for name, image in zip(faces.names, faces.images, strict=True):
        people = [] if aligned else detect_faces(image)
        if not aligned and not people:
            found.left_out.append(f"{name}: no face was found")
            continue
        found.names.append(name)
        found.images.append(image)
        found.landmarks.append(people[0].landmarks if people else None)
    if not found.names:
        raise ValueError(
            f"no face was found in any of {len(faces.names)} images; with --aligned each image "
            "is taken as a face crop"
        )
    return found

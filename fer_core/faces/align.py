"""Cut a face out of a photograph as the model's training crops were cut.

Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.config.input_spec import InputSpec


class Crop(NamedTuple):
    """An aligned face.

    Attributes:
        image: the model's input as an image.
        to_photo: (2, 3) affine matrix from crop coordinates in [0, 1] to photograph pixels.
    """

    image: Image.Image
    to_photo: np.ndarray


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The (2, 3) matrix of rotation, uniform scale and shift that best maps points onto points.

    Least squares after Umeyama, IEEE TPAMI 13(4), 1991.

    Args:
        source: (P, 2) points.
        target: (P, 2) points.

    Raises:
        ValueError: when the source points coincide.
    """
    source_centre, target_centre = source.mean(0), target.mean(0)
    a, b = source - source_centre, target - target_centre
    spread = (a**2).sum()
    if spread < 1e-12:
        raise ValueError("a similarity needs source points that do not coincide")
    along = (a * b).sum() / spread
    across = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, target_centre - turn @ source_centre])


SUPPORT = 3  # pixels that bicubic sampling looks beyond a place, and one more


def align(photo: Image.Image, landmarks: np.ndarray, spec: InputSpec) -> Crop:
    """Cut a face out so that its landmarks stand where the training crops have them.

    The face is brought to the sharpness of the training images (``spec.source_size``) and to
    their colours, whatever the size of the photograph.

    Args:
        photo: RGB or grey photograph.
        landmarks: (3, 2) as in `Face`.
        spec: the model's input.
    """
    to_photo = similarity(np.asarray(spec.landmarks), np.asarray(landmarks, dtype=float))
    # Sample at about the photograph's own resolution, then reduce with a filter: sampling at the
    # small target size directly would alias.
    face_side = float(np.hypot(*to_photo[:, 0]))
    oversampling = int(np.clip(round(face_side / spec.source_size), 1, 16))
    side = spec.source_size * oversampling
    part, corner = part_of(photo, to_photo)
    coefficients = np.column_stack([to_photo[:, :2] / side, to_photo[:, 2] - corner])
    image = part.convert("L" if spec.grey else "RGB").transform(
        (side, side),
        Image.Transform.AFFINE,
        tuple(coefficients.ravel()),
        resample=Image.Resampling.BICUBIC,
    )
    image = image.resize((spec.source_size, spec.source_size), Image.Resampling.BOX)
    image = image.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
    return Crop(image.convert("L" if spec.channels == 1 else "RGB"), to_photo)


def part_of(photo: Image.Image, to_photo: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The part of the photograph that a crop is sampled from, and its top left corner (2,).

    A photograph can be a hundred times as large as a face. Edges of the photograph stay edges of
    the part.
    """
    corners = to_photo @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]], float)  # (2, 4)
    low = np.maximum(np.floor(corners.min(1)) - SUPPORT, 0).astype(int)
    high = np.minimum(np.ceil(corners.max(1)) + SUPPORT, photo.size).astype(int)
    if (low >= high).any():  # outside of the photograph
        return photo, np.zeros(2)
    return photo.crop((*low.tolist(), *high.tolist())), low


def whole_crop(image: Image.Image, spec: InputSpec) -> Crop:
    """An image that is a face already, at the size and in the colours of the model's input.

    Args:
        image: of any size and shape.
        spec: the model's input.
    """
    width, height = image.size
    face = image.convert("L" if spec.grey else "RGB")
    if face.size != (spec.size, spec.size):
        face = face.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
    to_photo = np.array([[width, 0.0, 0.0], [0.0, height, 0.0]])
    return Crop(face.convert("L" if spec.channels == 1 else "RGB"), to_photo)

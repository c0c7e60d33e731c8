"""A data set from arrays in memory."""

import hashlib
from collections.abc import Sequence

import numpy as np

from fer_core.datasets.base import DataError, FaceData, Split

Arrays = tuple[np.ndarray, Sequence[int] | np.ndarray]


def from_arrays(name: str, classes: Sequence[str], train: Arrays, eval: Arrays) -> FaceData:
    """Images and labels in memory as data that a model trains on: ``train(..., dataset=...)``.

    Args:
        name: what records call it.
        classes: K class names in the order of the label numbers.
        train: (N, S, S, C) uint8 images, RGB (C = 3) or grey (C = 1), and N labels in [0, K).
        eval: the images that the model is evaluated on, likewise.

    Raises:
        DataError: for arrays of another shape or type, labels that are none of the classes, fewer
            than two classes, or two of one name.
    """
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise DataError(
            f"{name}: classes must be at least two, each with its own name, got {classes}"
        )
    splits = [
        _split(name, part, *arrays, classes=len(classes))
        for part, arrays in (("train", train), ("eval", eval))
    ]
    shapes = [tuple(split.images.shape[1:]) for split in splits]
    if shapes[0] != shapes[1]:
        raise DataError(f"{name}: train has images of shape {shapes[0]}, eval of {shapes[1]}")
    size, _, channels = shapes[0]
    return FaceData(name, tuple(classes), splits[0], splits[1], size, channels == 1)


def _split(
    name: str, part: str, images: np.ndarray, labels: Sequence[int] | np.ndarray, *, classes: int
) -> Split:
    images, numbers = np.ascontiguousarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != images.shape[2]:
        raise DataError(
            f"{name} {part}: images must be (N, S, S, C) uint8, got {images.shape} {images.dtype}"
        )
    if images.shape[3] not in (1, 3) or not len(images):
        raise DataError(
            f"{name} {part}: images must be at least one, of 1 or 3 channels, got {images.shape}"
        )
    if numbers.shape != (len(images),) or not np.issubdtype(numbers.dtype, np.integer):
        raise DataError(
            f"{name} {part}: labels must be {len(images)} whole numbers, one an image, got "
            f"{numbers.shape} {numbers.dtype}"
        )
    wrong = numbers[(numbers < 0) | (numbers >= classes)]
    if len(wrong):
        raise DataError(
            f"{name} {part}: labels must be in [0, {classes}), got {int(wrong[0])}"
            + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        )
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    return Split(
        part,
        images,
        numbers.astype(np.int64),
        tuple(f"{part}_{number:06d}.png" for number in range(1, len(images) + 1)),
        digests=np.frombuffer(b"".join(digests), np.uint8).reshape(len(images), 16),
    )

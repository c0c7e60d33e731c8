"""Synthetic faces: drawn, not photographed, so that everything works with no download."""

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    ListedSplit,
    Listing,
    Source,
    take_options,
)
from fer_core.datasets.images import PixelRows
from fer_core.datasets.synthetic.faces import draw_face
from fer_core.emotions import SEVEN_CLASSES

LARGEST = 100_000  # images; all are held in memory


def list_synthetic(source: Source, decoding: Decoding) -> Listing:
    """Draw a data set of faces in the seven expressions, balanced over the classes.

    URI: ``synthetic?train=3000&test=1000&seed=0``. The same URI gives the same images.

    Raises:
        DataError: for options that are not numbers or too small.
    """
    if source.path is not None:
        raise DataError(f"synthetic takes no path, got {str(source.path)!r}")
    options = take_options(source, train="3000", test="1000", seed="0")
    if not all(value.isdecimal() for value in options.values()):
        raise DataError(f"options of synthetic must be whole numbers, got {options}")
    train, test, seed = (int(options[name]) for name in ("train", "test", "seed"))
    if max(train, test) > LARGEST:
        raise DataError(
            f"synthetic draws at most {LARGEST:,} images a split, got train {train}, test {test}"
        )
    if min(train, test) < len(SEVEN_CLASSES):
        raise DataError(
            f"synthetic needs at least 7 images a split, got train {train}, test {test}"
        )
    train_split, train_landmarks = _draw_split("train", train, (seed, 0), decoding.size)
    eval_split, _ = _draw_split("test", test, (seed, 1), decoding.size)
    return Listing(
        name="synthetic",
        classes=SEVEN_CLASSES,
        train=train_split,
        eval=eval_split,
        source_size=decoding.size,
        landmarks=train_landmarks,
    )


def _draw_split(
    name: str, count: int, seed: tuple[int, int], size: int
) -> tuple[ListedSplit, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(count) % len(SEVEN_CLASSES)).astype(np.int64)
    pixels = np.empty((count, size, size, 3), np.uint8)
    landmarks = np.zeros((3, 2))
    for index, label in enumerate(labels):
        face = draw_face(SEVEN_CLASSES[label], size, generator)
        pixels[index] = face.image
        landmarks += face.landmarks / size / count
    names = tuple(f"{name}_{index:05d}" for index in range(count))
    return ListedSplit(name, PixelRows(pixels), labels, names), landmarks

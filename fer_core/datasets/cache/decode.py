"""From images to uint8 arrays, several at a time, with what was learned on the way."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.datasets.base import Decoding
from fer_core.datasets.images import ImageSources, UnusableImageError
from fer_core.machine import cores

DIGEST_BYTES = 16
PORTION = 256  # images in flight


class ImageFacts(NamedTuple):
    """What is known of N images once each has been read.

    Attributes:
        digests: (N, 16) uint8, BLAKE2b of size and RGB pixels: equal for equal images.
        sizes: (N, 2) int32, width and height in pixels.
    """

    digests: np.ndarray
    sizes: np.ndarray


class Read(NamedTuple):
    """One image that was read: its digest, its size, and its array, empty if none was wanted."""

    digest: bytes
    size: tuple[int, int]
    array: np.ndarray


def read_image(images: ImageSources, index: int, decoding: Decoding | None) -> Read:
    """Read one image.

    Args:
        images: where it comes from.
        index: which one.
        decoding: how its array is to be made; None: no array.

    Raises:
        UnusableImageError: when it cannot be read.
    """
    image = images.open(index)
    digest = hashlib.blake2b(repr(image.size).encode(), digest_size=DIGEST_BYTES)
    digest.update(image.tobytes())
    array = np.empty(0, np.uint8) if decoding is None else fit(image, decoding)
    return Read(digest.digest(), image.size, array)


def fit(image: Image.Image, decoding: Decoding) -> np.ndarray:
    """An RGB image as (S, S, C) uint8; the sides are scaled apart when it is not square."""
    if decoding.channels == 1:
        image = image.convert("L")
    if image.size != (decoding.size, decoding.size):
        image = image.resize((decoding.size, decoding.size), Image.Resampling.BICUBIC)
    return np.asarray(image).reshape(decoding.size, decoding.size, decoding.channels)


def decode(images: ImageSources, indices: Sequence[int] | np.ndarray, to: Decoding) -> np.ndarray:
    """Some images as one (n, S, S, C) uint8 array.

    Raises:
        UnusableImageError: for the first that cannot be read.
    """
    decoded = np.empty((len(indices), to.size, to.size, to.channels), np.uint8)

    def put(job: tuple[int, int]) -> None:
        decoded[job[0]] = fit(images.open(job[1]), to)

    for _ in _pool().map(put, enumerate(int(index) for index in indices)):
        pass
    return decoded


def read_all(
    images: ImageSources, decoding: Decoding | None
) -> Iterator[Read | UnusableImageError]:
    """Read every image in order, with what is wrong in place of those that cannot be read."""

    def read(index: int) -> Read | UnusableImageError:
        try:
            return read_image(images, index, decoding)
        except UnusableImageError as error:
            return error

    # In portions: a fast pool must not fill the memory with arrays that nobody has taken yet.
    for start in range(0, len(images), PORTION):
        yield from _pool().map(read, range(start, min(start + PORTION, len(images))))


def gather_facts(reads: Iterable[Read]) -> ImageFacts:
    """The facts of all images, from what was read of each."""
    kept = [(read.digest, read.size) for read in reads]
    digests = np.frombuffer(b"".join(digest for digest, _ in kept), np.uint8)
    sizes = np.array([size for _, size in kept], np.int32).reshape(-1, 2)
    return ImageFacts(digests.reshape(-1, DIGEST_BYTES), sizes)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Decoding threads: Pillow lets go of the interpreter lock while it decodes and resizes."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="decode")

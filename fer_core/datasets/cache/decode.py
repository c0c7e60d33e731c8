"""From pictures to uint8 arrays, several at a time, with what was learned on the way."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.datasets.base import Decoding
from fer_core.datasets.images import PictureError, Pictures
from fer_core.machine import cores

DIGEST_BYTES = 16
PORTION = 256  # pictures in flight


class PictureFacts(NamedTuple):
    """What is known of N pictures once each has been read.

    Attributes:
        digests: (N, 16) uint8, BLAKE2b of size and RGB pixels: equal for equal pictures.
        sizes: (N, 2) int32, width and height in pixels.
    """

    digests: np.ndarray
    sizes: np.ndarray


class Read(NamedTuple):
    """One picture that was read: its digest, its size, and its array, empty if none was wanted."""

    digest: bytes
    size: tuple[int, int]
    array: np.ndarray


def read_picture(pictures: Pictures, index: int, decoding: Decoding | None) -> Read:
    """Read one picture.

    Args:
        pictures: where it comes from.
        index: which one.
        decoding: how its array is to be made; None: no array.

    Raises:
        PictureError: when it cannot be read.
    """
    picture = pictures.open(index)
    digest = hashlib.blake2b(repr(picture.size).encode(), digest_size=DIGEST_BYTES)
    digest.update(picture.tobytes())
    array = np.empty(0, np.uint8) if decoding is None else fit(picture, decoding)
    return Read(digest.digest(), picture.size, array)


def fit(picture: Image.Image, decoding: Decoding) -> np.ndarray:
    """An RGB picture as (S, S, C) uint8; the sides are scaled apart when it is not square."""
    if decoding.channels == 1:
        picture = picture.convert("L")
    if picture.size != (decoding.size, decoding.size):
        picture = picture.resize((decoding.size, decoding.size), Image.Resampling.BICUBIC)
    return np.asarray(picture).reshape(decoding.size, decoding.size, decoding.channels)


def decode(pictures: Pictures, indices: Sequence[int] | np.ndarray, to: Decoding) -> np.ndarray:
    """Some pictures as one (n, S, S, C) uint8 array.

    Raises:
        PictureError: for the first that cannot be read.
    """
    images = np.empty((len(indices), to.size, to.size, to.channels), np.uint8)

    def put(job: tuple[int, int]) -> None:
        images[job[0]] = fit(pictures.open(job[1]), to)

    for _ in _pool().map(put, enumerate(int(index) for index in indices)):
        pass
    return images


def read_all(pictures: Pictures, decoding: Decoding | None) -> Iterator[Read | PictureError]:
    """Read every picture in order, with what is wrong in place of those that cannot be read."""

    def read(index: int) -> Read | PictureError:
        try:
            return read_picture(pictures, index, decoding)
        except PictureError as error:
            return error

    # In portions: a fast pool must not fill the memory with arrays that nobody has taken yet.
    for start in range(0, len(pictures), PORTION):
        yield from _pool().map(read, range(start, min(start + PORTION, len(pictures))))


def gather_facts(reads: Iterable[Read]) -> PictureFacts:
    """The facts of all pictures, from what was read of each."""
    kept = [(read.digest, read.size) for read in reads]
    digests = np.frombuffer(b"".join(digest for digest, _ in kept), np.uint8)
    sizes = np.array([size for _, size in kept], np.int32).reshape(-1, 2)
    return PictureFacts(digests.reshape(-1, DIGEST_BYTES), sizes)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Decoding threads: Pillow lets go of the interpreter lock while it decodes and resizes."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="decode")

"""What every data set hands to training, and how picture files become arrays."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import numpy as np
from PIL import Image

from fer_core.pictures import READ_ERRORS, open_upright

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


class DataError(ValueError):
    """A data set that is absent, incomplete or broken; the message says what was expected."""


class Split(NamedTuple):
    """One part of a data set, decoded.

    Attributes:
        name: the split's own name, for example ``FER2013Valid``.
        images: (N, S, S, C) uint8, RGB or grey.
        labels: (N,) int64 clean labels.
        names: N file names.
        votes: (N, 10) int64 votes of the FER+ raters in the order of `FERPLUS_VOTES`, or None.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    votes: np.ndarray | None = None


@dataclass(frozen=True)
class FaceData:
    """A data set ready for training.

    Attributes:
        name: of the data set, for example ``ferplus``.
        classes: class names in the order of the label numbers.
        train: the training split.
        test: the evaluation split.
        source_size: typical side of the pictures before resizing, in pixels.
        grey: whether the pictures are grey.
        landmarks: (3, 2) eye, eye, mouth centre as shares of the side; None when not known.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    source_size: int
    grey: bool
    landmarks: np.ndarray | None = None


class Source(NamedTuple):
    """A parsed data URI: ``kind:path?option=value``."""

    kind: str
    path: Path | None
    options: dict[str, str]


class Decoding(NamedTuple):
    """How pictures are decoded: side of the square array, and 1 or 3 channels."""

    size: int
    channels: int


def parse_uri(uri: str) -> Source:
    """Split ``kind:path?option=value&...`` in its parts."""
    head, _, query = uri.partition("?")
    kind, _, path = head.partition(":")
    return Source(
        kind,
        Path(path).expanduser() if path else None,
        dict(parse_qsl(query, keep_blank_values=True)),
    )


def take_options(source: Source, **defaults: str) -> dict[str, str]:
    """The URI's options over their defaults.

    Raises:
        DataError: for an option that the data set does not have.
    """
    unknown = sorted(set(source.options) - set(defaults))
    if unknown:
        known = ", ".join(f"{name}={value}" for name, value in defaults.items()) or "none"
        raise DataError(f"{source.kind} has no option {unknown[0]!r}; its options: {known}")
    return {**defaults, **source.options}


def existing_folder(source: Source, expected: str) -> Path:
    """The folder that the URI names.

    Raises:
        DataError: when the URI has no path or the folder is absent, with the ``expected`` tree.
    """
    if source.path is None:
        raise DataError(
            f"{source.kind} needs a folder, as {source.kind}:PATH. Expected:\n{expected}"
        )
    if not source.path.is_dir():
        raise DataError(f"no folder at {source.path} ({source.kind}). Expected:\n{expected}")
    return source.path


def decode(paths: Sequence[Path], decoding: Decoding) -> np.ndarray:
    """Decode picture files to one (N, S, S, C) uint8 array; EXIF rotation is applied.

    Raises:
        DataError: naming the first file that is absent or no readable picture.
    """
    images = np.empty((len(paths), decoding.size, decoding.size, decoding.channels), np.uint8)

    def put(job: tuple[int, Path]) -> None:
        images[job[0]] = _decode_one(job[1], decoding)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(put, enumerate(paths)):
            pass
    return images


def content_hash(data: FaceData) -> str:
    """SHA-256 of the decoded pixels and clean labels of both splits."""
    digest = hashlib.sha256()
    for split in (data.train, data.test):
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(split.labels.astype("<i8").tobytes())
    return digest.hexdigest()


def _decode_one(path: Path, decoding: Decoding) -> np.ndarray:
    try:
        picture = open_upright(path).convert("L" if decoding.channels == 1 else "RGB")
    except READ_ERRORS as error:
        reason = "is absent" if not path.exists() else f"is no readable picture: {error}"
        raise DataError(f"{path} {reason}") from error
    if picture.size != (decoding.size, decoding.size):
        picture = picture.resize((decoding.size, decoding.size), Image.Resampling.BICUBIC)
    return np.asarray(picture).reshape(decoding.size, decoding.size, decoding.channels)

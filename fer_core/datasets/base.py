"""What every data set is: a listing of images and labels first, decoded arrays afterwards."""

import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl

import numpy as np

from fer_core.datasets.images import ImageSources
from fer_core.errors import FerError
from fer_core.io.images import Images

NO_DIGESTS = np.empty((0, 16), np.uint8)
NO_PLAIN_LABELS = (
    "a split has no plain labels: true_labels are those of the data set, before noise; what a "
    "model is trained on are noisy_labels, of a Batch or of fer_core.noise.generate.NoisyLabels"
)


class DataError(FerError, ValueError):
    """A data set that is absent, incomplete or broken; the message says what was expected."""


class Problem(NamedTuple):
    """One thing in a data set that cannot be used.

    Attributes:
        kind: ``missing file``, ``unreadable file``, ``label`` or ``class``.
        name: the image as the data set names it; a folder ends in ``/``.
        detail: where it is, what is wrong, and what is allowed.
    """

    kind: str
    name: str
    detail: str


class ListedSplit(NamedTuple):
    """One part of a data set before anything is decoded.

    Attributes:
        name: the split's own name, for example ``val`` of FERPlus.
        images: N sources of images.
        true_labels: (N,) int64 labels as the data set has them, before any noise is added.
        names: N names, unique within the data set.
        votes: (N, 10) int64 votes of the FER+ raters in the order of `FERPLUS_VOTES`, or None.
        original_labels: (N,) int64 labels that the set had before it was relabelled (those of
            FER2013 under FERPlus), -1 where there is none; or None.
        slices: attribute -> N values, for figures per group; for example ``gender``.
        passed_over: names of files that are not read: those in folders of classes without the
            suffix of an image, and images beside these folders.
    """

    name: str
    images: ImageSources
    true_labels: np.ndarray
    names: tuple[str, ...]
    votes: np.ndarray | None = None
    original_labels: np.ndarray | None = None
    slices: Mapping[str, tuple[str, ...]] = {}
    passed_over: tuple[str, ...] = ()

    @property
    def labels(self) -> NoReturn:
        """Refused: it would not say which labels are meant."""
        raise AttributeError(NO_PLAIN_LABELS)


class Listing(NamedTuple):
    """A data set before anything is decoded.

    Attributes:
        name: of the data set, for example ``ferplus``.
        classes: class names in the order of the label numbers.
        train: the training split.
        eval: the split that is evaluated and reported, whatever the data set calls it.
        source_size: typical side of the images in pixels; None: to be measured.
        grey: whether the images are grey; None: not known, so what the run asks for.
        landmarks: (3, 2) eye, eye, mouth centre as shares of the side; None: to be measured.
        problems: what the label lists hold that cannot be used.
        found_classes: whether the classes are those that have training images.
    """

    name: str
    classes: tuple[str, ...]
    train: ListedSplit
    eval: ListedSplit
    source_size: int | None = None
    grey: bool | None = None
    landmarks: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
    found_classes: bool = False

    def split(self, kind: str) -> ListedSplit:
        """The training split for ``train``, else the one that is evaluated."""
        return self.train if kind == "train" else self.eval


class Split(NamedTuple):
    """One part of a data set, ready for training.

    Attributes:
        name: the split's own name, for example ``val`` of FERPlus.
        images: (N, S, S, C) uint8, RGB or grey.
        true_labels: as in `ListedSplit`; noisy ones are no part of a split
            (`fer_core.noise.generate.NoisyLabels`).
        names: N names.
        votes: as in `ListedSplit`.
        original_labels: as in `ListedSplit`.
        slices: as in `ListedSplit`.
        digests: (N, 16) uint8, equal for images that are equal pixel by pixel.
    """

    name: str
    images: Images
    true_labels: np.ndarray
    names: tuple[str, ...]
    votes: np.ndarray | None = None
    original_labels: np.ndarray | None = None
    slices: Mapping[str, tuple[str, ...]] = {}
    digests: np.ndarray = NO_DIGESTS

    @property
    def labels(self) -> NoReturn:
        """Refused: it would not say which labels are meant."""
        raise AttributeError(NO_PLAIN_LABELS)


@dataclass(frozen=True)
class FaceData:
    """A data set ready for training.

    Attributes:
        name: of the data set, for example ``ferplus``.
        classes: class names in the order of the label numbers.
        train: the training split.
        eval: the split that is evaluated and reported, whatever the data set calls it.
        source_size: typical side of the images before resizing, in pixels.
        grey: whether the images are grey.
        landmarks: (3, 2) eye, eye, mouth centre as shares of the side; None when not known.
        dropped_duplicates: evaluation images that were dropped because they are also in train.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    eval: Split
    source_size: int
    grey: bool
    landmarks: np.ndarray | None = None
    dropped_duplicates: int = 0

    @property
    def test(self) -> Split:
        """The former name of ``eval``, which need not be a test split."""
        warnings.warn("FaceData.test is now FaceData.eval", DeprecationWarning, stacklevel=2)
        return self.eval


class Source(NamedTuple):
    """A parsed data URI: ``kind:path?option=value``."""

    kind: str
    path: Path | None
    options: dict[str, str]


class Decoding(NamedTuple):
    """How images are decoded: side of the square array, and 1 or 3 channels."""

    size: int
    channels: int


def parse_uri(uri: str) -> Source:
    """Split ``kind:path?option=value&...`` in its parts.

    Raises:
        DataError: for a path in the home folder of somebody unknown, and an option given twice.
    """
    head, _, query = uri.partition("?")
    kind, _, text = head.partition(":")
    try:
        path = Path(text).expanduser() if text else None
    except RuntimeError as error:
        raise DataError(f"no home folder for {text!r}: {error}") from error
    given = parse_qsl(query, keep_blank_values=True)
    options = dict(given)
    if len(options) < len(given):
        counts = Counter(name for name, _ in given)
        name, count = counts.most_common(1)[0]
        raise DataError(f"{kind} takes the option {name!r} once, got it {count} times")
    return Source(kind, path, options)


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


def take_choice(source: Source, options: Mapping[str, str], name: str, *allowed: str) -> str:
    """The option ``name``, which must be one of ``allowed``.

    Raises:
        DataError: naming the option, its value and what is allowed.
    """
    if options[name] not in allowed:
        raise DataError(
            f"{source.kind} {name} must be {' or '.join(allowed)}, got {options[name]!r}"
        )
    return options[name]


def existing_path(source: Source, expected: str, what: str = "folder") -> Path:
    """The file or folder that the URI names.

    Args:
        source: the URI.
        expected: the tree to show in an error message.
        what: it may be, for example ``file or folder``.

    Raises:
        DataError: when the URI has no path or nothing is there, with the ``expected`` tree.
    """
    if source.path is None:
        raise DataError(
            f"{source.kind} needs a {what}, as {source.kind}:PATH. Expected:\n{expected}"
        )
    if not source.path.exists():
        raise DataError(f"no {what} at {source.path} ({source.kind}). Expected:\n{expected}")
    return source.path


def existing_folder(source: Source, expected: str) -> Path:
    """The folder that the URI names.

    Raises:
        DataError: when the URI has no path or the folder is absent, with the ``expected`` tree.
    """
    path = existing_path(source, expected)
    if not path.is_dir():
        raise DataError(f"{path} is a file: {source.kind} needs a folder. Expected:\n{expected}")
    return path


def content_hash(data: FaceData) -> str:
    """SHA-256 of the images' own pixels (before resizing) and the true labels, both splits."""
    digest = hashlib.sha256()
    for split in (data.train, data.eval):
        if len(split.digests) != len(split.true_labels):
            raise ValueError(f"split {split.name} has no image digests")
        digest.update(np.ascontiguousarray(split.digests).data)
        digest.update(split.true_labels.astype("<i8").tobytes())
    return digest.hexdigest()

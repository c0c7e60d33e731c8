"""Everything that is wrong with a data set, or worth knowing of it, found in one pass."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_core.datasets.base import DataError, ListedSplit, Listing, Problem
from fer_core.datasets.cache.decode import DIGEST_BYTES, read_all
from fer_core.datasets.checks.duplicates import THUMBNAIL, equal_groups, near_pairs
from fer_core.datasets.checks.report import (
    CheckReport,
    Identical,
    NamedImage,
    Near,
    Size,
    Sizes,
    SplitReport,
)
from fer_core.datasets.images import UnusableImageError
from fer_core.io.files import write_whole

COMMONEST = 5  # sizes that are reported


class _Reading(NamedTuple):
    """The n images of a split that can be read, and the problems of the others."""

    faces: list[NamedImage]
    digests: np.ndarray  # (n, 16) uint8
    sizes: list[Size]
    thumbnails: np.ndarray  # (n, 16, 16) uint8, or (0, 16, 16): not wanted
    problems: list[Problem]


def check_data(
    listing: Listing, *, near: float | Literal["auto"] | None = None, progress: bool = False
) -> CheckReport:
    """Read every image of a data set and report what was found; nothing is decoded for keeps.

    Args:
        listing: the data set.
        near: least similarity of near-duplicates in (0, 1], or ``auto``: by how alike the images
            of the set are (`copy_threshold`); None: do not look for them.
        progress: show bars.

    Raises:
        ValueError: for a similarity out of range.
    """
    if near not in (None, "auto") and not 0 < near <= 1:
        raise ValueError(f"the similarity of near-duplicates must be in (0, 1], got {near}")
    train, test = (
        _read(split, listing.classes, near is not None, progress)
        for split in (listing.train, listing.eval)
    )
    identical = _identical(train, test)
    threshold, pairs = None, None
    if near is not None:
        asked = None if near == "auto" else near
        threshold, pairs = _near(train, test, identical, asked, progress)
    return CheckReport(
        listing.name,
        listing.classes,
        _split_report(listing.train, train, listing.classes),
        _split_report(listing.eval, test, listing.classes),
        (*listing.problems, *train.problems, *test.problems),
        identical,
        pairs,
        threshold,
        (*listing.train.passed_over, *listing.eval.passed_over),
    )


def write_fix_list(path: Path, names: Iterable[str]) -> None:
    """Write an exclude list, as `read_exclude_list` reads it; replaced as a whole.

    Args:
        path: the list; its folder must exist. Without names it becomes an empty file.
        names: of images, and of folders, which end in ``/``.

    Raises:
        DataError: for a name that a list cannot hold; nothing is written then.
    """
    names = sorted(set(names))
    for name in names:
        if not _fits_a_line(name):
            raise DataError(
                f"the name {name!r} cannot be in an exclude list: it is empty, no "
                "text, or has a line break. Rename the file, or correct its line in the label list"
            )
    write_whole(path, "".join(f"{name}\n" for name in names).encode())


def _fits_a_line(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name.strip()) and name.splitlines() == [name]


def _read(
    split: ListedSplit, classes: tuple[str, ...], thumbnails: bool, progress: bool
) -> _Reading:
    count, side = len(split.names), THUMBNAIL.size
    small = np.empty((count if thumbnails else 0, side, side), np.uint8)
    found = _Reading([], np.empty((0, DIGEST_BYTES), np.uint8), [], small, [])
    digests = bytearray()
    reads = read_all(split.images, THUMBNAIL if thumbnails else None)
    bar = tqdm(reads, f"reading {split.name}", count, disable=not progress)
    for name, label, read in zip(split.names, split.true_labels, bar, strict=True):
        if isinstance(read, UnusableImageError):
            kind = "missing file" if read.absent else "unreadable file"
            found.problems.append(Problem(kind, name, str(read)))
            continue
        if thumbnails:
            small[len(found.faces)] = read.array[..., 0]
        found.faces.append(NamedImage(name, classes[label]))
        found.sizes.append(read.size)
        digests += read.digest
    rows = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST_BYTES)
    return found._replace(digests=rows, thumbnails=small[: len(found.faces)])


def _split_report(split: ListedSplit, read: _Reading, classes: tuple[str, ...]) -> SplitReport:
    counts = Counter(face.label for face in read.faces)
    sizes = None
    if read.sizes:
        ordered = sorted(read.sizes, key=lambda size: (size[0] * size[1], size))
        commonest = tuple(Counter(read.sizes).most_common(COMMONEST))
        sizes = Sizes(ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1], commonest)
    return SplitReport(
        split.name, {name: counts[name] for name in classes}, len(read.problems), sizes
    )


def _identical(train: _Reading, test: _Reading) -> tuple[Identical, ...]:
    split = len(train.faces)
    return tuple(
        Identical(
            tuple(train.faces[index] for index in group if index < split),
            tuple(test.faces[index - split] for index in group if index >= split),
        )
        for group in equal_groups(np.concatenate([train.digests, test.digests]))
    )


def _near(
    train: _Reading,
    test: _Reading,
    identical: tuple[Identical, ...],
    threshold: float | None,
    progress: bool,
) -> tuple[float, tuple[Near, ...]]:
    """The near-duplicates among the test images that have no equal image in train.

    Returns:
        Their least similarity, and the pairs.
    """
    twins = {face.name for group in identical if group.train for face in group.eval}
    rest = [index for index, face in enumerate(test.faces) if face.name not in twins]
    found = near_pairs(train.thumbnails, test.thumbnails[rest], threshold, progress=progress)
    return found.threshold, tuple(
        Near(train.faces[pair.train], test.faces[rest[pair.test]], pair.similarity, pair.mirrored)
        for pair in found.pairs
    )

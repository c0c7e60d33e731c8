"""From a listing to decoded splits, without the files that are to be left out."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    FaceData,
    ListedSplit,
    Listing,
    Problem,
    Split,
)
from fer_core.datasets.images import SelectedImages
from fer_core.datasets.storage import CHECK_HINT, Storage, Stored, store


def load_listing(
    listing: Listing, decoding: Decoding, storage: Storage, *, dedup: bool
) -> FaceData:
    """Decode a listed data set.

    Args:
        listing: the data set.
        decoding: side and channels of the decoded pictures.
        storage: where they are kept.
        dedup: drop test images that also stand in train, pixel by pixel.

    Raises:
        DataError: for a problem of the listing, a broken picture, or an empty split.
    """
    refuse_problems(listing)
    for split in (listing.train, listing.test):
        if not len(split.labels):
            raise DataError(f"{listing.name} split {split.name} has no images left")
    stored_train = store(listing.train.pictures, decoding, storage)
    stored_test = store(listing.test.pictures, decoding, storage)
    train, test = _split(listing.train, stored_train), _split(listing.test, stored_test)
    dropped = 0
    if dedup:
        unique = ~also_in(stored_train.facts.digests, stored_test.facts.digests)
        dropped = int((~unique).sum())
        test = select(test, np.flatnonzero(unique))
        if not len(test.labels):
            raise DataError(f"every image of {test.name} also stands in {train.name}")
    size = listing.source_size or int(np.median(stored_train.facts.sizes.min(1)))
    grey = decoding.channels == 1 if listing.grey is None else listing.grey
    return FaceData(
        listing.name, listing.classes, train, test, size, grey, listing.landmarks, dropped
    )


def with_repeated_names(listing: Listing) -> Listing:
    """The listing with a problem more for every name that stands in it twice.

    Names tell pictures apart: in lists of noisy labels and of files to leave out, and in the order
    of the noise's draw.
    """
    counts = Counter([*listing.train.names, *listing.test.names])
    repeated = tuple(
        Problem("label", name, f"{listing.name} names the picture {name} {count} times")
        for name, count in counts.items()
        if count > 1
    )
    return listing._replace(problems=(*listing.problems, *repeated))


def refuse_problems(listing: Listing) -> None:
    """Stop at what the label lists hold that cannot be used.

    Raises:
        DataError: naming the first problem and how many more there are.
    """
    if listing.problems:
        first, *others = listing.problems
        more = f" ({len(others)} more like this)" if others else ""
        raise DataError(f"{first.detail}{more}. {CHECK_HINT}")


def also_in(digests: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(M,) bool: which of the (M, 16) ``others`` are among the (N, 16) ``digests``."""
    known = {digest.tobytes() for digest in digests}
    return np.array([other.tobytes() in known for other in others], dtype=bool)


def select(split: Split, kept: np.ndarray) -> Split:
    """The images at the (n,) positions ``kept``."""
    images = SelectedImages(split.images, kept)
    return split._replace(images=images, digests=split.digests[kept], **_chosen(split, kept))


def read_leave_out(path: Path) -> frozenset[str]:
    """The names in a list of files to leave out: one a line; a name that ends in / is a folder.

    Raises:
        DataError: when the list is absent or no text.
    """
    if not path.is_file():
        raise DataError(
            f"no list of files to leave out at {path}: 'python -m train.data check URI "
            f"--fix-list {path}' writes it"
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text: {error}") from error
    return frozenset(line for line in lines if line.strip())


def leave_out(listing: Listing, names: frozenset[str]) -> Listing:
    """The listing without some of its pictures, and without the problems of these.

    Raises:
        DataError: when a name stands for nothing in the data set.
    """
    known = {*listing.train.names, *listing.test.names, *(p.name for p in listing.problems)}
    unknown = sorted(names - known - _folders(known))
    if unknown:
        raise DataError(
            f"{listing.name} has no picture {unknown[0]!r} to leave out ({len(unknown)} of "
            f"{len(names)} names are unknown): is it the list of this data set?"
        )

    def kept(name: str) -> bool:
        return name not in names and not any(folder in names for folder in _folders({name}))

    return listing._replace(
        train=_without(listing.train, [kept(name) for name in listing.train.names]),
        test=_without(listing.test, [kept(name) for name in listing.test.names]),
        problems=tuple(problem for problem in listing.problems if kept(problem.name)),
    )


def _folders(names: set[str]) -> set[str]:
    return {name[: index + 1] for name in names for index, c in enumerate(name) if c == "/"}


def _without(split: ListedSplit, keep: list[bool]) -> ListedSplit:
    kept = np.flatnonzero(keep)
    return split._replace(pictures=split.pictures.select(kept), **_chosen(split, kept))


def _chosen(split: ListedSplit | Split, kept: np.ndarray) -> dict[str, Any]:
    """What both kinds of split hold of each image, for some of the images."""
    arrays = {name: getattr(split, name) for name in ("labels", "votes", "own_labels")}
    return {
        "names": tuple(split.names[index] for index in kept),
        "slices": {
            name: tuple(values[index] for index in kept) for name, values in split.slices.items()
        },
        **{name: None if array is None else array[kept] for name, array in arrays.items()},
    }


def _split(listed: ListedSplit, stored: Stored) -> Split:
    return Split(
        listed.name,
        stored.images,
        listed.labels,
        listed.names,
        listed.votes,
        listed.own_labels,
        listed.slices,
        stored.facts.digests,
    )

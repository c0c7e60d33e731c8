"""From a listing to decoded splits."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from fer_core.datasets.base import (
    NO_DIGESTS,
    DataError,
    Decoding,
    FaceData,
    ListedSplit,
    Listing,
    Problem,
    Split,
)
from fer_core.datasets.cache.arrays import SelectedImages
from fer_core.datasets.cache.store import CHECK_HINT, Storage, Stored, store
from fer_core.datasets.dividing import DIVIDED
from fer_core.datasets.exclude import chosen_columns
from fer_core.io.wording import counted

logger = logging.getLogger(__name__)
MOST_SUFFIXES = 5  # that are named of files that are not read
SEVEN_OR_EIGHT = ("affectnet", "ferplus")  # data sets with the option classes
SplitKind = Literal["train", "eval", "test"]  # test: the former name of eval


def load_listing(
    listing: Listing, decoding: Decoding, storage: Storage, *, dedup: bool
) -> FaceData:
    """Decode a listed data set.

    Args:
        listing: the data set.
        decoding: side and channels of the decoded images.
        storage: where they are kept.
        dedup: drop evaluation images that are also in train, pixel by pixel.

    Raises:
        DataError: for a problem of the listing, a broken image, or an empty split.
    """
    refuse_problems(listing)
    _tell_passed_over(listing, listing.train, listing.eval)
    for split in (listing.train, listing.eval):
        if not len(split.true_labels):
            raise DataError(
                f"{listing.name} split {split.name} has no images left: a run needs both splits; "
                f"{DIVIDED}"
            )
    stored_train = store(listing.train.images, decoding, storage)
    stored_eval = store(listing.eval.images, decoding, storage)
    train, evaluated = _split(listing.train, stored_train), _split(listing.eval, stored_eval)
    dropped = 0
    if dedup:
        unique = ~also_in(stored_train.facts.digests, stored_eval.facts.digests)
        dropped = int((~unique).sum())
        evaluated = select(evaluated, np.flatnonzero(unique))
        if not len(evaluated.true_labels):
            raise DataError(f"every image of {evaluated.name} is also in {train.name}")
    size = listing.source_size or int(np.median(stored_train.facts.sizes.min(1)))
    grey = decoding.channels == 1 if listing.grey is None else listing.grey
    return FaceData(
        listing.name, listing.classes, train, evaluated, size, grey, listing.landmarks, dropped
    )


def load_split(listing: Listing, kind: SplitKind, decoding: Decoding, storage: Storage) -> Split:
    """Decode one split of a listed data set, to measure a model on; the other may be empty.

    Args:
        listing: the data set.
        kind: ``train`` or ``eval``; ``test`` is the former name of ``eval``, and warns.
        decoding: side and channels of the decoded images.
        storage: where they are kept.

    Raises:
        DataError: for a problem of the listing, a broken image, or a split without images.
    """
    refuse_problems(listing)
    listed = listing.split(kind)
    _tell_passed_over(listing, listed)
    if kind == "test":
        logger.warning("split 'test' is now 'eval': of %s, %s", listing.name, listed.name)
    if not len(listed.true_labels):
        other = listing.eval if kind == "train" else listing.train
        count = (
            f"; its split {other.name} has {len(other.true_labels):,}"
            if len(other.true_labels)
            else ""
        )
        raise DataError(f"{listing.name} split {listed.name} has no images{count}")
    return _split(listed, store(listed.images, decoding, storage))


def training_digests(listing: Listing, storage: Storage) -> np.ndarray:
    """(N, 16) digests of the training images, which are read once and not kept decoded.

    Raises:
        DataError: for a broken image.
    """
    images = listing.train.images
    if not len(images):
        return NO_DIGESTS
    # No image is decoded: a stream has no array before it is asked for one.
    return store(images, Decoding(1, 1), storage._replace(kind="stream")).facts.digests


def with_repeated_names(listing: Listing) -> Listing:
    """The listing with a problem more for every name that occurs in it twice.

    Names tell images apart: in lists of noisy labels and exclude lists, and in the order
    of the noise's draw.
    """
    counts = Counter([*listing.train.names, *listing.eval.names])
    repeated = tuple(
        Problem("label", name, f"{listing.name} names the image {name} {count} times")
        for name, count in counts.items()
        if count > 1
    )
    return listing._replace(problems=(*listing.problems, *repeated))


def with_broken_names(listing: Listing) -> Listing:
    """The listing with a problem more for every name that has a line break.

    Predictions, lists of noisy labels and exclude lists hold a name in a line.
    """
    broken = tuple(
        Problem(
            "label",
            name,
            f"{listing.name} has the image name {name!r} with a line break, which a run could not "
            "write and read again: rename the file, or correct its line in the label list",
        )
        for name in dict.fromkeys([*listing.train.names, *listing.eval.names])
        if "\r" in name or "\n" in name
    )
    return listing._replace(problems=(*listing.problems, *broken))


def refuse_problems(listing: Listing) -> None:
    """Stop at what the label lists hold that cannot be used.

    Raises:
        DataError: naming the first problem and how many more there are.
    """
    if listing.problems:
        first, *others = listing.problems
        more = f" ({len(others)} more like this)" if others else ""
        raise DataError(f"{first.detail}{more}. {CHECK_HINT}")


def passed_over_text(names: Sequence[str]) -> str:
    """That files of a data set are not read, counted by their suffixes.

    Args:
        names: of at least one file.
    """
    counts = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in names)
    kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in counts.most_common(MOST_SUFFIXES))
    more = f" and {len(counts) - MOST_SUFFIXES} more kinds" if len(counts) > MOST_SUFFIXES else ""
    return (
        f"{counted(len(names), 'file is', 'files are')} not read, for want of an image suffix or "
        f"of a class folder: {kinds}{more}; first {names[0]!r}"
    )


def _tell_passed_over(listing: Listing, *splits: ListedSplit) -> None:
    if names := [name for split in splits for name in split.passed_over]:
        logger.info("%s: %s", listing.name, passed_over_text(names))


def untrained_text(name: str, split: str, absent: Sequence[str]) -> str:
    """That there is no training image of some classes, and what can be done.

    Args:
        name: of the data set.
        split: of the training images.
        absent: the classes.
    """
    if tuple(absent) == ("contempt",) and name in SEVEN_OR_EIGHT:
        cure = f"the option classes=7 of {name} leaves it out"
    else:
        cure = "add some, or use folder:PATH, whose classes are those that have training images"
    return f"{split} has no training image of {', '.join(absent)}: {cure}"


def also_in(digests: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(M,) bool: which of the (M, 16) ``others`` are among the (N, 16) ``digests``."""
    known = {digest.tobytes() for digest in digests}
    return np.array([other.tobytes() in known for other in others], dtype=bool)


def select(split: Split, kept: np.ndarray) -> Split:
    """The images at the (n,) positions ``kept``."""
    images = SelectedImages(split.images, kept)
    return split._replace(images=images, digests=split.digests[kept], **chosen_columns(split, kept))


def _split(listed: ListedSplit, stored: Stored) -> Split:
    return Split(
        listed.name,
        stored.images,
        listed.true_labels,
        listed.names,
        listed.votes,
        listed.original_labels,
        listed.slices,
        stored.facts.digests,
    )

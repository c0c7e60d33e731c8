"""Data sets without the files of a list, as `fer-core data check --fix-list` writes it."""

from pathlib import Path
from typing import Any

import numpy as np

from fer_core.datasets.base import DataError, ListedSplit, Listing, Problem, Split
from fer_core.datasets.tables import read_lines


def read_exclude_list(path: Path) -> frozenset[str]:
    """The names in an exclude list: one a line; a name that ends in / is a folder.

    Raises:
        DataError: when the list is absent or no text.
    """
    if not path.is_file():
        raise DataError(
            f"no exclude list at {path}: 'fer-core data check URI --fix-list {path}' writes it"
        )
    return frozenset(line for line in read_lines(path) if line.strip())


def without_files(listing: Listing, names: frozenset[str]) -> Listing:
    """The listing without some of its images, and without the problems of these.

    Raises:
        DataError: when a name is not in the data set.
    """
    known = {*listing.train.names, *listing.eval.names, *(p.name for p in listing.problems)}
    unknown = sorted(names - known - _folders(known))
    if unknown:
        raise DataError(
            f"{listing.name} has no image {unknown[0]!r} to exclude ({len(unknown)} of "
            f"{len(names)} names are unknown): is it the list of this data set?"
        )

    def kept(name: str) -> bool:
        return name not in names and not any(folder in names for folder in _folders({name}))

    left = listing._replace(
        train=_without(listing.train, [kept(name) for name in listing.train.names]),
        eval=_without(listing.eval, [kept(name) for name in listing.eval.names]),
        problems=tuple(problem for problem in listing.problems if kept(problem.name)),
    )
    return _with_trained_classes(left) if listing.found_classes else left


def chosen_columns(split: ListedSplit | Split, kept: np.ndarray) -> dict[str, Any]:
    """What both kinds of split hold of each image, for some of the images."""
    arrays = {name: getattr(split, name) for name in ("true_labels", "votes", "original_labels")}
    return {
        "names": tuple(split.names[index] for index in kept),
        "slices": {
            name: tuple(values[index] for index in kept) for name, values in split.slices.items()
        },
        **{name: None if array is None else array[kept] for name, array in arrays.items()},
    }


def _with_trained_classes(listing: Listing) -> Listing:
    """The listing with the classes that still have training images."""
    trained = np.unique(listing.train.true_labels)
    if len(trained) < 2:
        raise DataError(f"{listing.name} has training images of {len(trained)} classes left")
    numbers = np.full(len(listing.classes), -1, np.int64)
    numbers[trained] = np.arange(len(trained))
    labels = numbers[listing.eval.true_labels]
    problems = tuple(
        Problem("class", name, f"{name} is {listing.classes[old]}, which has no training images")
        for name, old, new in zip(listing.eval.names, listing.eval.true_labels, labels, strict=True)
        if new < 0
    )
    evaluated = _without(listing.eval, (labels >= 0).tolist())
    return listing._replace(
        classes=tuple(listing.classes[index] for index in trained),
        train=listing.train._replace(true_labels=numbers[listing.train.true_labels]),
        eval=evaluated._replace(true_labels=labels[labels >= 0]),
        problems=(*listing.problems, *problems),
    )


def _folders(names: set[str]) -> set[str]:
    return {name[: index + 1] for name in names for index, c in enumerate(name) if c == "/"}


def _without(split: ListedSplit, keep: list[bool]) -> ListedSplit:
    kept = np.flatnonzero(keep)
    return split._replace(images=split.images.select(kept), **chosen_columns(split, kept))

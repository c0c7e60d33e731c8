"""Folders called by a data set's own numbers, as copies of RAF-DB and AffectNet have them."""

import re
from collections.abc import Mapping
from pathlib import Path

from fer_core.datasets.folder import ListedTree, list_tree
from fer_core.datasets.layouts import named_folder, numbered_kind, numbers_of, sub_folders
from fer_core.io.files import displayed

# 1, 001, class001, 1_surprise
_NUMBER = re.compile(r"(?:class[ _-]?)?0*(\d{1,2})(?:[ _.-]+\D.*)?", re.IGNORECASE)


def number_of(name: str) -> int | None:
    """The number that a folder is called by, or None."""
    found = _NUMBER.fullmatch(name.strip())
    return int(found[1]) if found else None


def numbered_split(root: Path, names: tuple[str, ...]) -> str | None:
    """The folder of a split in ``root`` whose folders all have numbers, or None."""
    split = named_folder(root, names)
    if split is None:
        return None
    folders = sub_folders(root / split)
    return split if folders and all(number_of(path.name) is not None for path in folders) else None


def list_numbered(
    root: Path, split: str, labels: Mapping[int, str], kind: str, expected: str
) -> ListedTree:
    """The images of ``root/split/<number>/``.

    Args:
        root: the data set.
        split: the split's folder in it.
        labels: number -> class.
        kind: of the data set, for messages.
        expected: the tree to show in an error message.

    Raises:
        DataError: when the folder holds no images.
    """
    other = numbered_kind(numbers_of(root / split)) if (root / split).is_dir() else None

    def class_of(name: str) -> str:
        number = number_of(name)
        if number is None or number not in labels:
            known = ", ".join(f"{key} {value}" for key, value in labels.items())
            hint = f"; {other}:{displayed(root)} has all of these numbers" if other else ""
            raise ValueError(f"{kind} has no label {name}: its labels are {known}{hint}")
        return labels[number]

    return list_tree(root, split, expected, class_of)

"""A folder of one's own aligned faces: ``train/<emotion>/*`` and ``test/<emotion>/*``."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    ListedSplit,
    Listing,
    Problem,
    Source,
    existing_folder,
    take_options,
)
from fer_core.datasets.sources import PictureFiles, picture_files, relative_names
from fer_core.emotions import EIGHT_CLASSES, canonical_name
from fer_core.files import displayed
from fer_core.pictures import PICTURE_SUFFIXES

EXPECTED = """  PATH/train/happiness/*.jpg ...
  PATH/train/anger/*.jpg     ... (any of the eight emotions; aliases as happy, angry)
  PATH/test/happiness/*.jpg  ...
or, to measure a model on and not to train it
  PATH/happiness/*.jpg ..."""


class ListedTree(NamedTuple):
    """The pictures below one split's folder, by class, and what cannot be used there."""

    pictures: dict[str, list[Path]]
    problems: list[Problem]


def list_folder(source: Source, _decoding: Decoding) -> Listing:
    """List an image folder; the classes are the emotions that have training pictures.

    URI: ``folder:PATH?train=train&test=test``; the options name the folders of the splits. Where
    both are absent and the folders of classes stand in PATH itself, they are the test split, and
    the training split is empty: a model can be measured there.

    Raises:
        DataError: when a split is missing, or the splits' classes cannot be learned.
    """
    options = take_options(source, train="train", test="test")
    root = existing_folder(source, EXPECTED)
    for name, value in options.items():
        if Path(value).is_absolute() or ".." in Path(value).parts or value in ("", "."):
            raise DataError(f"folder {name} must be a folder in {root}, got {value!r}")
    if options["train"] == options["test"]:
        raise DataError(
            f"folder train and test must be two folders, got {options['train']!r} twice"
        )
    if not any((root / name).is_dir() for name in options.values()) and _has_classes(root):
        return _list_classes(root, options["train"])
    trees = {name: list_tree(root, options[name], EXPECTED) for name in ("train", "test")}
    classes = tuple(name for name in EIGHT_CLASSES if trees["train"].pictures.get(name))
    if len(classes) < 2:
        raise DataError(
            f"{root / options['train']} has pictures of {len(classes)} emotions, at least 2 are "
            f"needed. Expected:\n{EXPECTED}"
        )
    problems = [*trees["train"].problems, *trees["test"].problems]
    untrained = sorted(set(trees["test"].pictures) - set(classes))
    for name in untrained:
        for folder in sorted({path.parent for path in trees["test"].pictures.pop(name)}):
            detail = f"{displayed(folder)} holds {name}, which has no training pictures"
            problems.append(Problem("class", f"{relative_names([folder], root)[0]}/", detail))
    return Listing(
        name=root.resolve().name,
        classes=classes,
        train=split_of_tree(root, options["train"], trees["train"], classes),
        test=split_of_tree(root, options["test"], trees["test"], classes),
        problems=tuple(problems),
        found_classes=True,
    )


def _has_classes(root: Path) -> bool:
    """Whether a folder of the root has the name of an emotion."""
    for folder in (path for path in root.iterdir() if path.is_dir()):
        with contextlib.suppress(ValueError):
            canonical_name(folder.name)
            return True
    return False


def _list_classes(root: Path, train: str) -> Listing:
    """The folders of classes in the root itself as a test split, beside no training pictures."""
    tree, name = list_tree(root, ".", EXPECTED), root.resolve().name
    classes = tuple(emotion for emotion in EIGHT_CLASSES if emotion in tree.pictures)
    return Listing(
        name=name,
        classes=classes,
        train=split_of_tree(root, train, ListedTree({}, []), classes),
        test=split_of_tree(root, name, tree, classes),
        problems=tuple(tree.problems),
    )


def list_tree(
    root: Path, split: str, expected: str, class_of: Callable[[str], str] = canonical_name
) -> ListedTree:
    """The pictures of ``root/split/<class>/``, the classes by their folders' names.

    Args:
        root: the data set.
        split: the split's folder in it.
        expected: the tree to show in an error message.
        class_of: class name of a folder's name; raises ValueError for an unknown one.

    Raises:
        DataError: when the folder is absent or holds no pictures.
    """
    folder = root / split
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}. Expected:\n{expected}")
    pictures: dict[str, list[Path]] = {}
    problems: list[Problem] = []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir()):
        if sub.name.startswith("."):
            continue
        name = f"{relative_names([sub], root)[0]}/"
        try:
            found = picture_files(sub)
        except OSError as error:
            detail = f"{displayed(sub)} cannot be read: {error.strerror}"
            problems.append(Problem("unreadable file", name, detail))
            continue
        try:
            emotion = class_of(sub.name)
        except ValueError as error:
            problems.append(Problem("class", name, f"{displayed(sub)}: {error}"))
            continue
        pictures.setdefault(emotion, []).extend(found)
        if not found:
            suffixes = ", ".join(PICTURE_SUFFIXES)
            detail = f"{displayed(sub)} holds no pictures ({suffixes}): fill it or delete it"
            problems.append(Problem("class", name, detail))
    if not any(pictures.values()) and len(problems) == len(pictures):  # no unknown class either
        raise DataError(f"{folder} holds no pictures. Expected:\n{expected}")
    return ListedTree({name: paths for name, paths in pictures.items() if paths}, problems)


def split_of_tree(root: Path, name: str, tree: ListedTree, classes: tuple[str, ...]) -> ListedSplit:
    """One split of an image folder, class by class in the order of ``classes``."""
    rows = [(path, index) for index, c in enumerate(classes) for path in tree.pictures.get(c, [])]
    paths = tuple(path for path, _ in rows)
    labels = np.array([index for _, index in rows], np.int64)
    return ListedSplit(name, PictureFiles(paths), labels, relative_names(paths, root))

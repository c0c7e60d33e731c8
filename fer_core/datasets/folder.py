"""A folder of one's own aligned faces: ``train/<class>/*`` and ``test/<class>/*``."""

import difflib
import logging
from collections.abc import Callable, Mapping
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
from fer_core.datasets.dividing import OPTIONS, divide, is_divided, refuse_idle
from fer_core.datasets.images import (
    ImageFiles,
    files_in_tree,
    has_image_suffix,
    image_files,
    relative_names,
)
from fer_core.datasets.layouts import (
    EVAL_NAMES,
    TRAIN_NAMES,
    LayoutError,
    named_folder,
    sub_folders,
)
from fer_core.datasets.naming import Naming, choose_naming
from fer_core.emotions import canonical_name, find_emotion
from fer_core.io.files import displayed
from fer_core.io.images import IMAGE_SUFFIXES

EXPECTED = """  PATH/train/happiness/*.jpg ...
  PATH/train/anger/*.jpg     ... (emotions, as happy or angry too, or any classes of your own)
  PATH/test/happiness/*.jpg  ... (or val, valid, validation; further folders below are read too)
or, to measure a model on and not to train it
  PATH/happiness/*.jpg ...
or, to train on a part of it and measure on the rest, folder:PATH?split=0.2"""
CLASSES = "class folders"
logger = logging.getLogger(__name__)


class ListedTree(NamedTuple):
    """The images below one split's folder, by class, and what cannot be used there."""

    images: dict[str, list[Path]]
    problems: list[Problem]
    passed_over: tuple[str, ...] = ()  # as `ListedSplit`


def list_folder(source: Source, _decoding: Decoding) -> Listing:
    """List an image folder; the classes are those that have training images.

    URI: ``folder:PATH?train=train&test=test&classes=``; the first two name the folders of the
    splits. By default any of `TRAIN_NAMES` and `EVAL_NAMES` is taken, in any case. Where both are
    absent and the folders of classes are in PATH itself, they are the test split, and the training
    split is empty: a model can be measured there. ``split=0.2`` or ``folds=5&fold=0`` divides them
    (`fer_core.datasets.dividing`). ``classes`` says what the folders' names are, ``as-is`` or
    ``emotions``; see `choose_naming`.

    Raises:
        DataError: when a split is missing, the splits' classes cannot be learned, or it is not
            clear whether they are emotions.
    """
    options = take_options(source, train="train", test="test", classes="", **OPTIONS)
    refuse_idle(source, options)
    root = existing_folder(source, EXPECTED)
    if is_divided(options):
        return _list_divided(source, options, root)
    splits = _split_folders(source, root)
    for name, value in splits.items():
        if Path(value).is_absolute() or ".." in Path(value).parts or value in ("", "."):
            raise DataError(f"folder {name} must be a folder in {root}, got {value!r}")
    if splits["train"] == splits["test"]:
        raise DataError(f"folder train and test must be two folders, got {splits['train']!r} twice")
    alone = not any((root / name).is_dir() for name in splits.values()) and _has_classes(root)
    named = [displayed(path.name) for path in _class_folders(root, "." if alone else splits)]
    naming = choose_naming(source, options["classes"], named, CLASSES)
    if alone:
        return _list_classes(root, splits["train"], naming)
    trees = {
        name: list_tree(root, folder, EXPECTED, naming.class_of) for name, folder in splits.items()
    }
    classes = naming.in_order(trees["train"].images)
    _refuse_few(root / splits["train"], classes, naming)
    problems = [*trees["train"].problems, *trees["test"].problems]
    untrained = sorted(set(trees["test"].images) - set(classes))
    for name in untrained:
        near = difflib.get_close_matches(name, classes, 1)
        hint = f"; did you mean {near[0]!r}?" if near and not naming.emotions else ""
        for folder in sorted({path.parent for path in trees["test"].images.pop(name)}):
            detail = f"{displayed(folder)} holds {name}, which has no training images{hint}"
            problems.append(Problem("class", f"{relative_names([folder], root)[0]}/", detail))
    return Listing(
        name=root.resolve().name,
        classes=classes,
        train=split_of_tree(root, splits["train"], trees["train"], classes),
        eval=split_of_tree(root, splits["test"], trees["test"], classes),
        problems=tuple(problems),
        found_classes=True,
    )


def _split_folders(source: Source, root: Path) -> dict[str, str]:
    """The folders of both splits: as the URI names them, or as they are usually called."""
    names = {"train": TRAIN_NAMES, "test": EVAL_NAMES}
    given = {name: source.options.get(name) for name in names}
    found = {
        name: (named_folder(root, usual) or name) if given[name] is None else given[name] or ""
        for name, usual in names.items()
    }
    if given["test"] is None:
        others = [p.name for p in sub_folders(root) if p.name.casefold() in EVAL_NAMES]
        for other in others:
            if other != found["test"]:
                logger.info("%s is not read: test=%s names it", displayed(root / other), other)
    return found


def _refuse_few(folder: Path, classes: tuple[str, ...], naming: Naming) -> None:
    if len(classes) < 2:
        one, several = ("emotion", "emotions") if naming.emotions else ("class", "classes")
        raise LayoutError(
            f"{folder} has images of {len(classes) or 'no'} "
            f"{one if len(classes) == 1 else several}, at least 2 are needed. "
            f"Expected:\n{EXPECTED}"
        )


def _list_divided(source: Source, options: dict[str, str], root: Path) -> Listing:
    """A set of class folders in two parts; a lone folder ``train`` is looked into."""
    train, held = named_folder(root, TRAIN_NAMES), named_folder(root, EVAL_NAMES)
    if {"train", "test"} & set(source.options) or (train and held):
        raise DataError(
            f"{root}: split and folds divide class folders that have no splits; it has "
            f"{train or options['train']} and {held or options['test']}"
        )
    place = train or "."
    named = [displayed(path.name) for path in _class_folders(root, place)]
    naming = choose_naming(source, options["classes"], named, CLASSES)
    tree = list_tree(root, place, EXPECTED, naming.class_of)
    classes = naming.in_order(tree.images)
    _refuse_few(root / place, classes, naming)
    whole = split_of_tree(root, root.resolve().name, tree, classes)
    subjects = _subjects(tree, root / place, classes)
    needed = "a folder for each subject, as PATH/CLASS/SUBJECT/*.jpg"
    trained, evaluated = divide(source, options, whole, subjects, needed=needed)
    evaluated = evaluated._replace(passed_over=())  # they are said once
    for index, name in enumerate(classes):
        if index not in trained.true_labels:
            raise DataError(
                f"{root}: all images of {name} are in the part that is evaluated: it has too few "
                "groups to be divided; add images, or use another seed"
            )
    return Listing(
        name=root.resolve().name,
        classes=classes,
        train=trained,
        eval=evaluated,
        problems=tuple(tree.problems),
        found_classes=True,
    )


def _subjects(tree: ListedTree, place: Path, classes: tuple[str, ...]) -> list[str] | None:
    """The folder between class and image, for each image in order; None where one has none."""
    below = [path.relative_to(place).parts for c in classes for path in tree.images[c]]
    return [parts[1] for parts in below] if all(len(parts) > 2 for parts in below) else None


def _class_folders(root: Path, splits: Mapping[str, str] | str) -> list[Path]:
    """The folders of classes in all splits; an absent split has none."""
    places = [splits] if isinstance(splits, str) else [*splits.values()]
    folders = (root / place for place in places)
    return [path for folder in folders if folder.is_dir() for path in sub_folders(folder)]


def _has_classes(root: Path) -> bool:
    """Whether a folder of the root has the name of an emotion, or holds images as a class does."""
    return any(find_emotion(path.name) or _is_class(path) for path in sub_folders(root))


def _is_class(folder: Path) -> bool:
    """Whether there are images in a folder or, as those of subjects, in its folders."""
    try:
        inner = sub_folders(folder)
        if image_files(folder):
            return True
        names = (*TRAIN_NAMES, *EVAL_NAMES)
        classes = any(find_emotion(p.name) or p.name.casefold() in names for p in inner)
        return not classes and any(image_files(path) for path in inner)
    except OSError:  # it is named when the classes are listed
        return False


def _list_classes(root: Path, train: str, naming: Naming) -> Listing:
    """The folders of classes in the root itself as a test split, without training images."""
    tree, name = list_tree(root, ".", EXPECTED, naming.class_of), root.resolve().name
    classes = naming.in_order(tree.images)
    if not naming.emotions:  # one folder that is not an emotion is not a class either
        _refuse_few(root, classes, naming)
    return Listing(
        name=name,
        classes=classes,
        train=split_of_tree(root, train, ListedTree({}, []), classes),
        eval=split_of_tree(root, name, tree, classes),
        problems=tuple(tree.problems),
    )


def list_tree(
    root: Path, split: str, expected: str, class_of: Callable[[str], str] = canonical_name
) -> ListedTree:
    """The images of ``root/split/<class>/``, at any depth, the classes by their folders' names.

    Args:
        root: the data set.
        split: the split's folder in it.
        expected: the tree to show in an error message.
        class_of: class name of a folder's name; raises ValueError for an unknown one.

    Raises:
        DataError: when the folder is absent or holds no images.
    """
    folder = root / split
    if not folder.is_dir():
        raise LayoutError(f"no folder at {folder}. Expected:\n{expected}")
    images: dict[str, list[Path]] = {}
    problems: list[Problem] = []
    others = image_files(folder)
    for sub in sub_folders(folder):
        name = f"{relative_names([sub], root)[0]}/"
        try:
            files = files_in_tree(sub)
        except OSError as error:
            detail = f"{displayed(sub)} cannot be read: {error.strerror}"
            problems.append(Problem("unreadable file", name, detail))
            continue
        try:
            named = class_of(displayed(sub.name))
        except ValueError as error:
            problems.append(Problem("class", name, f"{displayed(sub)}: {error}"))
            continue
        found = [path for path in files if has_image_suffix(path)]
        images.setdefault(named, []).extend(found)
        others += [path for path in files if not has_image_suffix(path)]
        if not found:
            suffixes = ", ".join(IMAGE_SUFFIXES)
            detail = f"{displayed(sub)} holds no images ({suffixes}): fill it or delete it"
            problems.append(Problem("class", name, detail))
    if not any(images.values()) and len(problems) == len(images):  # no unknown class either
        raise LayoutError(f"{folder} holds no images. Expected:\n{expected}")
    used = {name: paths for name, paths in images.items() if paths}
    return ListedTree(used, problems, relative_names(others, root))


def split_of_tree(root: Path, name: str, tree: ListedTree, classes: tuple[str, ...]) -> ListedSplit:
    """One split of an image folder, class by class in the order of ``classes``."""
    rows = [(path, index) for index, c in enumerate(classes) for path in tree.images.get(c, [])]
    paths = tuple(path for path, _ in rows)
    labels = np.array([index for _, index in rows], np.int64)
    names = relative_names(paths, root)
    return ListedSplit(name, ImageFiles(paths), labels, names, passed_over=tree.passed_over)

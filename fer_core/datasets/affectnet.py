"""AffectNet: faces from the web in eight classes (Mollahosseini et al., IEEE TAFFC 2019)."""

from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError
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
    take_choice,
    take_options,
)
from fer_core.datasets.images import Box, ImageFiles, image_files, relative_names
from fer_core.datasets.layouts import (
    EVAL_NAMES,
    TRAIN_NAMES,
    LayoutError,
    log_other_evaluation,
    named_folder,
)
from fer_core.datasets.numbered import list_numbered, numbered_split
from fer_core.datasets.tables import TableRow, table_rows
from fer_core.emotions import AFFECTNET_LABELS, EIGHT_CLASSES, class_names
from fer_core.errors import FerError
from fer_core.io.files import displayed

EXPECTED = """  PATH/Manually_Annotated_file_lists/training.csv    subDirectory_filePath,face_x,...
  PATH/Manually_Annotated_file_lists/validation.csv  (both may be in PATH itself)
  PATH/Manually_Annotated_Images/<subDirectory_filePath> ...
or
  PATH/train_set/images/0.jpg  PATH/train_set/annotations/0_exp.npy ...
  PATH/val_set/images/0.jpg    PATH/val_set/annotations/0_exp.npy   ...
or
  PATH/train/0/*.jpg ... PATH/train/7/*.jpg  (0 neutral to 7 contempt, or 0 to 6 for 7 classes)
  PATH/val/0/*.jpg   ... (or test)"""
# The official validation.csv has no header, training.csv has this one.
COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
NEEDED = frozenset(COLUMNS) - {"facial_landmarks", "valence", "arousal"}
LABELS = {number: EIGHT_CLASSES.index(name) for number, name in AFFECTNET_LABELS.items()}
# What numpy raises for a file that is broken in one way or another.
NPY_ERRORS = (
    *(OSError, ValueError, EOFError, SyntaxError, TypeError, MemoryError, TokenError),
    *(OverflowError, RecursionError, AttributeError),
)
NO_EXPRESSION = (8, 9, 10)  # none, uncertain, no face


class Row(NamedTuple):
    """One image that has a class."""

    name: str
    path: Path
    label: int
    box: Box | None


def list_affectnet(source: Source, _decoding: Decoding) -> Listing:
    """List AffectNet's manually annotated faces, from the official tables or from npy files.

    URI: ``affectnet:PATH?classes=8``. Images without an expression (8 none, 9 uncertain, 10 no
    face) are excluded, with 7 classes those of contempt too.

    Raises:
        DataError: when no label files are there, a table is broken, or an option is not allowed.
    """
    options = take_options(source, classes="8")
    root = existing_folder(source, EXPECTED)
    classes = class_names(int(take_choice(source, options, "classes", "7", "8")))
    problems: list[Problem] = []
    passed_over: dict[str, tuple[str, ...]] = {}
    if (root / "train_set" / "images").is_dir() or (root / "train_set" / "annotations").is_dir():
        size = 224
        folders = (("training", "train_set"), ("validation", "val_set"))
        rows = {name: [*_npy_rows(root, place, problems)] for name, place in folders}
    elif numbered_split(root, TRAIN_NAMES):
        size = None
        folders = ((TRAIN_NAMES, "train"), (EVAL_NAMES, "val"))
        rows = {
            name: _numbered_rows(root, names, name, problems, passed_over)
            for names, name in folders
        }
    else:
        size = None
        seen: set[str] = set()
        names = ("training", "validation")
        rows = {name: [*_table_rows(root, name, seen, problems)] for name in names}
    train_split, eval_split = (
        _split(name, found, len(classes), problems)._replace(passed_over=passed_over.get(name, ()))
        for name, found in rows.items()
    )
    return Listing(
        name="affectnet",
        classes=classes,
        train=train_split,
        eval=eval_split,
        source_size=size,
        grey=False,
        problems=tuple(problems),
    )


def _numbered_rows(
    root: Path,
    names: tuple[str, ...],
    name: str,
    problems: list[Problem],
    passed_over: dict[str, tuple[str, ...]],
) -> list[Row]:
    """The images of class folders that are called by AffectNet's numbers."""
    split = named_folder(root, names) or name
    if names == EVAL_NAMES:
        log_other_evaluation(root, split)
    tree = list_numbered(root, split, AFFECTNET_LABELS, "AffectNet", EXPECTED)
    problems += tree.problems
    passed_over[name] = tree.passed_over
    paths = [(path, EIGHT_CLASSES.index(c)) for c, found in tree.images.items() for path in found]
    listed = relative_names([path for path, _ in paths], root)
    return [Row(file, path, label, None) for file, (path, label) in zip(listed, paths, strict=True)]


def _table_rows(root: Path, name: str, seen: set[str], problems: list[Problem]) -> Iterator[Row]:
    """The rows of an official table that have a class."""
    path = root / "Manually_Annotated_file_lists" / f"{name}.csv"
    path = path if path.is_file() else root / f"{name}.csv"
    if not path.is_file():
        raise LayoutError(
            f"no {name}.csv in {root} or its Manually_Annotated_file_lists, no train_set and no "
            "folders train/0 to train/7. "
            f"Expected:\n{EXPECTED}"
        )
    images = root / "Manually_Annotated_Images"
    folder = images if images.is_dir() else root
    for row in table_rows(path, NEEDED, headless=COLUMNS):
        image = row.cells.get("subDirectory_filePath", "")
        try:
            if row.fault:
                raise ValueError(f"the row {row.fault}")
            if not image:
                raise ValueError("subDirectory_filePath is empty")
            if image in seen:
                raise ValueError(f"{image!r} is listed twice")
            seen.add(image)
            label = _label(row.cells.get("expression", ""))
            if label is not None:
                yield Row(image, folder / image, label, _box(row))
        except ValueError as error:
            name = image or f"{path.name} line {row.line}"
            problems.append(Problem("label", name, f"{path} line {row.line}: {error}"))


def _box(row: TableRow) -> Box:
    texts = [row.cells[f"face_{side}"] for side in ("x", "y", "width", "height")]
    try:
        x, y, width, height = (float(text) for text in texts)
    except ValueError:
        x = y = width = height = 0.0
    if not (0 < width < 1e5 and 0 < height < 1e5 and abs(x) < 1e5 and abs(y) < 1e5):
        raise ValueError(
            "face_x, face_y, face_width, face_height must be numbers of pixels, width and height "
            f"above 0, got {', '.join(texts)}"
        )
    return x, y, x + width, y + height


def _npy_rows(root: Path, place: str, problems: list[Problem]) -> Iterator[Row]:
    """The images of ``train_set`` or ``val_set`` that have a class."""
    images, annotations = root / place / "images", root / place / "annotations"
    for folder in (images, annotations):
        if not folder.is_dir():
            raise LayoutError(f"no folder at {folder}. Expected:\n{EXPECTED}")
    unused = {path.name for path in annotations.iterdir() if path.name.endswith("_exp.npy")}
    paths = image_files(images)
    for path, name in zip(paths, relative_names(paths, root), strict=True):
        file = annotations / f"{path.stem}_exp.npy"
        if file.name not in unused:
            detail = f"{displayed(path)} has no annotation {displayed(file)}"
            problems.append(Problem("missing file", name, detail))
            continue
        unused.remove(file.name)
        try:
            label = _label(_read_number(file))
        except UnreadableError as error:
            problems.append(Problem("unreadable file", name, f"{displayed(file)}: {error}"))
        except ValueError as error:
            problems.append(Problem("label", name, f"{displayed(file)}: {error}"))
        else:
            if label is not None:
                yield Row(name, path, label, None)
    for left in sorted(unused):
        name = displayed(f"{place}/images/{left.removesuffix('_exp.npy')}.jpg")
        detail = f"{displayed(annotations / left)} has no image in {displayed(images)}"
        problems.append(Problem("missing file", name, detail))


class UnreadableError(FerError, ValueError):
    """An annotation file that holds no single value."""


def _read_number(path: Path) -> str:
    """The one value of an npy file, a number or a text, as text; never unpickled."""
    try:
        with path.open("rb") as file:
            value = np.lib.format.read_array(file, allow_pickle=False).item()
    except NPY_ERRORS as error:
        raise UnreadableError(f"no npy file with one number: {error}") from error
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)


def _label(text: str) -> int | None:
    """The class of AffectNet's number for an expression; None for an image to exclude.

    Raises:
        ValueError: saying which numbers there are.
    """
    text = text.strip()
    number = int(text) if text.isdecimal() and len(text) < 3 else None
    if number in NO_EXPRESSION:
        return None
    if number not in LABELS:
        raise ValueError(
            "expression must be a number from 0 (neutral) to 7 (contempt), or 8, 9 or 10 (no "
            f"expression), got {text!r}"
        )
    return LABELS[number]


def _split(name: str, rows: list[Row], classes: int, problems: list[Problem]) -> ListedSplit:
    rows = [row for row in rows if row.label < classes]
    if not rows and not problems:
        raise DataError(f"affectnet split {name} holds no image of the {classes} classes")
    boxes = tuple(row.box for row in rows if row.box is not None)
    labels = np.array([row.label for row in rows], np.int64)
    images = ImageFiles(tuple(row.path for row in rows), boxes or None)
    return ListedSplit(name, images, labels, tuple(row.name for row in rows))

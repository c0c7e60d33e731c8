"""RAF-DB basic: 15,339 aligned faces in seven classes (Li et al., CVPR 2017).

The official layout, and the copies that most people have: class folders 1 to 7, or a table of
labels beside the images.
"""

from collections.abc import Iterator
from pathlib import Path

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
from fer_core.datasets.images import ImageFiles, images_in_tree
from fer_core.datasets.layouts import (
    EVAL_NAMES,
    TRAIN_NAMES,
    LayoutError,
    log_other_evaluation,
    named_folder,
)
from fer_core.datasets.numbered import list_numbered, numbered_split
from fer_core.datasets.rafdb_attributes import read_attributes
from fer_core.datasets.tables import read_lines, table_rows
from fer_core.emotions import RAFDB_LABELS, class_names

EXPECTED = """  PATH/EmoLabel/list_patition_label.txt      train_00001.jpg 5 ... (or in PATH/basic)
  PATH/Image/aligned/train_00001_aligned.jpg ... (or Image/original, or .png)
  PATH/Image/aligned/test_0001_aligned.jpg   ...
  PATH/Annotation/manual/train_00001_manu_attri.txt ... (optional: gender, race, age)
or
  PATH/DATASET/train/1/train_00001_aligned.jpg ... (1 surprise to 7 neutral; DATASET or not)
  PATH/DATASET/test/1/test_0001_aligned.jpg    ...
or
  PATH/train_labels.csv, test_labels.csv     image,label with the images anywhere below PATH"""
LISTS = ("list_patition_label.txt", "list_partition_label.txt")
SUFFIXES = (".jpg", ".png", ".jpeg")
ALIGNED = "_aligned"


def list_rafdb(source: Source, _decoding: Decoding) -> Listing:
    """List RAF-DB basic. URI: ``rafdb:PATH``.

    Names are those of the official list, ``train_00001.jpg``, in every layout.

    Raises:
        DataError: when there are no labels or they are no text, or an attribute file is broken.
    """
    take_options(source)
    root = existing_folder(source, EXPECTED)
    problems: list[Problem] = []
    path = _label_list(root)
    if path is not None:
        train, evaluated = _official(path.parent.parent, path, problems)
    elif (place := _numbered_place(root)) is not None:
        splits = ((TRAIN_NAMES, "train"), (EVAL_NAMES, "test"))
        train, evaluated = (_numbered(place, *split, problems) for split in splits)
    elif (root / "train_labels.csv").is_file():
        found = sorted(images_in_tree(root), key=lambda path: path.stem.endswith(ALIGNED))
        files = {_official_name(path): path for path in found}  # the aligned one where there is one
        train, evaluated = (_tabled(root, name, files, problems) for name in ("train", "test"))
    else:
        raise LayoutError(
            f"no label list at {root / 'EmoLabel' / LISTS[0]}, no folders 1 to 7 and no "
            f"train_labels.csv. Expected:\n{EXPECTED}"
        )
    return Listing(
        name="rafdb",
        classes=class_names(7),
        train=train,
        eval=evaluated,
        source_size=100,
        grey=False,
        problems=tuple(problems),
    )


def _label_list(root: Path) -> Path | None:
    folders = (root / "EmoLabel", root / "basic" / "EmoLabel")
    paths = (folder / name for folder in folders for name in LISTS)
    return next((path for path in paths if path.is_file()), None)


def _official(root: Path, path: Path, problems: list[Problem]) -> tuple[ListedSplit, ListedSplit]:
    order = {name: index for index, name in enumerate(class_names(7))}
    listed: dict[str, int] = {}
    for name, label in _read_list(path, problems):
        listed[name] = order[RAFDB_LABELS[label]]
    train, test = (_list_split(root, name, listed, problems) for name in ("train", "test"))
    return train, test


def _read_list(path: Path, problems: list[Problem]) -> Iterator[tuple[str, int]]:
    """Names and labels of the official list; what cannot be used goes to ``problems``."""
    seen: set[str] = set()
    for number, line in enumerate(read_lines(path), start=1):
        name, _, label = (part.strip() for part in line.strip().rpartition(" "))
        if not line.strip():
            continue
        where = f"{path} line {number}"
        if not name or not label.isdecimal():
            detail = f"{where}: expected 'train_00001.jpg 5', got {line!r}"
            problems.append(Problem("label", name or line.strip(), detail))
        elif detail := _wrong_label(int(label)):
            problems.append(Problem("label", name, f"{where}: {detail}"))
        elif not name.startswith(("train_", "test_")):
            detail = f"{where}: a name starts with train_ or test_, got {name!r}"
            problems.append(Problem("label", name, detail))
        elif name in seen:
            problems.append(Problem("label", name, f"{where}: {name} is listed twice"))
        else:
            seen.add(name)
            yield name, int(label)


def _wrong_label(label: int) -> str:
    if label in RAFDB_LABELS:
        return ""
    hint = "; this list seems to count from 0" if label == 0 else ""
    return f"expected a label from 1 (surprise) to 7 (neutral), got {label}{hint}"


def _files(images: Path, names: tuple[str, ...]) -> tuple[Path, ...]:
    """Where an official copy keeps its images: aligned or original, jpg or png."""
    folders = [images / "aligned", images / "original"]
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    files = []
    for name in names:
        stem = Path(name).stem
        likely = [f"{stem}{end}{suffix}" for end in (ALIGNED, "") for suffix in SUFFIXES]
        files.append(folder / next((file for file in likely if file in there), likely[0]))
    return tuple(files)


def _list_split(
    root: Path, name: str, listed: dict[str, int], problems: list[Problem]
) -> ListedSplit:
    names = tuple(image for image in listed if image.startswith(f"{name}_"))
    if not names and not problems:
        raise DataError(f"the label list of {root} names no {name} image. Expected:\n{EXPECTED}")
    paths = _files(root / "Image", names)
    labels = np.array([listed[image] for image in names], dtype=np.int64)
    slices = read_attributes(root / "Annotation" / "manual", names)
    return ListedSplit(name, ImageFiles(paths), labels, names, slices=slices)


def _numbered_place(root: Path) -> Path | None:
    """The folder that has the splits, where their folders are called by numbers."""
    return next(
        (
            place
            for place in (root / (named_folder(root, ("dataset",)) or "."), root)
            if numbered_split(place, TRAIN_NAMES)
        ),
        None,
    )


def _numbered(
    place: Path, names: tuple[str, ...], name: str, problems: list[Problem]
) -> ListedSplit:
    split = named_folder(place, names) or name
    if names == EVAL_NAMES:
        log_other_evaluation(place, split)
    tree = list_numbered(place, split, RAFDB_LABELS, "RAF-DB", EXPECTED)
    problems += tree.problems
    order = {name: index for index, name in enumerate(class_names(7))}
    rows = [(_official_name(p), p, order[c]) for c, paths in tree.images.items() for p in paths]
    listed = _split(name, sorted(rows, key=lambda row: row[0]))
    return listed._replace(passed_over=tree.passed_over)


def _tabled(root: Path, name: str, files: dict[str, Path], problems: list[Problem]) -> ListedSplit:
    """A split from ``train_labels.csv`` or ``test_labels.csv``."""
    table, rows = root / f"{name}_labels.csv", []
    if not table.is_file():
        raise LayoutError(f"no table at {table}. Expected:\n{EXPECTED}")
    order = {name: index for index, name in enumerate(class_names(7))}
    for row in table_rows(table, {"image", "label"}):
        where = f"{table} line {row.line}"
        image, label = (row.cells.get(column, "") for column in ("image", "label"))
        number = int(label) if label.isdecimal() else -1
        detail = f"the row {row.fault}" if row.fault else _wrong_label(number)
        if detail:
            problems.append(Problem("label", image or where, f"{where}: {detail}"))
            continue
        official = _official_name(Path(image))
        path = files.get(official, root / image)
        rows.append((official, path, order[RAFDB_LABELS[number]]))
    return _split(name, rows)


def _split(name: str, rows: list[tuple[str, Path, int]]) -> ListedSplit:
    labels = np.array([label for _, _, label in rows], np.int64)
    paths = tuple(path for _, path, _ in rows)
    return ListedSplit(name, ImageFiles(paths), labels, tuple(name for name, _, _ in rows))


def _official_name(path: Path) -> str:
    """``train_00001.jpg`` for ``train_00001_aligned.png``."""
    return f"{path.stem.removesuffix(ALIGNED)}.jpg"

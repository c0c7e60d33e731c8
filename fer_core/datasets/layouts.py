"""What a folder of images looks like: names of splits, and the kind that would read it."""

import csv
import logging
from collections.abc import Iterable
from pathlib import Path

from fer_core.datasets.base import DataError, Source
from fer_core.datasets.images import has_images
from fer_core.emotions import find_emotion
from fer_core.io.files import displayed, parse_json

logger = logging.getLogger(__name__)
# Names of the folders of splits, in any case; those of each row the likeliest first.
TRAIN_NAMES = ("train", "training", "train_set")
EVAL_NAMES = ("test", "testing", "val", "valid", "validation", "eval", "val_set", "dev")
# What systems and programs leave in folders of images.
LITTER = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information"})
SHOWN = 8  # names in a message
LONGEST_HEADER = 10_000  # characters of a table's first line
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")
IMAGE_COLUMNS = ("image", "img", "file", "filename", "file_name", "image_name", "path", "filepath")
LABEL_COLUMNS = ("label", "labels", "emotion", "expression", "class", "class_name")


class LayoutError(DataError):
    """A folder that is not laid out as its kind of data set; `list_data` adds what was found."""


def sub_folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted; hidden ones and those of the system are passed over."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name.casefold() not in LITTER
    )


def named_folder(root: Path, names: Iterable[str]) -> str | None:
    """The folder in ``root`` with the first of these names that there is, in any case."""
    found = {path.name.casefold(): path.name for path in reversed(sub_folders(root))}
    return next((found[name] for name in names if name in found), None)


def log_other_evaluation(root: Path, taken: str) -> None:
    """Say which folders of evaluation images are not read, beside the one that is."""
    for path in sub_folders(root):
        if path.name.casefold() in EVAL_NAMES and path.name != taken:
            logger.info("%s is not read: %s is", displayed(path), taken)


def found_text(source: Source) -> str:
    """What is in the folder of a data set that is not as expected, and what would read it."""
    root = source.path
    if root is None or not root.is_dir():
        return ""
    folders = [f"{displayed(path.name)}/" for path in sub_folders(root)]
    tables = [displayed(p.name) for p in sorted(root.iterdir()) if p.suffix in TABLE_SUFFIXES]
    names = [*folders, *tables]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    found = f"Found in {displayed(root)}: {', '.join(names[:SHOWN]) or 'no folder'}{more}."
    near = recognise(root)
    if near and near != f"{source.kind}:{root}":
        return f"{found} {near} may read it."
    if tables and not near and has_images(root):
        table = f"csv:{displayed(root)}/{tables[0]}?image=COLUMN&label=COLUMN&split=0.2"
        return f"{found} {table} reads a table of labels."
    return found


def recognise(root: Path, depth: int = 1) -> str | None:
    """The URI that would read a folder, by what its folders and files are called; or None.

    Args:
        root: the folder.
        depth: how many folders further down are looked into where the folder itself is none.
    """
    files = {path.name.casefold() for path in root.iterdir() if path.is_file()}
    places = [root / "basic", root]
    if any((place / "EmoLabel").is_dir() for place in places):
        return f"rafdb:{root}"
    if "fer2013new.csv" in files:
        return f"ferplus:{root}"
    if files & {"fer2013.csv", "icml_face_data.csv"}:
        return f"fer2013:{root}"
    if {"training.csv", "validation.csv"} <= files or (root / "train_set").is_dir():
        return f"affectnet:{root}"
    found = _recognise_folders(root) or _recognise_table(root)
    if found is None and depth:
        inner = (recognise(path, depth - 1) for path in sub_folders(root)[:SHOWN])
        found = next((uri for uri in inner if uri), None)
    return found


def numbers_of(folder: Path) -> set[int]:
    """The numbers that folders are called by, if all are."""
    names = [path.name for path in sub_folders(folder)]
    return {int(name) for name in names} if names and all(map(str.isdecimal, names)) else set()


def numbered_kind(numbers: set[int]) -> str | None:
    """The data set whose labels these numbers are, where only one has them."""
    if not numbers:
        return None
    if numbers <= set(range(1, 8)) and 7 in numbers and 0 not in numbers:
        return "rafdb"
    return "affectnet" if numbers == set(range(8)) else None


def _recognise_folders(root: Path) -> str | None:
    if (root / "DATASET").is_dir():
        return f"rafdb:{root}" if numbered_kind(_numbers_of_train(root / "DATASET")) else None
    kind = numbered_kind(_numbers_of_train(root))
    if kind:
        return f"{kind}:{root}"
    train, held = named_folder(root, TRAIN_NAMES), named_folder(root, EVAL_NAMES)
    if train and held:
        return f"folder:{root}"
    folders = sub_folders(root)
    classes = [path for path in folders if find_emotion(path.name) and has_images(path)]
    if len(classes) >= 2:
        split = (train or held or root.name).casefold() in (*TRAIN_NAMES, *EVAL_NAMES)
        return f"folder:{root}" if split else f"folder:{root}?split=0.2"
    return None


def _numbers_of_train(root: Path) -> set[int]:
    train = named_folder(root, TRAIN_NAMES)
    return numbers_of(root / train) if train else set()


def _recognise_table(root: Path) -> str | None:
    for path in sorted(path for path in root.iterdir() if path.suffix in TABLE_SUFFIXES):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = _header(file.readline(LONGEST_HEADER), path.suffix)
        image, label = (_column(header, names) for names in (IMAGE_COLUMNS, LABEL_COLUMNS))
        if image and label:
            return f"csv:{path}?image={image}&label={label}&split=0.2"
    return None


def _header(line: str, suffix: str) -> list[str]:
    """The columns that the first line of a table has."""
    if suffix == ".jsonl":
        try:
            values = parse_json(line)
        except ValueError:
            return []
        return list(values) if isinstance(values, dict) else []
    cells = next(csv.reader([line], delimiter="\t" if suffix == ".tsv" else ","), [])
    return [cell.strip() for cell in cells]


def _column(header: Iterable[str], names: Iterable[str]) -> str | None:
    found = {cell.casefold(): cell for cell in header}
    return next((found[name] for name in names if name in found), None)

"""RAF-DB basic: 15,339 aligned faces in seven classes (Li et al., CVPR 2017), official layout."""

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
from fer_core.datasets.images import ImageFiles
from fer_core.datasets.tables import read_lines
from fer_core.emotions import RAFDB_LABELS, class_names

EXPECTED = """  PATH/EmoLabel/list_patition_label.txt      train_00001.jpg 5 ...
  PATH/Image/aligned/train_00001_aligned.jpg ...
  PATH/Image/aligned/test_0001_aligned.jpg   ...
  PATH/Annotation/manual/train_00001_manu_attri.txt ... (optional: gender, race, age)"""
# The last three lines of a *_manu_attri.txt file, in this order.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "gender": ("male", "female", "unsure"),
    "race": ("Caucasian", "African-American", "Asian"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
}


def list_rafdb(source: Source, _decoding: Decoding) -> Listing:
    """List RAF-DB basic from its official layout. URI: ``rafdb:PATH``.

    Raises:
        DataError: when the label list is absent or no text, or an attribute file is broken.
    """
    take_options(source)
    root = existing_folder(source, EXPECTED)
    listed, problems = _read_list(root / "EmoLabel" / "list_patition_label.txt")
    return Listing(
        name="rafdb",
        classes=class_names(7),
        train=_list_split(root, "train", listed, problems),
        eval=_list_split(root, "test", listed, problems),
        source_size=100,
        grey=False,
        problems=tuple(problems),
    )


def _read_list(path: Path) -> tuple[dict[str, int], list[Problem]]:
    if not path.is_file():
        raise DataError(f"no label list at {path}. Expected:\n{EXPECTED}")
    order = {name: index for index, name in enumerate(class_names(7))}
    listed: dict[str, int] = {}
    problems = []
    for number, line in enumerate(read_lines(path), start=1):
        name, _, label = (part.strip() for part in line.strip().rpartition(" "))
        if not line.strip():
            continue
        where = f"{path} line {number}"
        if not name or not label.isdecimal():
            detail = f"{where}: expected 'train_00001.jpg 5', got {line!r}"
            problems.append(Problem("label", name or line.strip(), detail))
        elif int(label) not in RAFDB_LABELS:
            hint = "; this list seems to count from 0" if label == "0" else ""
            detail = f"{where}: expected a label from 1 (surprise) to 7 (neutral), got {label}"
            problems.append(Problem("label", name, detail + hint))
        elif not name.startswith(("train_", "test_")):
            detail = f"{where}: a name starts with train_ or test_, got {name!r}"
            problems.append(Problem("label", name, detail))
        elif name in listed:
            problems.append(Problem("label", name, f"{where}: {name} is listed twice"))
        else:
            listed[name] = order[RAFDB_LABELS[int(label)]]
    return listed, problems


def _list_split(
    root: Path, name: str, listed: dict[str, int], problems: list[Problem]
) -> ListedSplit:
    names = tuple(image for image in listed if image.startswith(f"{name}_"))
    if not names and not problems:
        raise DataError(f"the label list of {root} names no {name} image. Expected:\n{EXPECTED}")
    folder = root / "Image" / "aligned"
    paths = tuple(folder / f"{Path(image).stem}_aligned.jpg" for image in names)
    labels = np.array([listed[image] for image in names], dtype=np.int64)
    slices = _read_attributes(root / "Annotation" / "manual", names)
    return ListedSplit(name, ImageFiles(paths), labels, names, slices=slices)


def _read_attributes(folder: Path, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if not folder.is_dir():
        return {}
    rows = [_read_attribute_file(folder / f"{Path(name).stem}_manu_attri.txt") for name in names]
    return dict(zip(ATTRIBUTES, zip(*rows, strict=True), strict=True))


def _read_attribute_file(path: Path) -> tuple[str, ...]:
    """Gender, race and age of one face; ``unknown`` where the face has no file."""
    if not path.is_file():
        return ("unknown",) * len(ATTRIBUTES)
    last = path.read_text(encoding="utf-8", errors="replace").split()[-len(ATTRIBUTES) :]
    try:
        columns = zip(last, ATTRIBUTES.values(), strict=True)
        return tuple(dict(enumerate(values))[int(text)] for text, values in columns)
    except (KeyError, ValueError) as error:
        allowed = ", ".join(f"{name} 0-{len(values) - 1}" for name, values in ATTRIBUTES.items())
        raise DataError(
            f"{path} must end with three numbers ({allowed}), got {' '.join(last)!r}"
        ) from error

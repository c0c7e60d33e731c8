"""FER2013: 35,887 grey faces of 48x48 pixels in seven classes (Goodfellow et al., ICONIP 2013)."""

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
    existing_path,
    take_choice,
    take_options,
)
from fer_core.datasets.folder import list_tree, split_of_tree
from fer_core.datasets.images import PixelRows
from fer_core.datasets.layouts import (
    EVAL_NAMES,
    TRAIN_NAMES,
    LayoutError,
    log_other_evaluation,
    named_folder,
)
from fer_core.datasets.tables import TableRow, table_rows
from fer_core.emotions import FER2013_LABELS, SEVEN_CLASSES, canonical_name

EXPECTED = """  PATH/fer2013.csv           emotion,pixels,Usage
or
  PATH/icml_face_data.csv    emotion, Usage, pixels
or (PATH may name such a file itself)
  PATH/train/angry/*.png ... (angry, disgust, fear, happy, sad, surprise, neutral)
  PATH/test/angry/*.png  ..."""
TABLES = ("fer2013.csv", "icml_face_data.csv")
USAGES = ("Training", "PublicTest", "PrivateTest")
SIDE = 48
LABELS = {str(number): SEVEN_CLASSES.index(name) for number, name in FER2013_LABELS.items()}


class PixelTable(NamedTuple):
    """FER2013's table, row by row; a row with a problem keeps its place.

    Attributes:
        path: of the CSV file.
        usages: N texts, one of `USAGES` where there is no problem.
        labels: (N,) int64 class indices in the project's order, -1 where there is a problem.
        pixels: (N, 48, 48) uint8, black where there is a problem.
        problems: row -> what is wrong with it.
    """

    path: Path
    usages: tuple[str, ...]
    labels: np.ndarray
    pixels: np.ndarray
    problems: dict[int, Problem]


def list_fer2013(source: Source, _decoding: Decoding) -> Listing:
    """List FER2013 from its CSV file or from image folders.

    URI: ``fer2013:PATH?test=PrivateTest``; image folders have one test split and no option.

    Raises:
        DataError: when files are absent or no tables, or an option is not allowed.
    """
    options = take_options(source, test="PrivateTest")
    test = take_choice(source, options, "test", "PublicTest", "PrivateTest")
    path = existing_path(source, EXPECTED, "file or folder")
    table = path if path.is_file() else find_pixel_table(path)
    if table is not None:
        return _list_table(read_pixel_table(table), test)
    if named_folder(path, TRAIN_NAMES) is None:
        raise LayoutError(
            f"no {' or '.join(TABLES)} and no folder train in {path}. Expected:\n{EXPECTED}"
        )
    if test != "PrivateTest":
        raise DataError(
            f"fer2013 test={test} needs the CSV file: the image folders of {path} have one test "
            "split, so leave the option out"
        )
    return _list_folders(path)


def find_pixel_table(folder: Path) -> Path | None:
    """The CSV file of FER2013 in a folder, if there is one."""
    paths = (folder / name for name in TABLES)
    return next((path for path in paths if path.is_file()), None)


def read_pixel_table(path: Path) -> PixelTable:
    """Read ``fer2013.csv`` or ``icml_face_data.csv``, row by row.

    Problems are named by the row, counted from 0, as ``row00059``. The names of FER+ are no such
    numbers: they pass over most of the rows without a face.

    Raises:
        DataError: when the file is not a table or lacks columns.
    """
    usages: list[str] = []
    labels: list[int] = []
    problems: dict[int, Problem] = {}
    pixels = bytearray()
    for index, row in enumerate(table_rows(path, {"emotion", "pixels", "Usage"})):
        label = LABELS.get(row.cells.get("emotion", ""), -1)
        values = _numbers(row.cells.get("pixels", ""))
        wrong = _wrong(row, label, values)
        if wrong:
            kind, detail = wrong
            problems[index] = Problem(kind, row_name(index), f"{path} line {row.line}: {detail}")
            label, values = -1, np.zeros(SIDE * SIDE, np.int64)
        usages.append(row.cells.get("Usage", ""))
        labels.append(label)
        pixels += values.astype(np.uint8).tobytes()
    images = np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE)
    return PixelTable(path, tuple(usages), np.array(labels, np.int64), images, problems)


def row_name(index: int) -> str:
    """What an image of the table is called: its row, counted from 0 over the whole file."""
    return f"row{index:05d}"


def _wrong(row: TableRow, label: int, values: np.ndarray) -> tuple[str, str] | None:
    """Kind and detail of what is wrong with a row."""
    if row.fault:
        return "unreadable file", f"the row {row.fault}"
    if row.cells["Usage"] not in USAGES:
        return "label", f"Usage must be {', '.join(USAGES)}, got {row.cells['Usage']!r}"
    if label < 0:
        allowed = "a number from 0 (anger) to 6 (neutral)"
        return "label", f"emotion must be {allowed}, got {row.cells['emotion']!r}"
    if len(values) == SIDE * SIDE and values.min() >= 0 and values.max() <= 255:
        return None
    texts = row.cells["pixels"].split()
    bad = next((text for text in texts if not text.isdecimal() or float(text) > 255), None)
    got = f"{len(texts)} numbers" if bad is None else repr(bad[:20])
    return "unreadable file", f"pixels must be {SIDE * SIDE} numbers from 0 to 255, got {got}"


def _numbers(text: str) -> np.ndarray:
    try:
        return np.fromstring(text, np.int64, sep=" ")
    except ValueError:  # something that is not a number
        return np.empty(0, np.int64)


def _list_table(table: PixelTable, test: str) -> Listing:
    used = ("Training", test)
    problems = tuple(
        problem
        for index, problem in table.problems.items()
        if table.usages[index] in used or table.usages[index] not in USAGES
    )
    train_split, eval_split = (_split_of_table(table, usage) for usage in used)
    for split in (train_split, eval_split):
        if not len(split.true_labels) and not problems:
            there = ", ".join(u for u in USAGES if u in set(table.usages)) or "none that is known"
            raise DataError(
                f"{table.path} has no row with the Usage {split.name}; it has {there}. A run needs "
                "Training and test=PublicTest or test=PrivateTest"
            )
    return _listing(train_split, eval_split, problems)


def _split_of_table(table: PixelTable, usage: str) -> ListedSplit:
    here = np.array(table.usages, dtype=np.str_) == usage
    rows = np.flatnonzero(here & (table.labels >= 0))
    names = tuple(row_name(index) for index in rows.tolist())
    return ListedSplit(usage, PixelRows(table.pixels[rows]), table.labels[rows], names)


def _list_folders(root: Path) -> Listing:
    def class_of(folder: str) -> str:
        name = canonical_name(folder)
        if name not in SEVEN_CLASSES:
            raise ValueError(f"FER2013 has no {name}: use one of {', '.join(SEVEN_CLASSES)}")
        return name

    usual = (("train", TRAIN_NAMES), ("test", EVAL_NAMES))
    places = [named_folder(root, names) or name for name, names in usual]
    log_other_evaluation(root, places[1])
    trees = [list_tree(root, place, EXPECTED, class_of) for place in places]
    train, test = (
        split_of_tree(root, place, tree, SEVEN_CLASSES)
        for place, tree in zip(places, trees, strict=True)
    )
    return _listing(train, test, (*trees[0].problems, *trees[1].problems))


def _listing(train: ListedSplit, evaluated: ListedSplit, problems: tuple[Problem, ...]) -> Listing:
    return Listing(
        name="fer2013",
        classes=SEVEN_CLASSES,
        train=train,
        eval=evaluated,
        source_size=SIDE,
        grey=True,
        problems=problems,
    )

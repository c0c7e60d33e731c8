"""Images with their labels in a table: ``csv:FILE?image=COLUMN&label=COLUMN``, also JSON lines."""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    ListedSplit,
    Listing,
    Problem,
    Source,
    existing_path,
    take_options,
)
from fer_core.datasets.dividing import OPTIONS, divide, is_divided, refuse_idle
from fer_core.datasets.images import ImageFiles
from fer_core.datasets.layouts import EVAL_NAMES, IMAGE_COLUMNS, LABEL_COLUMNS, TRAIN_NAMES
from fer_core.datasets.naming import choose_naming
from fer_core.datasets.tables import TableRow, encoding_of, table_rows
from fer_core.io.files import displayed, parse_json

EXPECTED = """  PATH/labels.csv    image,label   (or semicolons, tabs; image: path beside the table)
or
  PATH/labels.jsonl  {"image": "a.jpg", "label": "happy"} in each line
as csv:PATH/labels.csv?image=COLUMN&label=COLUMN, with one of
  usage=COLUMN     whose cells say train, test, val, ...
  test=OTHER.csv   a second table, of the images to measure on
  split=0.2        a part of the images is measured on (by=image, or by=subject&subject=COLUMN)"""
LINES = (".jsonl", ".ndjson")
logger = logging.getLogger(__name__)


class _Row(NamedTuple):
    """One image: its line, name and file, its label as written, split and subject."""

    place: str
    name: str
    path: Path
    label: str
    usage: str
    subject: str


def list_table(source: Source, _decoding: Decoding) -> Listing:
    """List images by a table; the classes are those that have training images.

    URI: ``csv:FILE?image=image&label=label&images=&usage=&test=&classes=``, and the options of
    `fer_core.datasets.dividing`. ``images`` is the folder of the images, by default the table's.
    Without a division, a usage or a second table, all images are there to measure a model on.

    Raises:
        DataError: when there is no table, it lacks a column, or the classes cannot be learned.
    """
    options = take_options(
        source,
        **{"image": "", "label": "", "images": "", "usage": "", "test": "", "subject": ""},
        **{"classes": "", **OPTIONS},
    )
    refuse_idle(source, options)
    _refuse_idle_subject(options)
    path = existing_path(source, EXPECTED, "table")
    if path.is_dir():
        raise DataError(f"{path} is a folder: csv needs the table. Expected:\n{EXPECTED}")
    chosen = [name for name in ("usage", "test", "split", "folds") if options[name]]
    if len(chosen) > 1:
        raise DataError(
            f"csv takes one of usage, test, split and folds, got {' and '.join(chosen)}"
        )
    problems: list[Problem] = []
    rows = [*_rows(path, options, problems)]
    if not rows:
        raise DataError(
            f"{path} lists no image that can be read{_first(problems)}. Expected:\n{EXPECTED}"
        )
    others = _other_rows(path, options, rows, problems)
    labels = {row.label for row in (*rows, *others)}
    naming = choose_naming(source, options["classes"], labels, "labels")
    named: dict[str, str] = {}
    for label in sorted(labels):
        try:
            named[label] = naming.class_of(label)
        except ValueError as error:
            first = next(row.name for row in (*rows, *others) if row.label == label)
            problems.append(Problem("label", first, f"{displayed(path)}: {error}"))
    train, evaluated = _parts(path, options, rows, others, problems)
    trained = {named[row.label] for row in (train or evaluated) if row.label in named}
    classes = naming.in_order(trained)
    if train or is_divided(options):
        _refuse_few(path, classes, problems)
    whole, held = (
        _split(name, part, named, classes, problems)
        for name, part in (("train", train), ("eval", evaluated))
    )
    if is_divided(options):
        subject = {row.name: row.subject for row in evaluated}
        subjects = [subject[name] for name in held.names] if options["subject"] else None
        whole, held = divide(source, options, held, subjects, needed="subject=COLUMN")
    return Listing(
        name=path.stem,
        classes=classes,
        train=whole,
        eval=held,
        problems=tuple(problems),
        found_classes=bool(len(whole.true_labels)),
    )


def _refuse_idle_subject(options: dict[str, str]) -> None:
    if not options["subject"]:
        return
    if not is_divided(options):
        raise DataError(
            f"csv subject={options['subject']} has no effect without a division: add split=0.2 or "
            "folds=5, or leave subject out"
        )
    if options["by"] == "image":
        raise DataError(
            f"csv subject={options['subject']} has no effect with by=image: leave one of them out"
        )


def _refuse_few(path: Path, classes: tuple[str, ...], problems: list[Problem]) -> None:
    if len(classes) < 2:
        raise DataError(
            f"{path} has training images of {len(classes) or 'no'} "
            f"class{'' if len(classes) == 1 else 'es'}, at least 2 are needed{_first(problems)}. "
            f"Expected:\n{EXPECTED}"
        )


def _first(problems: list[Problem]) -> str:
    return f"; the first problem: {problems[0].detail}" if problems else ""


def _other_rows(
    path: Path, options: dict[str, str], rows: list[_Row], problems: list[Problem]
) -> list[_Row]:
    """The rows of the table of evaluation images.

    Where it is in a folder of its own and names other images by the names of training images, its
    names start with the folder's.
    """
    if not options["test"]:
        return []
    other = path.parent / options["test"]
    if not other.is_file():
        raise DataError(f"no table at {other}, which test={options['test']} names")
    found = [*_rows(other, options, problems)]
    apart = not options["images"] and other.parent.resolve() != path.parent.resolve()
    if apart and {row.name for row in rows} & {row.name for row in found}:
        return [row._replace(name=f"{other.parent.name}/{row.name}") for row in found]
    return found


def _parts(
    path: Path,
    options: dict[str, str],
    rows: list[_Row],
    others: list[_Row],
    problems: list[Problem],
) -> tuple[list[_Row], list[_Row]]:
    """The rows to train on and those to measure on; rows of no known part become problems."""
    if options["test"]:
        return rows, others
    if not options["usage"]:
        return [], rows
    counts = Counter(row.usage.casefold() for row in rows)
    train = [row for row in rows if row.usage.casefold() in TRAIN_NAMES]
    names = [name for name in EVAL_NAMES if counts[name]]
    if not train or not names:
        found = ", ".join(sorted({row.usage for row in rows})[:8]) or "nothing"
        raise DataError(
            f"{path}: the column {options['usage']} must say {TRAIN_NAMES[0]} for some images and "
            f"one of {', '.join(EVAL_NAMES)} for others, it says {found}"
        )
    known = (*TRAIN_NAMES, *EVAL_NAMES)
    for row in rows:
        if row.usage.casefold() not in known:
            wrong = f"must be one of {', '.join(known)}, got {row.usage!r}"
            fault = f"{options['usage']} {wrong if row.usage else 'is empty'}"
            problems.append(Problem("label", row.name, f"{row.place}: {fault}"))
    for name in names[1:]:
        logger.info(
            "%s: the %d images of %s are not read: %s is evaluated",
            *(displayed(path), counts[name], name, names[0]),
        )
    return train, [row for row in rows if row.usage.casefold() == names[0]]


def _rows(path: Path, options: dict[str, str], problems: list[Problem]) -> Iterator[_Row]:
    image, label = _columns(path, options)
    wanted = {image, label, *filter(None, (options["usage"], options["subject"]))}
    needed = (label, options["subject"]) if options["subject"] else (label,)
    folder = path.parent / options["images"] if options["images"] else path.parent
    read = _lines(path, wanted) if path.suffix.lower() in LINES else table_rows(path, wanted)
    seen: set[str] = set()
    for row in read:
        where = f"{displayed(path)} line {row.line}"
        name = row.cells.get(image, "").replace("\\", "/")
        fault = f"the row {row.fault}" if row.fault else ""
        if not fault and not name:
            fault = f"{image} is empty"
        if not fault and (empty := next((one for one in needed if not row.cells[one]), "")):
            fault = f"{empty} is empty"
        if not fault and name in seen:
            fault = f"{name!r} is listed twice"
        if fault:
            problems.append(Problem("label", name or where, f"{where}: {fault}"))
            continue
        seen.add(name)
        usage, subject = (row.cells.get(options[key], "") for key in ("usage", "subject"))
        yield _Row(where, name, folder / name, row.cells[label], usage, subject)


def _columns(path: Path, options: dict[str, str]) -> tuple[str, str]:
    """The columns of image and label: as given, or by the names that they usually have."""
    header = _header(path)
    found = {name.casefold(): name for name in header}
    chosen = []
    for key, usual in (("image", IMAGE_COLUMNS), ("label", LABEL_COLUMNS)):
        name = options[key] or next((found[one] for one in usual if one in found), "")
        if not name:
            raise DataError(
                f"{path} has the columns {', '.join(header) or 'none'}: say which is the {key}, as "
                f"{key}=COLUMN. Expected:\n{EXPECTED}"
            )
        chosen.append(name)
    return chosen[0], chosen[1]


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding=encoding_of(path)) as file:
            first = next((line.strip() for line in file if line.strip()), "")
    except UnicodeError as error:
        raise DataError(f"{path} is not a UTF-8 table: {error}") from error
    if not first:
        raise DataError(f"{path} is empty. Expected:\n{EXPECTED}")
    if path.suffix.lower() in LINES:
        return list(_object(path, 1, first))
    sign = max(",;\t", key=first.count)
    return [cell.strip().strip('"') for cell in first.split(sign)]


def _lines(path: Path, wanted: set[str]) -> Iterator[TableRow]:
    """The objects of JSON lines as rows of a table."""
    try:
        with path.open(encoding=encoding_of(path)) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    values = _object(path, number, line)
                    yield _row_of(number, values, wanted)
    except UnicodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error


def _row_of(line: int, values: dict[str, Any], wanted: set[str]) -> TableRow:
    """An object as a row: null is an empty cell, a list or an object is none."""
    lacking = sorted(wanted - set(values))
    nested = sorted(name for name in wanted if isinstance(values.get(name), list | dict))
    fault = f"lacks {', '.join(lacking)}" if lacking else ""
    if nested and not fault:
        fault = f"has a list or an object as {', '.join(nested)}: text or a number is needed"
    cells = {
        name: "" if value is None or name in nested else str(value).strip()
        for name, value in values.items()
    }
    return TableRow(line, cells, fault)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        values = parse_json(line)
    except ValueError as error:
        raise DataError(f"{path} line {number} is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise DataError(f"{path} line {number} must be an object, got {line.strip()[:40]!r}")
    return values


def _split(
    name: str,
    rows: list[_Row],
    named: dict[str, str],
    classes: tuple[str, ...],
    problems: list[Problem],
) -> ListedSplit:
    kept = [row for row in rows if named.get(row.label) in classes]
    for row in rows:
        if row.label in named and named[row.label] not in classes:
            detail = f"{row.name} is {named[row.label]}, which has no training images"
            problems.append(Problem("class", row.name, detail))
    labels = np.array([classes.index(named[row.label]) for row in kept], np.int64)
    images = ImageFiles(tuple(row.path for row in kept))
    return ListedSplit(name, images, labels, tuple(row.name for row in kept))

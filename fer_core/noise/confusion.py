"""Which classes are taken for which: presets and tables, the weights of asymmetric noise."""

import csv
import difflib
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_core.emotions import EIGHT_CLASSES, canonical_name
from fer_core.io.files import read_text

# Pairs of emotions that are taken for each other, both ways with the same weight.
PRESETS: dict[str, tuple[tuple[str, str], ...]] = {
    "people": (("fear", "surprise"), ("sadness", "neutral"), ("anger", "disgust")),
}


def confusion_weights(preset_or_path: str | Path, class_names: Sequence[str]) -> np.ndarray:
    """How often people take one class for another, by a preset or a table of one's own.

    A table is a CSV with the header ``label,<class>,<class>,...`` and a row for each true class:
    its name, then the weights of the classes it is taken for. Only ratios within a row count; a
    row of zeros keeps its labels. Emotions may be aliases (happy, angry). The diagonal is not read
    and may be empty. The table must have the run's classes, all of them and no others: weights of
    a class that cannot be given would silently go to the rest of their row.

    Args:
        preset_or_path: a name in `PRESETS`, or the path of a table.
        class_names: the run's K classes, in the order of the label numbers.

    Returns:
        (K, K) float64 weights for `fer_core.noise.generate.asymmetric_noise`: rows true, columns
        noisy, zeros on the diagonal.

    Raises:
        FileNotFoundError: when it is neither a preset nor a file.
        ValueError: for a broken table, classes that do not fit the run, or no weight at all.
    """
    classes = tuple(class_names)
    weights = np.zeros((len(classes), len(classes)))
    if str(preset_or_path) in PRESETS:
        if not set(classes) & set(EIGHT_CLASSES):
            raise ValueError(
                f"the confusions {preset_or_path!r} are between emotions, the data set has classes "
                f"of its own: {', '.join(classes)}. Name a table of them: a CSV with the header "
                "'label,<class>,...' and one row per class"
            )
        for pair in PRESETS[str(preset_or_path)]:
            foreign = [name for name in pair if name not in classes]
            if foreign:
                raise ValueError(
                    f"the confusions {preset_or_path!r} need the class {foreign[0]}, which the "
                    f"data set does not have; its classes: {', '.join(classes)}"
                )
            one, other = map(classes.index, pair)
            weights[one, other] = weights[other, one] = 1
        return weights
    path = Path(preset_or_path)
    if not path.is_file():
        near = difflib.get_close_matches(str(preset_or_path), PRESETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FileNotFoundError(
            f"confusions must be a preset ({', '.join(PRESETS)}) or the path of a CSV with the "
            f"header 'label,<class>,...' and one row per class, got {str(preset_or_path)!r}{hint}"
        )
    for label, given, cell in _read_table(path, classes):
        if given != label:
            weight = _weight(path, label, given, cell)
            weights[classes.index(label), classes.index(given)] = weight
    if not weights.any():
        raise ValueError(f"{path} has no weight above 0 off its diagonal: no label could change")
    return weights


def _read_table(path: Path, classes: Sequence[str]) -> list[tuple[str, str, str]]:
    """Every cell with its true class and its noisy class; exactly those of the run."""
    reader = csv.reader(read_text(path).splitlines(keepends=True), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if "".join(row).strip()]
    except csv.Error as error:
        raise ValueError(f"{path} is not a readable CSV: {error}") from error
    if not rows or rows[0][1][0].strip().lower() != "label":
        raise ValueError(f"{path}: the header must be 'label,<class>,...', one column a class")
    header = rows[0][1]
    columns = _named(path, "column", header[1:], classes)
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(f"{path} line {number}: expected {len(header)} cells, got {len(row)}")
    labels = _named(path, "row", [row[0] for _, row in rows[1:]], classes)
    cells = [cell for _, row in rows[1:] for cell in row[1:]]
    pairs = itertools.product(labels, columns)
    return [(label, given, cell) for (label, given), cell in zip(pairs, cells, strict=True)]


def _named(path: Path, what: str, texts: Sequence[str], classes: Sequence[str]) -> list[str]:
    try:
        found = [_class_of(text, classes) for text in texts]
    except ValueError as error:
        raise ValueError(f"{path} has a {what} with an {error}") from error
    for name in found:
        if found.count(name) > 1:
            raise ValueError(f"{path} has more than one {what} for {name}")
        if name not in classes:
            raise ValueError(
                f"{path} has a {what} for {name}, which the data set does not have; its classes: "
                f"{', '.join(classes)}"
            )
    missing = [name for name in classes if name not in found]
    if missing:
        raise ValueError(f"{path} has no {what} for {', '.join(missing)}")
    return found


def _class_of(text: str, classes: Sequence[str]) -> str:
    """The class that a text names: one of the run's as it is, or an emotion by any name."""
    if text.strip() in classes:
        return text.strip()
    if not set(classes) & set(EIGHT_CLASSES):
        raise ValueError(f"unknown class {text!r}: use one of {', '.join(classes)}")
    return canonical_name(text)


def _weight(path: Path, label: str, given: str, cell: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise ValueError(
            f"{path} row {label}, column {given}: a weight must be a finite number of at least 0, "
            f"got {cell!r}"
        )
    return weight

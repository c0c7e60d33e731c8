"""The lists that a run takes: whom to exclude, and corrected labels, by the audit or by decisions.

``exclude.txt`` is for ``fer-core train --exclude``, ``corrected_labels.txt`` for ``--noise file
--noise-file``; for RAF-DB ``list_patition_label.txt`` is its own label list with corrected labels.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_core.audit.folder import EXCLUDE_FILE, LABELS_FILE, RAFDB_FILE, AuditError
from fer_core.audit.result import Audit
from fer_core.datasets.base import ListedSplit
from fer_core.datasets.checks.check import write_fix_list
from fer_core.io.files import displayed, read_text
from fer_core.noise.label_files import list_numbers, write_noise_list

DECISIONS = ("keep", "relabel", "drop")


class Lists(NamedTuple):
    """What is to become of the training images.

    Attributes:
        excluded: names of the images to drop.
        labels: (N,) int64, the label of every image, dropped ones included.
        earlier: names that the audit was told to exclude, so that they stay excluded.
        earlier_labels: class of each training image that these names leave out.
    """

    excluded: tuple[str, ...]
    labels: np.ndarray
    earlier: tuple[str, ...] = ()
    earlier_labels: Mapping[str, str] = {}


def flagged_lists(audit: Audit) -> Lists:
    """Every flagged image excluded; in the labels, every flagged image relabelled.

    A run takes one of the two lists: what is excluded needs no correction.
    """
    excluded = tuple(audit.names[row] for row in np.flatnonzero(audit.flagged))
    return _with_earlier(audit, Lists(excluded, audit.corrected_labels))


def decided_lists(audit: Audit, file: Path) -> Lists:
    """The lists that a person's decisions give; a run takes both together.

    Args:
        audit: whose images the decisions are on.
        file: a CSV with the header ``image,decision,label``: keep, relabel (with the new label) or
            drop. Images without a row keep their label, flagged or not.

    Raises:
        AuditError: for a broken file, an image that the audit does not have or that has two rows,
            or an unknown decision or label.
    """
    where = displayed(file)
    if not file.is_file():
        raise AuditError(f"no decisions at {where}: expected a CSV with image,decision,label")
    places = {name: place for place, name in enumerate(audit.names)}
    labels, excluded = audit.noisy_labels.copy(), []
    seen: set[str] = set()
    for number, row in _rows(file):
        name, decision = row["image"], row["decision"]
        problem = None
        if name not in places:
            problem = f"the audit has no image {name!r}"
        elif name in seen:
            problem = f"{name!r} has two decisions"
        elif decision not in DECISIONS:
            problem = f"a decision is {', '.join(DECISIONS)}, got {decision!r}"
        elif decision == "relabel" and row["label"] not in audit.classes:
            problem = f"a new label is one of {', '.join(audit.classes)}, got {row['label']!r}"
        if problem:
            raise AuditError(f"{where} line {number}: {problem}")
        seen.add(name)
        if decision == "drop":
            excluded.append(name)
        elif decision == "relabel":
            labels[places[name]] = audit.classes.index(row["label"])
    return _with_earlier(audit, Lists(tuple(excluded), labels))


def write_lists(
    folder: Path,
    lists: Lists,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    rafdb_test: ListedSplit | None = None,
) -> tuple[Path, ...]:
    """Write the lists into a folder; earlier ones are replaced.

    Args:
        folder: must exist.
        lists: what is to become of the images.
        names: N training images.
        classes: names of the labels.
        rafdb_test: of RAF-DB the test split, whose lines its own label list also has.

    Returns:
        The files.

    Raises:
        DataError, ValueError: for a name that a list cannot hold.
    """
    files = [folder / EXCLUDE_FILE, folder / LABELS_FILE]
    given = (classes[int(label)] for label in lists.labels)
    labels = dict(zip(names, given, strict=True))
    labels |= _numbered(lists.earlier_labels, classes)
    write_fix_list(files[0], [*lists.excluded, *lists.earlier])
    _write_labels(files[1], sorted(labels.items()), classes)
    if rafdb_test is not None:
        files.append(folder / RAFDB_FILE)
        tested = (classes[int(label)] for label in rafdb_test.true_labels)
        others = zip(rafdb_test.names, tested, strict=True)
        _write_labels(files[2], [*sorted(labels.items()), *others], classes)
    return tuple(files)


def _with_earlier(audit: Audit, lists: Lists) -> Lists:
    """The lists together with what the audit was told to exclude."""
    told = audit.facts.get("excluded") or {"names": (), "noisy_labels": {}}
    return lists._replace(earlier=tuple(told["names"]), earlier_labels=told["noisy_labels"])


def _numbered(labels: Mapping[str, str], classes: Sequence[str]) -> dict[str, str]:
    """Those of some labels that have a number in a list.

    A class of one's own that an exclude list empties has none: lists count the classes of a run.
    """
    known = set(list_numbers(classes).values())
    return {name: label for name, label in labels.items() if label in known}


def _write_labels(file: Path, lines: Sequence[tuple[str, str]], classes: Sequence[str]) -> None:
    """Write a list of (image, class); an emotion may be none of the audit's classes."""
    known = list(dict.fromkeys([*classes, *(label for _, label in lines)]))
    numbers = {name: number for number, name in enumerate(known)}
    labels = np.array([numbers[label] for _, label in lines], np.int64)
    write_noise_list(file, [name for name, _ in lines], labels, known)


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise AuditError(f"{displayed(file)} is not a readable CSV: {error}") from error
    if not {"image", "decision", "label"} <= set(reader.fieldnames or ()):
        raise AuditError(
            f"{displayed(file)} must have the header image,decision,label, got "
            f"{','.join(reader.fieldnames or ()) or 'nothing'}"
        )
    return [(number, {name: cell or "" for name, cell in row.items()}) for number, row in rows]

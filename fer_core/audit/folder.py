"""The folder of an audit: its table and its figures, written and read (docs/audit.md)."""

import csv
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.audit.result import SCORES, Audit
from fer_core.audit.summary import class_reliability, transitions
from fer_core.errors import FerError
from fer_core.io.files import displayed, parse_json, read_text, write_whole

SCHEMA = 1
TABLE_FILE = "audit.csv"
FACTS_FILE = "audit.json"
GALLERY_FILE = "gallery.html"
THUMBNAILS_FILE = "thumbnails.npz"
EXCLUDE_FILE = "exclude.txt"
LABELS_FILE = "corrected_labels.txt"
RAFDB_FILE = "list_patition_label.txt"  # as the data set itself spells it
# What numpy raises for a damaged archive.
DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
LISTS = (EXCLUDE_FILE, LABELS_FILE, RAFDB_FILE)
FILES = (FACTS_FILE, TABLE_FILE, GALLERY_FILE, THUMBNAILS_FILE, *LISTS)
FIRST_COLUMNS = "rank,image,noisy_label"
SCORE, PROBABILITY = "score_", "probability_"


class AuditError(FerError, ValueError):
    """Outputs or files that cannot be audited, or a folder that is not a whole audit."""


def check_folder(folder: str | Path) -> None:
    """Refuse a file, and a folder with files that an audit would replace but has not written.

    The table of an audit that was interrupted gives way.

    Raises:
        AuditError: naming the file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise AuditError(f"{displayed(folder)} is a file: name a folder for the audit")
    if (folder / FACTS_FILE).exists():
        return
    for name in FILES:
        file = folder / name
        if file.exists() and not (name == TABLE_FILE and _begins_as_ours(file)):
            raise AuditError(
                f"{displayed(folder)} holds no audit, but {name}, which an audit would replace: "
                "name another folder"
            )


def _begins_as_ours(table: Path) -> bool:
    with table.open("rb") as stream:
        return stream.read(len(FIRST_COLUMNS)) == FIRST_COLUMNS.encode()


def write_audit(folder: str | Path, audit: Audit) -> None:
    """Write ``audit.csv`` and ``audit.json``; the folder is complete when the latter is there.

    Args:
        folder: made where it is missing; an earlier audit in it is deleted with its gallery and
            its lists.
        audit: what was found.

    Raises:
        AuditError: see `check_folder`.
    """
    folder = Path(folder)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    write_whole(folder / TABLE_FILE, audit_csv(audit).encode())
    text = json.dumps(to_json(audit), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(folder / FACTS_FILE, text.encode())


def audit_csv(audit: Audit) -> str:
    """A row for each image, the most suspicious first: labels, ranks, scores, probabilities."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    known, voted = audit.true_labels is not None, audit.votes_against is not None
    writer.writerow(
        [
            *("rank", "image", "noisy_label"),
            *(["true_label"] if known else []),
            *("suggested_label", "flagged", "rank_in_class"),
            *(["votes_against"] if voted else []),
            *(f"{SCORE}{name}" for name in audit.scores),
            *(f"{PROBABILITY}{name}" for name in audit.classes),
        ]
    )
    class_ranks, classes = audit.class_ranks, audit.classes
    for rank, row in enumerate(audit.order, start=1):
        writer.writerow(
            [
                *(rank, audit.names[row], classes[audit.noisy_labels[row]]),
                *([] if audit.true_labels is None else [classes[audit.true_labels[row]]]),
                *(classes[audit.suggested_labels[row]], int(audit.flagged[row])),
                class_ranks[row],
                *([] if audit.votes_against is None else [f"{audit.votes_against[row]:.4g}"]),
                *(f"{values[row]:.6g}" for values in audit.scores.values()),
                *(f"{value:.6g}" for value in audit.probabilities[row]),
            ]
        )
    return text.getvalue()


def to_json(audit: Audit) -> dict[str, Any]:
    """Everything but the rows, as plain JSON values."""
    moved = transitions(audit)
    return {
        "schema": SCHEMA,
        **audit.facts,
        "classes": list(audit.classes),
        "ranking": audit.ranking,
        "scores": {name: meaning for name, meaning in SCORES.items() if name in audit.scores},
        "missing": dict(audit.missing),
        "summary": {
            "images": len(audit.names),
            "predicted_otherwise": int((audit.predicted != audit.noisy_labels).sum()),
            "flagged": int(audit.flagged.sum()),
            "wrong": None if audit.wrong is None else int(audit.wrong.sum()),
        },
        "per_class": [row._asdict() for row in class_reliability(audit)],
        "transitions": {
            "suggested": moved.suggested.tolist(),
            "true": None if moved.true is None else moved.true.tolist(),
        },
        "duplicates": [
            {
                "images": [audit.names[row] for row in group],
                "noisy_labels": [audit.classes[audit.noisy_labels[row]] for row in group],
            }
            for group in audit.duplicates
        ],
        "measured": None if audit.measured is None else dict(audit.measured),
    }


def read_audit(folder: str | Path) -> Audit:
    """Read the folder that `fer-core audit` wrote; needs no PyTorch.

    The images come in the order of the table, the most suspicious first, so ``audit.order`` is 0,
    1, 2, ...

    Raises:
        AuditError: when the folder is not a whole audit, or one of a later version.
    """
    folder = Path(folder)
    facts, table = _read_facts(folder), folder / TABLE_FILE
    classes = tuple(facts["classes"])
    numbers = {name: number for number, name in enumerate(classes)}
    try:
        with io.StringIO(read_text(table), newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = reader.fieldnames or ()
            rows = list(reader)

        def labels(column: str) -> np.ndarray:
            return np.array([numbers[row[column]] for row in rows], dtype=np.int64)

        def values(column: str) -> np.ndarray:
            return np.array([row[column] for row in rows], dtype=np.float32)

        names = tuple(row["image"] for row in rows)
        places = {name: place for place, name in enumerate(names)}
        groups = (group["images"] for group in facts["duplicates"])
        return Audit(
            classes,
            names,
            labels("noisy_label"),
            labels("true_label") if "true_label" in columns else None,
            labels("suggested_label"),
            np.stack([values(f"{PROBABILITY}{name}") for name in classes], 1),
            {name: values(f"{SCORE}{name}") for name in facts["scores"]},
            facts["ranking"],
            values("flagged").astype(bool),
            values("votes_against") if "votes_against" in columns else None,
            tuple(tuple(places[name] for name in group) for group in groups),
            facts["missing"],
            facts["measured"],
            {name: facts[name] for name in ("data", "run", "seconds")} | _excluded(facts),
        )
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise AuditError(
            f"{displayed(table)} is not the table of {FACTS_FILE} next to it: {error!r}. Write "
            "both again with fer-core audit"
        ) from error


def _excluded(facts: dict[str, Any]) -> dict[str, Any]:
    """What an earlier list excludes; nothing in audits of earlier builds, which did not keep it."""
    if "excluded" not in facts:
        return {}
    names, labels = facts["excluded"]["names"], facts["excluded"]["noisy_labels"]
    return {"excluded": {"names": [str(name) for name in names], "noisy_labels": dict(labels)}}


def _read_facts(folder: Path) -> dict[str, Any]:
    file = folder / FACTS_FILE
    if not file.is_file():
        raise AuditError(
            f"no audit in {displayed(folder)}: fer-core audit writes {TABLE_FILE} and {FACTS_FILE} "
            "there"
        )
    try:
        facts = parse_json(read_text(file))
        schema = facts["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(f"{displayed(file)} is not an audit: {error!r}") from error
    if schema != SCHEMA:
        raise AuditError(
            f"{displayed(file)} has schema {schema}, this version reads {SCHEMA}: update fer-core, "
            "or write the audit again"
        )
    return facts

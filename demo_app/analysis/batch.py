"""Many photographs, one after the other: a table, a CSV file and a ZIP file of overlays."""

import csv
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from demo_app.analysis.explanation import draw_all
from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import Analysis, analyse, table
from demo_app.language import class_name, say, say_count
from demo_app.render import text as words
from fer_core.io.csv_cells import no_formula

CSV_FILE = "faces.csv"
ZIP_FILE = "overlays.zip"
SHOWN = ("number", "file", "face", "answer", "probability", "consistency", "problem")
BOX = ("x0", "y0", "x1", "y1")


class BatchProgress(NamedTuple):
    """How many of the photographs are done."""

    done: int
    all: int


class BatchResult(NamedTuple):
    """What a finished batch gives.

    Attributes:
        sentence: what was found.
        rows: one per face, as in `photo.table`, with ``number`` and ``file`` of the photograph and
            the name of its ``overlay``; one without a face has a row whose ``problem`` says why.
        csv: the rows as a file.
        overlays: ZIP file of the photographs with boxes, predictions and maps.
    """

    sentence: str
    rows: list[dict[str, Any]]
    csv: Path
    overlays: Path


def analyse_batch(
    pool: ModelPool,
    model: str,
    threshold: float,
    photos: Sequence[str | Path],
    root: Path,
    *,
    cropped: bool = False,
) -> Generator[BatchProgress | BatchResult]:
    """Analyse photographs one at a time, so that memory does not grow with their number.

    Yields the progress after each photograph, then the `BatchResult`. The files stay when the
    generator runs to its end; when it is stopped earlier, or fails, none is left behind.

    Args:
        pool: the models.
        model: name of the model.
        threshold: of "not sure", in [0, 1].
        photos: files of photographs.
        root: folder in which a new one is made for the files of this call.
        cropped: each image is one face already.
    """
    folder = Path(tempfile.mkdtemp(prefix="batch-", dir=root))
    rows: list[dict[str, Any]] = []
    finished = False
    try:
        with zipfile.ZipFile(folder / ZIP_FILE, "w") as archive:
            used: set[str] = set()
            for done, photo in enumerate(photos, start=1):
                name = Path(photo).name
                analysis = _analyse(pool, model, Path(photo), cropped=cropped)
                overlay = _add_overlay(archive, name, analysis, threshold, used)
                about = {"number": done, "file": name, "overlay": overlay}
                rows.extend(about | row for row in _rows(analysis, threshold))
                yield BatchProgress(done, len(photos))
        _write_csv(folder / CSV_FILE, rows)
        yield BatchResult(summary(rows), rows, folder / CSV_FILE, folder / ZIP_FILE)
        finished = True
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """How many photographs and faces there were, and the predictions."""
    files = len({row["number"] for row in rows})
    faces = [row for row in rows if not row["problem"]]
    counts = Counter(row["answer"] for row in faces).most_common()
    listed = ", ".join(f"{count} {class_name(name)}" for name, count in counts)
    without = sum(row["problem"] == say("batch.no_face") for row in rows)
    broken = len(rows) - len(faces) - without
    parts = [
        f"{say_count('batch.photographs', files)}, {say_count('batch.faces', len(faces))}"
        + (f": {listed}" if listed else "")
    ]
    if without:
        parts.append(say("batch.without", count=without))
    if broken:
        parts.append(say("batch.broken", count=broken))
    return "; ".join(parts) + "."


def _analyse(pool: ModelPool, model: str, photo: Path, *, cropped: bool) -> Analysis:
    if not photo.exists():  # chosen long ago, and deleted since
        return Analysis(None, (), 1.0, say("photo.forgotten"), photo, model)
    return analyse(pool, model, photo, cropped=cropped)


def _rows(analysis: Analysis, threshold: float) -> list[dict[str, Any]]:
    problem = analysis.fault or ("" if analysis.faces else say("batch.no_face"))
    if problem:
        return [{"face": None, "answer": "", "problem": problem}]
    return [
        row | {"answer": row["emotion"] if row["sure"] else words.NOT_SURE, "problem": ""}
        for row in table(analysis, threshold)
    ]


def _add_overlay(
    archive: zipfile.ZipFile, name: str, analysis: Analysis, threshold: float, used: set[str]
) -> str:
    """Add the drawn photograph under a name of its own; gives that, or nothing without one."""
    image = draw_all(analysis, threshold)
    if image is None:
        return ""
    stem = Path(name).stem
    number, free = 1, stem
    while free.lower() in used:  # some systems take A.jpg and a.jpg for one
        number += 1
        free = f"{stem}-{number}"
    used.add(free.lower())
    with archive.open(f"{free}.jpg", "w") as file:
        image.save(file, "JPEG", quality=88)
    return f"{free}.jpg"


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    classes = list(dict.fromkeys(name for row in rows for name in row.get("probabilities", {})))
    plain = ["number", "file", "overlay", "face"]
    plain += ["answer", "emotion", "probability", "sure", "consistency"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*plain, *BOX, *(f"p_{name}" for name in classes), "problem"])
        for row in rows:
            chances = row.get("probabilities", {})
            values = [
                *(row.get(name) for name in plain),
                *row.get("box", [None] * 4),
                *(chances.get(name) for name in classes),
                row["problem"],
            ]
            writer.writerow([no_formula(value) for value in values])

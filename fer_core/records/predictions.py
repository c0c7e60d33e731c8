"""Predictions of a run on the evaluation images: ``predictions.csv`` of its record.

A record that was made for others (``fer-core collect``) has ``predictions.csv.gz`` instead, which
takes a fifth of the room.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TextIO

from fer_core.io.files import write_whole
from fer_core.records.run import RecordError
from fer_core.records.schema import current_columns

PREDICTIONS_FILE = "predictions.csv"
COMPRESSED_FILE = "predictions.csv.gz"
LARGEST = 200_000_000  # bytes of a table once it is decompressed; 50,000 images have two million
KEPT = 64  # tables, of about a megabyte each: a comparison reads its baseline once for each method


class Prediction(NamedTuple):
    """What the model predicted for one evaluation image.

    Attributes:
        image: its name.
        true_label: as the data set has it.
        predicted: the class predicted after the last epoch.
        confidence: softmax probability of that class.
        hits_last5: share of the last five epochs in which it was predicted right, without flip TTA;
            None in records of earlier versions.
        chosen: the class predicted in the epoch chosen on held-out images; None without a choice.
        chosen_tta: likewise with flip TTA.
    """

    image: str
    true_label: int
    predicted: int
    confidence: float
    hits_last5: float | None = None
    chosen: int | None = None
    chosen_tta: int | None = None


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write the predictions into the folder ``path``, whole."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Prediction._fields)
    writer.writerows(p._replace(confidence=round(p.confidence, 4)) for p in predictions)  # None: ""
    write_whole(path / PREDICTIONS_FILE, table.getvalue().encode())


def compressed(table: bytes) -> bytes:
    """The content of ``predictions.csv`` as that of ``predictions.csv.gz``; the same every time."""
    return gzip.compress(table, 9, mtime=0)


def predictions_file(path: Path) -> Path | None:
    """The file of the predictions in the folder ``path`` of a record; None where there is none."""
    files = (path / name for name in (PREDICTIONS_FILE, COMPRESSED_FILE))
    return next((file for file in files if file.exists()), None)


def read_predictions(path: Path) -> list[Prediction]:
    """Read the predictions of a finished run; a run without them has an empty list.

    Raises:
        RecordError: when the file is not a table of predictions.
    """
    file = predictions_file(path)
    if file is None:
        return []
    state = file.stat()
    version = (state.st_ino, state.st_mtime_ns, state.st_size)
    return list(_read_table(file.absolute(), version))


@lru_cache(KEPT)
def _read_table(file: Path, version: tuple[int, int, int]) -> tuple[Prediction, ...]:
    """The rows of a file; ``version``: its inode too, since two writes may share a clock tick."""
    try:
        with _opened(file) as stream:
            rows = csv.reader(stream)
            columns = current_columns(next(rows, ()))
            return tuple(_prediction(dict(zip(columns, row, strict=False))) for row in rows if row)
    except (KeyError, ValueError, EOFError, csv.Error, gzip.BadGzipFile, zlib.error) as error:
        raise RecordError(f"{file} is not a table of predictions: {error!r}") from error


def _opened(file: Path) -> TextIO:
    """The table as text, decompressed if need be."""
    if file.name != COMPRESSED_FILE:
        return file.open(encoding="utf-8", newline="")
    with gzip.open(file) as stream:
        table = stream.read(LARGEST + 1)
    if len(table) > LARGEST:
        raise ValueError(f"it has more than {LARGEST:,} bytes")
    return io.StringIO(table.decode("utf-8"), newline="")


def _prediction(row: Mapping[str, str]) -> Prediction:
    return Prediction(
        row["image"],
        int(row["true_label"]),
        int(row["predicted"]),
        float(row["confidence"]),
        float(row["hits_last5"]) if row.get("hits_last5") else None,
        int(row["chosen"]) if row.get("chosen") else None,
        int(row["chosen_tta"]) if row.get("chosen_tta") else None,
    )

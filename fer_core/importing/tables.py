"""Tables of metrics: what Keras' and Lightning's CSVLogger and timm's summary.csv write."""

import csv
import hashlib
import math
from datetime import UTC, datetime
from pathlib import Path

from fer_core.importing.series import Points, SeriesSource, SourceError
from fer_core.io.wording import counted

STEPS = ("epoch", "epochs", "step", "steps", "iteration", "iter")  # columns that count, best first

LARGEST = 100_000_000  # bytes


def read_table(file: Path, name: str) -> SeriesSource:
    """Read a CSV with a column of epochs or steps and columns of numbers.

    Several rows of one epoch are one epoch: Lightning writes training and validation apart.

    Raises:
        SourceError: when it is not such a table.
        OSError: when it cannot be read.
    """
    if file.stat().st_size > LARGEST:
        raise SourceError(f"{file} is larger than {LARGEST:,} bytes: no table of metrics is")
    content = file.read_bytes()
    try:
        rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{file} is not a table that can be read: {error}") from error
    columns = {column.strip(): column for column in (rows[0] if rows else {}) if column}
    lower = {column.lower(): column for column in columns}
    counts = next((lower[step] for step in STEPS if step in lower), None)
    if counts is None:
        raise SourceError(
            f"{file} has no column of epochs or steps: one must be called {', '.join(STEPS)}, got "
            f"{', '.join(columns) or 'an empty table'}"
        )
    others = [column for column in columns if column.lower() not in STEPS]
    series: dict[str, Points] = {column: [] for column in others}
    texts: set[str] = set()
    unnumbered = 0
    for row in rows:
        step = _number(row[columns[counts]])
        if step is None or not math.isfinite(step):
            unnumbered += 1
            continue
        for column in others:
            text = row[columns[column]]
            value = _number(text)
            if value is not None:
                series[column].append((step, value))
            elif text and text.strip():
                texts.add(column)
    notes = []
    if unnumbered:
        notes.append(f"ignored: {counted(unnumbered, 'row')} without a number in {counts!r}")
    if texts:
        notes.append(f"no numbers in some rows of {', '.join(sorted(texts))}: ignored there")
    changed = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return SeriesSource(
        name,
        file.name,
        "csv",
        {column: points for column, points in series.items() if points},
        counts.lower() in ("epoch", "epochs"),
        hashlib.sha256(content).hexdigest(),
        changed,
        changed,
        tuple(notes),
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None

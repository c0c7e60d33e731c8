"""Run records: what a training run leaves behind, readable without torch and while it goes on.

A record is a folder: ``run.json`` (facts of the run, rewritten atomically), ``epochs.jsonl`` (one
line an epoch, append-only) and ``predictions.csv`` (one row an evaluation image, written
at the end).
The schema is a published document: docs/run-records.md.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

from fer_core import taxonomy as taxonomies
from fer_core.errors import FerError
from fer_core.io.files import write_whole
from fer_core.records.schema import (
    FORMER_FILES,
    SCHEMA_VERSION,
    current_epoch,
    current_prediction,
    current_run,
)
from fer_core.taxonomy import Taxonomy, TaxonomyError, taxonomy_of

RUN_FILE = "run.json"
EPOCHS_FILE = "epochs.jsonl"
PREDICTIONS_FILE = "predictions.csv"
STATUSES = ("running", "finished", "failed")
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "status": str,
    "started": str,
    "ended": (str, type(None)),
    "config": dict,
    "classes": list,
    "data": dict,
    "noise": dict,
    "model": dict,
    "environment": dict,
    "result": dict,
    "error": (str, type(None)),
}


class RecordError(FerError, ValueError):
    """A run record that cannot be read: broken, incomplete or of a newer schema."""


@dataclass(frozen=True)
class RunRecord:
    """One training run.

    Attributes:
        path: the record's folder.
        name: the folder's name, unique within a results folder.
        status: ``running``, ``finished`` or ``failed``.
        started: start time, ISO 8601 in UTC.
        ended: end time, or None while the run goes on.
        config: the run's configuration (`fer_core.config.RunConfig` as JSON).
        taxonomy: the classes in the order of the label numbers, with their colours.
        data: facts of the data: name, split names, counts per class, content hash.
        noise: facts of the label noise: kind, asked rate, realised rate, count and hash of the
            noisy labels.
        model: facts of the model: parameters, map size (h, w), input description.
        environment: versions, device, threads, precision.
        result: final figures; empty until the run has finished.
        epochs: one mapping an epoch, in order (docs/run-records.md lists the keys).
        error: what stopped a failed run, else None.
        imported: of a run of another program, the file that the record was made of and what was
            read in it (docs/run-records.md); None: trained by this one.
    """

    path: Path
    name: str
    status: str
    started: str
    ended: str | None
    config: dict[str, Any]
    taxonomy: Taxonomy
    data: dict[str, Any]
    noise: dict[str, Any]
    model: dict[str, Any]
    environment: dict[str, Any]
    result: dict[str, Any]
    epochs: tuple[dict[str, Any], ...]
    error: str | None
    imported: dict[str, Any] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the label numbers."""
        return self.taxonomy.names


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


class Records(NamedTuple):
    """What a results folder holds: readable runs, and one sentence for each unreadable one."""

    runs: list[RunRecord]
    problems: list[str]


class RunRecorder:
    """Writes one run record; every call leaves a readable folder behind."""

    def __init__(
        self,
        path: Path,
        *,
        config: Mapping[str, Any],
        classes: Sequence[str],
        data: Mapping[str, Any],
        noise: Mapping[str, Any],
        model: Mapping[str, Any],
        environment: Mapping[str, Any],
    ) -> None:
        """Remember the facts of the run; nothing is written before `begin`."""
        self.path = path
        self._run: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "status": "running",
            "started": timestamp(),
            "ended": None,
            "config": dict(config),
            "classes": list(classes),
            "taxonomy": taxonomies.to_json(taxonomy_of(classes)),
            "data": dict(data),
            "noise": dict(noise),
            "model": dict(model),
            "environment": dict(environment),
            "result": {},
            "error": None,
        }

    def begin(self, completed_epochs: int = 0) -> None:
        """Open the record; a resumed run keeps its start time and its completed epochs.

        Raises:
            RecordError: when fewer than ``completed_epochs`` epochs are in the record, or data or
                noisy labels are no longer those that it was started with.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if completed_epochs:
            earlier = read_run(self.path)
            self._check_same_labels(earlier)
            if len(earlier.epochs) < completed_epochs:
                raise RecordError(
                    f"{self.path / EPOCHS_FILE} holds {len(earlier.epochs)} epochs, but the "
                    f"checkpoint has completed {completed_epochs}: start again without --resume"
                )
            self._run["started"] = earlier.started
            kept = earlier.epochs[:completed_epochs]
        else:
            kept = ()
        write_epochs(self.path, kept)
        for name in (PREDICTIONS_FILE, *FORMER_FILES):
            (self.path / name).unlink(missing_ok=True)
        write_run(self.path, self._run)

    def _check_same_labels(self, earlier: RunRecord) -> None:
        now = self._run
        pairs = [("noisy labels", earlier.noise, now["noise"], "noisy_labels_sha256")]
        if "transition" in earlier.noise:  # before 0.2 the hash of the data was made otherwise
            pairs.append(("data", earlier.data, now["data"], "sha256"))
        for what, before, after, key in pairs:
            if before.get(key, after.get(key)) != after.get(key):
                raise RecordError(
                    f"the {what} of the run in {self.path} are no longer those it was started with "
                    f"({key} {str(before[key])[:12]} -> {str(after[key])[:12]}): bring the files "
                    "back as they were, or start a new run"
                )

    def add_epoch(self, values: Mapping[str, Any]) -> None:
        """Append one epoch; the line is on the disk when the call returns."""
        with (self.path / EPOCHS_FILE).open("a", encoding="utf-8") as file:
            file.write(_line(values))
            file.flush()
            os.fsync(file.fileno())

    def finish(self, result: Mapping[str, Any], predictions: Iterable[Prediction]) -> None:
        """Close the record with its final figures and predictions."""
        write_predictions(self.path, predictions)
        self._run |= {"status": "finished", "ended": timestamp(), "result": dict(result)}
        write_run(self.path, self._run)

    def fail(self, error: str) -> None:
        """Close the record with the sentence that says what stopped the run."""
        self._run |= {"status": "failed", "ended": timestamp(), "error": error}
        write_run(self.path, self._run)


def write_run(path: Path, run: Mapping[str, Any]) -> None:
    """Write ``run.json`` of the record in the folder ``path``, whole."""
    text = json.dumps(dict(run), indent=1, allow_nan=False)
    write_whole(path / RUN_FILE, f"{text}\n".encode())


def write_epochs(path: Path, epochs: Iterable[Mapping[str, Any]]) -> None:
    """Write ``epochs.jsonl`` of the record in the folder ``path``, whole."""
    write_whole(path / EPOCHS_FILE, "".join(_line(epoch) for epoch in epochs).encode())


def read_run(path: Path) -> RunRecord:
    """Read one record folder, finished or not, of any version up to this one's.

    Whatever version wrote it, the names are those of this one (`fer_core.records.schema`).

    A half-written last line of ``epochs.jsonl`` (the run is writing it, or was killed there) is
    left out.

    Raises:
        RecordError: with the file and what is wrong with it.
    """
    file = path / RUN_FILE
    try:
        content: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict) or "schema_version" not in content:
        raise RecordError(f"{file} is no run record: it has no schema_version")
    run = cast("dict[str, Any]", content)
    version = run["schema_version"]
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise RecordError(
            f"{file} has schema version {version}, this program reads up to {SCHEMA_VERSION}: "
            "update the program"
        )
    missing = sorted(set(_FIELDS) - set(run))
    if missing:
        raise RecordError(f"{file} lacks {', '.join(missing)}")
    wrong = [name for name, kind in _FIELDS.items() if not isinstance(run[name], kind)]
    imported = run.get("imported")
    if imported is not None and not isinstance(imported, dict):
        wrong.append("imported")
    if wrong or run["status"] not in STATUSES:
        raise RecordError(f"{file} has a wrong value in {', '.join(wrong or ['status'])}")
    try:
        taxonomy = taxonomies.from_json(
            run["classes"], run.get("taxonomy")
        )  # earlier versions have none
    except TaxonomyError as error:
        raise RecordError(f"{file}: {error}") from error
    current = current_run(run)
    values = {name: current[name] for name in _FIELDS if name != "classes"}
    return RunRecord(
        path=path,
        name=path.name,
        taxonomy=taxonomy,
        epochs=_read_epochs(path),
        imported=current.get("imported"),
        **values,
    )


def read_runs(root: Path) -> Records:
    """Read every record below ``root`` (a folder that holds ``run.json``, at any depth).

    Broken records are skipped and named in ``problems``; an absent root holds no runs.
    """
    runs: list[RunRecord] = []
    problems: list[str] = []
    for file in sorted(root.rglob(RUN_FILE)) if root.is_dir() else []:
        try:
            runs.append(read_run(file.parent))
        except RecordError as error:
            problems.append(str(error))
    return Records(runs, problems)


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write the predictions into the folder ``path``, whole."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Prediction._fields)
    writer.writerows(p._replace(confidence=round(p.confidence, 4)) for p in predictions)  # None: ""
    write_whole(path / PREDICTIONS_FILE, table.getvalue().encode())


def read_predictions(path: Path) -> list[Prediction]:
    """Read the predictions of a finished run; a run without them has an empty list.

    Raises:
        RecordError: when the file is not a table of predictions.
    """
    file = path / PREDICTIONS_FILE
    if not file.exists():
        return []
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return [
                Prediction(
                    row["image"],
                    int(row["true_label"]),
                    int(row["predicted"]),
                    float(row["confidence"]),
                    float(row["hits_last5"]) if row.get("hits_last5") else None,
                    int(row["chosen"]) if row.get("chosen") else None,
                    int(row["chosen_tta"]) if row.get("chosen_tta") else None,
                )
                for row in map(current_prediction, csv.DictReader(stream))
            ]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{file} is not a table of predictions: {error!r}") from error


def _read_epochs(path: Path) -> tuple[dict[str, Any], ...]:
    file = path / EPOCHS_FILE
    if not file.exists():
        return ()
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} cannot be read: {error}") from error
    epochs: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            break
        try:
            epoch: object = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecordError(f"{file} line {number} is not JSON: {error}") from error
        if not isinstance(epoch, dict):
            raise RecordError(f"{file} line {number} is not a JSON object")
        epochs.append(current_epoch(cast("dict[str, Any]", epoch)))
    return tuple(epochs)


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), allow_nan=False) + "\n"


def timestamp() -> str:
    """The time now as records have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

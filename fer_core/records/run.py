"""Run records: what a training run leaves behind, readable without torch and while it goes on.

A record is a folder: ``run.json`` (facts of the run, rewritten atomically), ``epochs.jsonl`` (one
line an epoch, append-only) and ``predictions.csv`` (one row an evaluation image, written at the
end). `fer_core.records.recorder` writes it, `fer_core.records.predictions` has the last file.
The schema is a published document: docs/run-records.md.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

from fer_core import taxonomy as taxonomies
from fer_core.errors import FerError
from fer_core.io.files import parse_json
from fer_core.records.odd_values import odd_values
from fer_core.records.schema import SCHEMA_VERSION, current_epoch, current_run
from fer_core.taxonomy import Taxonomy, TaxonomyError

RUN_FILE = "run.json"
EPOCHS_FILE = "epochs.jsonl"
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


class Records(NamedTuple):
    """What a results folder holds: readable runs, and one sentence for each unreadable one."""

    runs: list[RunRecord]
    problems: list[str]


def read_run(path: str | Path) -> RunRecord:
    """Read one record folder, finished or not, of any version up to this one's.

    Whatever version wrote it, the names are those of this one (`fer_core.records.schema`).

    A half-written last line of ``epochs.jsonl`` (the run is writing it, or was killed there) is
    left out.

    Raises:
        RecordError: with the file and what is wrong with it.
    """
    path = Path(path)
    file = path / RUN_FILE
    try:
        content: object = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # no UTF-8, no JSON, or a number of thousands of digits
        raise RecordError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict) or "schema_version" not in content:
        raise RecordError(f"{file} is not a run record: it has no schema_version")
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
    classes = cast("object", run["classes"])
    names = cast("list[object]", classes) if isinstance(classes, list) else []
    if not all(isinstance(name, str) for name in names):
        wrong.append("classes")
    if imported is not None and not isinstance(imported, dict):
        wrong.append("imported")
    wrong += [name for name in ("started", "ended") if not _is_time(run[name])]
    if not wrong:
        wrong = odd_values(run)
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


def read_runs(root: str | Path) -> Records:
    """Read every record below ``root`` (a folder that holds ``run.json``, at any depth).

    Broken records are skipped and named in ``problems``; an absent root holds no runs.
    """
    root = Path(root)
    runs: list[RunRecord] = []
    problems: list[str] = []
    for file in sorted(root.rglob(RUN_FILE)) if root.is_dir() else []:
        try:
            runs.append(read_run(file.parent))
        except RecordError as error:
            problems.append(str(error))
    return Records(runs, problems)


def _is_time(value: object) -> bool:
    """Whether a value is a time of ISO 8601, or there is none."""
    try:
        return value is None or bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False


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
            epoch: object = parse_json(line)
        except ValueError as error:
            raise RecordError(f"{file} line {number} is not JSON: {error}") from error
        if not isinstance(epoch, dict):
            raise RecordError(f"{file} line {number} is not a JSON object")
        epochs.append(current_epoch(cast("dict[str, Any]", epoch)))
    return tuple(epochs)

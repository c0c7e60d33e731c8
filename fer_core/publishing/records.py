"""Run records -> the folder of a data set on the Hub, without the places of this computer."""

import json
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fer_core.io.files import displayed, parse_json, write_whole
from fer_core.records.predictions import predictions_file, read_predictions, write_predictions
from fer_core.records.recorder import write_epochs, write_run
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RecordError, RunRecord
from fer_core.records.schema import current_run
from fer_core.reporting.map_files import MAPS_FILE
from fer_core.reporting.robustness_data import ROBUSTNESS_FILE

EVALUATIONS = (MAPS_FILE, ROBUSTNESS_FILE)  # beside a record

# A path from the root of the file system, from somebody's home, from a drive or a server; no web
# address. In quotation marks it may have blanks, and between backslashes, which prose has not.
_NAME = r"[^\s/\\'\":,;?]+"
_PLACE = re.compile(
    r"(?P<mark>['\"])(?:file:/{1,3}|//|[A-Za-z]:[/\\]|~?[/\\])(?P<quoted>[^'\"\n]+)(?P=mark)"
    r"|(?<![\w/.~])(?:"
    rf"(?:file:/{{1,3}}|(?<!:)//|(?:~|[A-Za-z]:)?/(?!/))(?:{_NAME}[/\\]+)+"
    rf"|(?:~|[A-Za-z]:)?\\{{1,2}}(?:{_NAME}(?: +{_NAME})*[/\\]+)+"
    rf")(?:{_NAME})?"
)


class Copied(NamedTuple):
    """A record that was copied.

    Attributes:
        name: its folder in the data set.
        record: as it was read.
        changed: whether places of this computer were cut to their last name.
    """

    name: str
    record: RunRecord
    changed: bool


def copy_records(
    records: Sequence[RunRecord], root: Path, out: Path, *, predictions: bool
) -> list[Copied]:
    """Write what is published of each record: its facts, epochs and, if wanted, predictions.

    All of it has the names of this version of the schema.

    Checkpoints, weights, logs and lists of noisy labels stay behind. Of every absolute path only
    the last name is left, and the name of this computer goes from the message of a failed run.

    Args:
        records: to copy.
        root: the folder in which they were found; names are relative to it.
        out: an empty folder.
        predictions: whether predictions on evaluation images, with names and labels, are included.

    Raises:
        RecordError: when predictions, or an evaluation beside a record, cannot be read.
        OSError: when a file cannot be read or written.
    """
    return [_copy(record, root, out, predictions) for record in records]


def without_places(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """The same with every absolute path in its texts cut to its last name."""
    if isinstance(value, str):
        return _PLACE.sub(_last_name, value)
    if isinstance(value, Mapping):
        return {key: without_places(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_places(inner) for inner in value]
    return value


def _last_name(found: re.Match[str]) -> str:
    mark, path = found["mark"] or "", found["quoted"] or found[0]
    name = re.split(r"[/\\]+", path.rstrip("/\\"))[-1]
    return f"{mark}{name}{mark}"


def _copy(record: RunRecord, root: Path, out: Path, predictions: bool) -> Copied:
    name = record.name if record.path == root else record.path.relative_to(root).as_posix()
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)  # a record within this one may have come first
    run = current_run(json.loads((record.path / RUN_FILE).read_text(encoding="utf-8")))
    clean = without_places(run)
    if clean["error"]:
        host = re.escape(socket.gethostname())
        clean["error"] = re.sub(rf"(?<!\w){host}(?!\w)", "this computer", clean["error"])
    write_run(folder, clean)
    if (record.path / EPOCHS_FILE).exists():
        write_epochs(folder, record.epochs)
    changed = clean != run
    if predictions and predictions_file(record.path) is not None:
        recorded = read_predictions(record.path)
        kept = [row._replace(image=without_places(row.image)) for row in recorded]
        write_predictions(folder, kept)
        changed = changed or kept != recorded
    for file in (record.path / name for name in EVALUATIONS):
        if file.exists():
            report = _read_report(file)
            clean = without_places(report)
            write_whole(folder / file.name, f"{json.dumps(clean, indent=1)}\n".encode())
            changed = changed or clean != report
    return Copied(name, record, changed)


def _read_report(file: Path) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        return parse_json(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{displayed(file)} is not a readable JSON file: {error}") from error

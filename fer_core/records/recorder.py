"""Writing a run record, while the run goes on (docs/run-records.md)."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_core import taxonomy as taxonomies
from fer_core.io.files import parse_json, write_whole
from fer_core.records.predictions import (
    COMPRESSED_FILE,
    PREDICTIONS_FILE,
    Prediction,
    write_predictions,
)
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RecordError, RunRecord, read_run
from fer_core.records.schema import FORMER_FILES, SCHEMA_VERSION
from fer_core.taxonomy import taxonomy_of


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

    def add_to_model(self, facts: Mapping[str, Any]) -> None:
        """Remember more facts of the model; before `begin`."""
        self._run["model"] |= facts

    def is_finished(self, completed_epochs: int) -> bool:
        """Whether the record was finished before, with these inputs; it is left as it is then.

        One that is now asked for more epochs is not finished.

        Args:
            completed_epochs: that the checkpoint has.

        Raises:
            RecordError: as `begin`.
        """
        if not (self.path / RUN_FILE).exists():
            return False
        earlier = read_run(self.path)
        if earlier.status != "finished":
            return False
        self._check_same_inputs(earlier)
        _check_epochs(earlier, completed_epochs)
        asked, before = self._run["config"]["epochs"], earlier.config["epochs"]
        if asked > before > len(earlier.epochs):
            raise RecordError(
                f"early stopping ended the run in {self.path} after {len(earlier.epochs)} of "
                f"{before} epochs, so it cannot go on to {asked}: start a new run, with a higher "
                "patience, or patience 0"
            )
        return asked == before

    def begin(self, completed_epochs: int = 0) -> None:
        """Open the record; a resumed run keeps its start time and its completed epochs.

        Raises:
            RecordError: when fewer than ``completed_epochs`` epochs are in the record, or data,
                noisy labels or teachers are no longer those that it was started with; when the
                record could not be read again.
        """
        _check_readable(self._run)
        self.path.mkdir(parents=True, exist_ok=True)
        if completed_epochs:
            earlier = read_run(self.path)
            self._check_same_inputs(earlier)
            _check_epochs(earlier, completed_epochs)
            self._run["started"] = earlier.started
            kept = earlier.epochs[:completed_epochs]
        else:
            kept = ()
        write_epochs(self.path, kept)
        for name in (PREDICTIONS_FILE, COMPRESSED_FILE, *FORMER_FILES):
            (self.path / name).unlink(missing_ok=True)
        write_run(self.path, self._run)

    def _check_same_inputs(self, earlier: RunRecord) -> None:
        now = self._run
        pairs = [("noisy labels", earlier.noise, now["noise"], "noisy_labels_sha256")]
        if "transition" in earlier.noise:  # before 0.2 the hash of the data was made otherwise
            pairs.append(("data", earlier.data, now["data"], "sha256"))
        teachers = (_teachers(earlier.model), _teachers(now["model"]))
        pairs.append(("teachers", *teachers, "sha256"))
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
        readable = error.encode("utf-8", "backslashreplace").decode()  # it may name any path
        self._run |= {"status": "failed", "ended": timestamp(), "error": readable}
        write_run(self.path, self._run)


def _check_readable(run: Mapping[str, Any]) -> None:
    try:
        parse_json(json.dumps(dict(run), allow_nan=False))
    except ValueError as error:
        raise RecordError(
            f"the record of this run could not be read again: {error}; rename the files and "
            "folders of the data, or give the option another value"
        ) from error


def write_run(path: Path, run: Mapping[str, Any]) -> None:
    """Write ``run.json`` of the record in the folder ``path``, whole."""
    text = json.dumps(dict(run), indent=1, allow_nan=False)
    write_whole(path / RUN_FILE, f"{text}\n".encode())


def write_epochs(path: Path, epochs: Iterable[Mapping[str, Any]]) -> None:
    """Write ``epochs.jsonl`` of the record in the folder ``path``, whole."""
    write_whole(path / EPOCHS_FILE, "".join(_line(epoch) for epoch in epochs).encode())


def timestamp() -> str:
    """The time now as records have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_epochs(record: RunRecord, completed: int) -> None:
    if len(record.epochs) < completed:
        raise RecordError(
            f"{record.path / EPOCHS_FILE} holds {len(record.epochs)} epochs, but the checkpoint "
            f"has completed {completed}: start again without --resume"
        )


def _teachers(model: Mapping[str, Any]) -> dict[str, str]:
    return {"sha256": " ".join(teacher["sha256"] for teacher in model.get("teachers", ()))}


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), allow_nan=False) + "\n"

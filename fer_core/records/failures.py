"""Records of runs that could not write down themselves what stopped them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_core.io.files import parse_json
from fer_core.records.lock import lock_run
from fer_core.records.recorder import timestamp, write_run
from fer_core.records.run import RUN_FILE
from fer_core.records.schema import SCHEMA_VERSION


def record_failure(folder: Path, config: Mapping[str, Any], error: str) -> None:
    """Close the record of a run that was killed, or failed before it could open one.

    Args:
        folder: of the run; made where it is absent. The facts of a record already there stay
            as they are; without one, ``data``, ``noise``, ``model`` and ``environment`` are empty.
        config: the run's configuration without folders (`fer_core.config.without_folders`), for a
            run that has no record yet.
        error: the sentence that says what stopped the run.

    Raises:
        RunLockedError: when a process is at work on the run: the record is that one's.
        OSError: when it cannot be written.
        ValueError: when the record there is no JSON.
    """
    with lock_run(folder):
        _write_failure(folder, config, error)


def _write_failure(folder: Path, config: Mapping[str, Any], error: str) -> None:
    file, now = folder / RUN_FILE, timestamp()
    run: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "started": now,
        "config": dict(config),
        "classes": [],
        **{facts: {} for facts in ("data", "noise", "model", "environment", "result")},
    }
    if file.exists():
        run = parse_json(file.read_text(encoding="utf-8"))
    run |= {"status": "failed", "ended": now, "error": error}
    write_run(folder, run)

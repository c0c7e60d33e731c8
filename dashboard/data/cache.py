"""A cache of run records: a record is read again only if one of its files has changed."""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.notes import NOTES_FILE
from dashboard.data.robustness import RobustnessFile, find_files
from dashboard.data.run_files import ARCHIVED_FILE, TAGS_FILE
from dashboard.data.run_maps import read_run_maps
from dashboard.data.sources import RecordSource
from dashboard.data.tables import (
    Confusion,
    Runs,
    confusion_of,
    epoch_table,
    epoch_values,
    map_columns,
    run_row,
    run_table,
)
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, read_run
from fer_core.reporting.map_files import MAPS_FILE
from fer_core.reporting.robustness_data import ROBUSTNESS_FILE

WATCHED = (
    *(RUN_FILE, EPOCHS_FILE, NOTES_FILE, TAGS_FILE, ARCHIVED_FILE),
    *(MAPS_FILE, ROBUSTNESS_FILE),
)
KEPT_SOURCES = 16  # sources whose records stay in memory
KEPT_RUNS = 4  # sets of sources whose tables stay in memory
Stamp = tuple[tuple[str, int, int], ...]


class _Entry(NamedTuple):
    """A record with the state of its files when it was read; or the problem with it.

    A remark is about a file beside a record that can be read.
    """

    stamp: Stamp
    row: Mapping[str, Any]
    epochs: np.ndarray
    confusion: Confusion | None
    problem: str
    remark: str = ""


class Scan(NamedTuple):
    """The record folders of some sources with the state of their files.

    Attributes:
        records: by source, the folder of each record with name, size and time of its files.
        problems: one sentence for each folder that cannot be read.
        robustness: files that may hold figures under corruption.
        fingerprint: changes when a record or such a file changes.
    """

    records: list[dict[str, Stamp]]
    problems: list[str]
    robustness: tuple[RobustnessFile, ...]
    fingerprint: str


class Reader:
    """Reads records and caches them; safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: dict[Path, dict[str, _Entry]] = {}
        self._runs: dict[tuple[RecordSource, ...], Runs] = {}
        self._lock = threading.Lock()

    def read(self, sources: Sequence[RecordSource]) -> Runs:
        """The records of the sources; the same object as before if nothing has changed."""
        key, scanned = tuple(sources), scan(sources)
        with self._lock:
            runs = self._runs.pop(key, None)
            if runs is None or runs.fingerprint != scanned.fingerprint:
                runs = self._assemble(sources, scanned)
            self._runs[key] = runs  # the last key is the most recently used
            _forget(self._runs, KEPT_RUNS)
            return runs

    def _assemble(self, sources: Sequence[RecordSource], scanned: Scan) -> Runs:
        rows: list[dict[str, Any]] = []
        epochs: list[np.ndarray] = []
        confusions: dict[str, Confusion] = {}
        folders: dict[str, Path] = {}
        origins: dict[str, RecordSource] = {}
        problems = list(scanned.problems)
        remarks: list[str] = []
        archived: dict[str, Path] = {}
        for source, found in zip(sources, scanned.records, strict=True):
            known = self._entries.pop(source.folder, {})
            records = {path: stamp for path, stamp in found.items() if not _is_archived(stamp)}
            for path in (path for path in found if path not in records):
                archived[_run_name(Path(path), source, archived)] = Path(path)
            current = {
                path: entry
                if (entry := known.get(path)) is not None and entry.stamp == stamp
                else _read_entry(Path(path), stamp, source)
                for path, stamp in records.items()
            }
            self._entries[source.folder] = current
            for path, entry in current.items():
                if entry.problem:
                    problems.append(entry.problem)
                    continue
                name = _run_name(Path(path), source, folders)
                folders[name], origins[name] = Path(path), source
                if entry.remark:
                    remarks.append(f"{MAPS_FILE} of {name} is not shown: {entry.remark}")
                rows.append({**entry.row, "run": name, "source": source.name})
                epochs.append(entry.epochs)
                if entry.confusion is not None:
                    confusions[name] = entry.confusion
        _forget(self._entries, KEPT_SOURCES)
        return Runs(
            table=run_table(rows),
            epochs=epoch_table(list(folders), epochs),
            confusions=confusions,
            problems=problems,
            remarks=tuple(remarks),
            folders=MappingProxyType(folders),
            sources=MappingProxyType(origins),
            robustness=scanned.robustness,
            archived=MappingProxyType(archived),
            fingerprint=scanned.fingerprint,
        )


def scan(sources: Sequence[RecordSource]) -> Scan:
    """List the records of some sources without reading them."""
    problems: list[str] = []
    records = [dict(sorted(_records_below(str(source.folder), problems))) for source in sources]
    robustness = tuple(
        file
        for source, found in zip(sources, records, strict=True)
        for file in find_files(source, found)
    )
    state = repr((list(sources), records, robustness))
    digest = hashlib.sha1(state.encode(), usedforsecurity=False)
    return Scan(records, problems, robustness, digest.hexdigest())


def _records_below(folder: str, problems: list[str]) -> Iterator[tuple[str, Stamp]]:
    """Folders with a run.json, at any depth, and the names, sizes and times of their files."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return  # missing sources are reported elsewhere; a run may be deleted meanwhile
    except OSError as error:
        problems.append(f"{folder} cannot be read: {error.strerror}")
        return
    files = [entry for entry in found if entry.name in WATCHED]
    if any(entry.name == RUN_FILE for entry in files):
        yield folder, tuple(sorted(_file_state(entry) for entry in files))
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _records_below(entry.path, problems)


def _is_archived(stamp: Stamp) -> bool:
    return any(name == ARCHIVED_FILE for name, *_ in stamp)


def _file_state(entry: os.DirEntry[str]) -> tuple[str, int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a broken link: reading the record reports it
        return entry.name, -1, -1
    return entry.name, stat.st_size, stat.st_mtime_ns


def _read_entry(path: Path, stamp: Stamp, source: RecordSource) -> _Entry:
    maps, remark = None, ""
    try:
        maps = read_run_maps(path, source)
    except ValueError as error:
        remark = str(error)
    try:
        record = read_run(path)
        epochs = epoch_values(record)
        row = run_row(record, epochs) | map_columns(maps)
        return _Entry(stamp, row, epochs, confusion_of(record), "", remark)
    # Records are foreign input: one bad record must not hide the others.
    except (ValueError, TypeError, KeyError, AttributeError, OSError, OverflowError) as error:
        return _Entry(stamp, {}, np.empty((0, 0)), None, _problem(path, error))


def _run_name(path: Path, source: RecordSource, taken: Mapping[str, Path]) -> str:
    """The path below the source, made unique by the name of the source and then by a number."""
    relative = path.relative_to(source.folder).as_posix()
    name = path.name if relative == "." else relative
    if name not in taken:
        return name
    name = f"{source.name}/{name}"
    number = 2
    while (numbered := name if number == 2 else f"{name} ({number - 1})") in taken:
        number += 1
    return numbered


def _problem(path: Path, error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{path / RUN_FILE} lacks {error.args[0]}"
    text = str(error)
    return text if str(path) in text else f"{path} cannot be read: {text}"


def _forget(kept: dict[Any, Any], most: int) -> None:
    """Drop the least recently used entries."""
    for key in list(kept)[:-most]:
        del kept[key]

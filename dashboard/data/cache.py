"""Reading run records fast: a record is read again only when one of its files has changed."""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.notes import NOTES_FILE
from dashboard.data.sources import Place
from dashboard.data.tables import (
    Confusion,
    Runs,
    confusion_of,
    epoch_table,
    epoch_values,
    run_row,
    run_table,
)
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, read_run

WATCHED = (RUN_FILE, EPOCHS_FILE, NOTES_FILE)
KEPT_PLACES = 16  # folders whose records stay in memory
KEPT_RUNS = 4  # sets of places whose tables stay in memory
Stamp = tuple[tuple[str, int, int], ...]


class _Entry(NamedTuple):
    """A record as it was read: its files then, and what they say or why they cannot be read."""

    stamp: Stamp
    row: Mapping[str, Any]
    epochs: np.ndarray
    confusion: Confusion | None
    problem: str


class Scan(NamedTuple):
    """The record folders below places with the state of their files.

    Attributes:
        records: by place, the folder of each record with name, size and time of its files.
        problems: one sentence for each folder that cannot be looked into.
        fingerprint: changes when a run has written something.
    """

    records: list[dict[str, Stamp]]
    problems: list[str]
    fingerprint: str


class Reader:
    """Reads records, from several threads too, and remembers them."""

    def __init__(self) -> None:
        self._entries: dict[Path, dict[str, _Entry]] = {}
        self._runs: dict[tuple[Place, ...], Runs] = {}
        self._lock = threading.Lock()

    def read(self, places: Sequence[Place]) -> Runs:
        """The records of the places; the same object as before when nothing has changed."""
        key, scanned = tuple(places), scan(places)
        with self._lock:
            runs = self._runs.pop(key, None)
            if runs is None or runs.fingerprint != scanned.fingerprint:
                runs = self._assemble(places, scanned)
            self._runs[key] = runs  # the last one in the dictionary is the latest used
            _forget(self._runs, KEPT_RUNS)
            return runs

    def _assemble(self, places: Sequence[Place], scanned: Scan) -> Runs:
        rows: list[dict[str, Any]] = []
        epochs: list[np.ndarray] = []
        confusions: dict[str, Confusion] = {}
        folders: dict[str, Path] = {}
        homes: dict[str, Place] = {}
        problems = list(scanned.problems)
        for place, records in zip(places, scanned.records, strict=True):
            known = self._entries.pop(place.folder, {})
            current = {
                path: entry
                if (entry := known.get(path)) is not None and entry.stamp == stamp
                else _read_entry(Path(path), stamp)
                for path, stamp in records.items()
            }
            self._entries[place.folder] = current
            for path, entry in current.items():
                if entry.problem:
                    problems.append(entry.problem)
                    continue
                name = _run_name(Path(path), place, folders)
                folders[name], homes[name] = Path(path), place
                rows.append({**entry.row, "run": name, "source": place.name})
                epochs.append(entry.epochs)
                if entry.confusion is not None:
                    confusions[name] = entry.confusion
        _forget(self._entries, KEPT_PLACES)
        return Runs(
            table=run_table(rows),
            epochs=epoch_table(list(folders), epochs),
            confusions=confusions,
            problems=problems,
            folders=MappingProxyType(folders),
            places=MappingProxyType(homes),
            fingerprint=scanned.fingerprint,
        )


def scan(places: Sequence[Place]) -> Scan:
    """Look which records there are, without reading one."""
    problems: list[str] = []
    records = [dict(sorted(_records_below(str(place.folder), problems))) for place in places]
    digest = hashlib.sha1(repr((list(places), records)).encode(), usedforsecurity=False)
    return Scan(records, problems, digest.hexdigest())


def _records_below(folder: str, problems: list[str]) -> Iterator[tuple[str, Stamp]]:
    """Folders that hold a run.json, at any depth, and their files' names, sizes and times."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return  # an absent place is named where it is chosen; a run may be deleted meanwhile
    except OSError as error:
        problems.append(f"{folder} cannot be read: {error.strerror}")
        return
    files = [entry for entry in found if entry.name in WATCHED]
    if any(entry.name == RUN_FILE for entry in files):
        yield folder, tuple(sorted(_file_state(entry) for entry in files))
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _records_below(entry.path, problems)


def _file_state(entry: os.DirEntry[str]) -> tuple[str, int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a link to nothing: reading the record says what is wrong with it
        return entry.name, -1, -1
    return entry.name, stat.st_size, stat.st_mtime_ns


def _read_entry(path: Path, stamp: Stamp) -> _Entry:
    try:
        record = read_run(path)
        epochs = epoch_values(record)
        return _Entry(stamp, run_row(record, epochs), epochs, confusion_of(record), "")
    # A record is foreign input: whatever is wrong with one must not hide the others.
    except (ValueError, TypeError, KeyError, AttributeError, OSError, OverflowError) as error:
        return _Entry(stamp, {}, np.empty((0, 0)), None, _problem(path, error))


def _run_name(path: Path, place: Place, taken: Mapping[str, Path]) -> str:
    """The path below the place; with the place's name, and then a number, where that is taken."""
    relative = path.relative_to(place.folder).as_posix()
    name = path.name if relative == "." else relative
    if name not in taken:
        return name
    name = f"{place.name}/{name}"
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
    """Drop what was used longest ago."""
    for key in list(kept)[:-most]:
        del kept[key]

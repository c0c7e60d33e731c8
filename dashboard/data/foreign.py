"""Metrics of other programs as a source: read as imported runs, into a folder of this process."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fer_core.importing.events import PATTERN
from fer_core.importing.runs import import_run
from fer_core.importing.series import SourceError
from fer_core.importing.sources import find_sources
from fer_core.records.run import RUN_FILE

KEPT = 16  # sources whose runs stay on the disk
_folders: dict[tuple[str, str], "Converted"] = {}
_lock = threading.Lock()


class Converted(NamedTuple):
    """The records made of a source, and what there is to say about them."""

    folder: Path
    note: str
    kept: tempfile.TemporaryDirectory[str]  # removed with the last reference to it


def is_foreign(place: Path) -> bool:
    """Whether a place is a file, or a folder that has metrics of other programs and no record."""
    if place.is_file():
        return True
    if not place.is_dir() or next(place.rglob(RUN_FILE), None) is not None:
        return False
    return next(_files(place), None) is not None


def convert(place: Path) -> Converted:
    """The runs of a place as records, with nothing known of them but what its files say.

    They are made again when a file has changed.
    """
    states = [(str(file), *_state(file)) for file in sorted(_files(place))]
    digest = hashlib.sha1(repr(states).encode(), usedforsecurity=False).hexdigest()
    key = str(place.absolute()), digest
    with _lock:
        made = _folders.pop(key, None) or _convert(place)
        _folders[key] = made  # the last one in the dictionary is the latest used
        for old in list(_folders)[:-KEPT]:
            del _folders[old]
    return made


def _convert(place: Path) -> Converted:
    kept = tempfile.TemporaryDirectory(prefix="fer-core-imported-")
    count = 0
    try:
        found = find_sources(place)
        problems = list(found.problems)
        for source in found.sources:
            try:
                import_run(source, Path(kept.name))
                count += 1
            except SourceError as error:
                problems.append(f"{source.name}: {error}")
    except (SourceError, OSError) as error:
        problems = [str(error)]
    note = (
        f"{count} run{'' if count == 1 else 's'} read from `{place}` as imported; `fer-core "
        "import-runs` makes records of them and takes what you know: data set, method, noise."
    )
    return Converted(Path(kept.name), " ".join([note, *(f"Skipped: {p}." for p in problems)]), kept)


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for pattern in ("*.csv", PATTERN):
        yield from place.rglob(pattern)


def _state(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:  # gone meanwhile
        return -1, -1
    return stat.st_size, stat.st_mtime_ns

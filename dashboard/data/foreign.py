"""Metrics of other programs as a source: converted to records in a temporary folder."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fer_core.importing.events import PATTERN
from fer_core.importing.runs import import_run
from fer_core.importing.series import SourceError
from fer_core.importing.sources import OWN, find_sources
from fer_core.io.wording import counted
from fer_core.records.run import RUN_FILE

KEPT = 16  # sources whose converted runs stay on disk
_folders: dict[tuple[str, str], "Converted"] = {}
_lock = threading.Lock()


class Converted(NamedTuple):
    """The records converted from a source, and a note about them."""

    folder: Path
    note: str
    kept: tempfile.TemporaryDirectory[str]  # deleted with the last reference to it


def is_foreign(path: Path) -> bool:
    """Whether a path is a file, or a folder with metrics of other programs and no record."""
    if path.is_file():
        return True
    if not path.is_dir() or next(path.rglob(RUN_FILE), None) is not None:
        return False
    return next(_files(path), None) is not None


def convert(path: Path) -> Converted:
    """The runs of a path as records, with only those facts that its files state.

    They are converted again if a file has changed.
    """
    states = [(str(file), *_state(file)) for file in sorted(_files(path))]
    digest = hashlib.sha1(repr(states).encode(), usedforsecurity=False).hexdigest()
    key = str(path.absolute()), digest
    with _lock:
        made = _folders.pop(key, None) or _convert(path)
        _folders[key] = made  # the last key is the most recently used
        for old in list(_folders)[:-KEPT]:
            del _folders[old]
    return made


def _convert(path: Path) -> Converted:
    kept = tempfile.TemporaryDirectory(prefix="fer-core-imported-")
    count = 0
    try:
        found = find_sources(path)
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
        f"{counted(count, 'run')} imported from `{path}`. To add the data set, "
        "method and noise, convert them with `fer-core import-runs`."
    )
    return Converted(Path(kept.name), " ".join([note, *(f"Skipped: {p}." for p in problems)]), kept)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    own = {file.parent for name in OWN for file in path.rglob(name)}
    for pattern in ("*.csv", PATTERN):
        yield from (file for file in path.rglob(pattern) if not own & {*file.parents})


def _state(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:  # deleted meanwhile
        return -1, -1
    return stat.st_size, stat.st_mtime_ns

"""The cache of decoded images (`fer_core.datasets.cache.store`): what is there, and deleting.

Only what a cache writes itself is shown or deleted, by its name: a folder that was named by
mistake keeps everything else.
"""

import json
import math
import re
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

STAMP = "[0-9a-f]{64}"
ENTRY, PART = re.compile(STAMP), re.compile(rf"part-({STAMP})-\w+")
KNOWN = re.compile(rf"{STAMP}\.npz")
FILES = ("images.u8", "about.json")
SHAPE = ("images", "height", "width", "channels")


class Entry(NamedTuple):
    """Decoded images in the cache.

    Attributes:
        path: its folder.
        bytes: on the disk.
        shape: (N, S, S, C), or None: it is unfinished or broken, and no run uses it.
    """

    path: Path
    bytes: int
    shape: tuple[int, ...] | None


class Cleared(NamedTuple):
    """What was deleted.

    Attributes:
        entries: how many.
        bytes: that were freed, with the remembered facts.
        kept: unfinished entries that a run is writing now.
    """

    entries: int
    bytes: int
    kept: tuple[Path, ...]


def list_entries(folder: Path) -> list[Entry]:
    """The entries of a cache folder, sorted by name; none where there is no cache."""
    return [
        Entry(path, sum(file.stat().st_size for file in _own_files(path)), entry_shape(path))
        for path in _own(folder / "entries", ENTRY, PART)
        if path.is_dir()
    ]


def clear_cache(folder: Path) -> Cleared:
    """Delete the entries and what is remembered of the images; a later run builds them again.

    Raises:
        OSError: when something cannot be deleted.
    """
    freed, count, kept = 0, 0, []
    for entry in list_entries(folder):
        part = PART.fullmatch(entry.path.name)
        if part and _is_locked(folder / "locks" / f"{part[1]}.lock"):
            kept.append(entry.path)
            continue
        for file in _own_files(entry.path):
            file.unlink()
        if not any(entry.path.iterdir()):
            entry.path.rmdir()
        freed, count = freed + entry.bytes, count + 1
    for file in _own(folder / "known", KNOWN):
        freed += file.stat().st_size
        file.unlink()
    return Cleared(count, freed, tuple(kept))


def _own(folder: Path, *patterns: re.Pattern[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if any(pattern.fullmatch(path.name) for pattern in patterns) and not path.is_symlink()
    )


def _own_files(entry: Path) -> list[Path]:
    return [file for name in FILES if (file := entry / name).is_file()]


def entry_shape(entry: Path) -> tuple[int, ...] | None:
    """(N, S, S, C) of a whole entry; None for one that is unfinished, broken or absent."""
    if not ENTRY.fullmatch(entry.name):
        return None
    try:
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        shape = tuple(int(about[name]) for name in SHAPE)
        whole = (entry / "images.u8").stat().st_size == math.prod(shape)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return shape if whole else None


def _is_locked(lock: Path) -> bool:
    """Whether a run holds the lock of an entry that it writes."""
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True

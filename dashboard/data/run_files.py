"""What a visitor at the computer may do with the folder of a run: tag, archive, rename, delete it.

Tags are the lines of ``tags.txt``. A run with a file ``archived.txt`` is left out of every page.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from dashboard.data.sources import RecordSource
from fer_core.errors import FerError
from fer_core.io.files import write_whole

TAGS_FILE = "tags.txt"
ARCHIVED_FILE = "archived.txt"
MOST_TAGS, LONGEST_TAG, LONGEST_NAME = 20, 40, 100  # the last two in characters
RUNNING = "running"
_NAME = re.compile(r"[^/\\\x00-\x1f]+")


class RunFileError(FerError, ValueError):
    """A change that cannot be made; the message is one sentence."""


def read_tags(folder: Path) -> tuple[str, ...]:
    """The tags of a run; none where the file is absent, unreadable, or a link out of the folder."""
    file = folder / TAGS_FILE
    if file.is_symlink() or not file.is_file():
        return ()
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    lines = (line.strip()[:LONGEST_TAG] for line in text.splitlines()[:MOST_TAGS])
    return tuple(dict.fromkeys(line for line in lines if line))


def write_tags(folder: Path, tags: Sequence[str]) -> None:
    """Save the tags of a run; none delete the file.

    Raises:
        RunFileError: for too many or too long tags, and where the file cannot be written.
    """
    wanted = list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    if len(wanted) > MOST_TAGS:
        raise RunFileError(f"a run can have at most {MOST_TAGS} tags, got {len(wanted)}")
    if long := [tag for tag in wanted if len(tag) > LONGEST_TAG]:
        raise RunFileError(f"a tag can have at most {LONGEST_TAG} characters, got {long[0]!r}")
    try:
        if wanted:
            write_whole(folder / TAGS_FILE, "".join(f"{tag}\n" for tag in wanted).encode())
        else:
            (folder / TAGS_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise RunFileError(f"the tags cannot be written: {error}") from error


def set_archived(folder: Path, archived: bool) -> None:
    """Leave a run out of the pages, or bring it back.

    Raises:
        RunFileError: when the folder cannot be written.
    """
    try:
        if archived:
            write_whole(folder / ARCHIVED_FILE, b"Left out of the dashboard.\n")
        else:
            (folder / ARCHIVED_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise RunFileError(f"the run cannot be archived: {error}") from error


def rename_run(folder: Path, name: str, source: RecordSource, status: str) -> Path:
    """Rename the folder of a run.

    Args:
        folder: of the run.
        name: the new one, of the last part of its path.
        source: of the run.
        status: of the run.

    Returns:
        The new folder.

    Raises:
        RunFileError: for a name that cannot be one or is taken, and for a run that still trains.
    """
    _check_movable(folder, source, status, "renamed")
    name = name.strip()
    if not _NAME.fullmatch(name) or name.startswith(".") or len(name) > LONGEST_NAME:
        raise RunFileError(
            f"a name has 1 to {LONGEST_NAME} characters, no slash, and no full stop in front, "
            f"got {name!r}"
        )
    target = folder.with_name(name)
    if target.exists() or target.is_symlink():
        raise RunFileError(f"{name} exists already")
    try:
        return folder.rename(target)
    except OSError as error:
        raise RunFileError(f"the run cannot be renamed: {error}") from error


def delete_run(folder: Path, source: RecordSource, status: str) -> None:
    """Delete the folder of a run, with its weights and all other files in it.

    Args:
        folder: of the run.
        source: of the run.
        status: of the run.

    Raises:
        RunFileError: for a run that still trains, and where other runs lie in its folder.
    """
    _check_movable(folder, source, status, "deleted")
    below = [file for file in folder.rglob("run.json") if file.parent != folder]
    if below:
        raise RunFileError(f"another run lies in its folder: {below[0].parent}")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunFileError(f"the run cannot be deleted: {error}") from error


def _check_movable(folder: Path, source: RecordSource, status: str, what: str) -> None:
    if status == RUNNING:
        raise RunFileError(f"{folder.name} is still running, and cannot be {what} before it ends")
    root = source.folder.resolve()
    if folder.is_symlink() or not folder.resolve().is_relative_to(root):
        raise RunFileError(f"{folder.name} is a link, and cannot be {what} here")
    if folder.resolve() == root:
        raise RunFileError(f"{folder.name} is the source itself, and cannot be {what} here")

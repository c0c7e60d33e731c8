"""Notes on runs: ``notes.md`` in a run's folder, or ``note`` in its configuration."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_core.errors import FerError
from fer_core.io.files import write_whole

NOTES_FILE = "notes.md"
LONGEST = 10_000  # characters


class NoteError(FerError, ValueError):
    """A note that cannot be saved; the message is one sentence."""


def read_note(folder: Path, config: Mapping[str, Any]) -> str:
    """The note on a run, or an empty text; the file takes precedence over the configuration."""
    file = folder / NOTES_FILE
    if file.is_file() and not file.is_symlink():  # a link may lead to a file that is not a note
        try:
            with file.open(encoding="utf-8", errors="replace") as stream:
                return stream.read(LONGEST).strip()
        except OSError as error:
            return f"({NOTES_FILE} cannot be read: {error.strerror})"
    return str(config.get("note") or "").strip()[:LONGEST]


def can_write(folder: Path) -> bool:
    """Whether this process may write into the folder."""
    return os.access(folder, os.W_OK)


def write_note(folder: Path, text: str) -> None:
    """Save a note on a run; an empty one deletes the file.

    Raises:
        NoteError: when it is too long or the file cannot be written.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise NoteError(
            f"a note can have at most {LONGEST:,} characters, this one has {len(text):,}"
        )
    try:
        if text:
            write_whole(folder / NOTES_FILE, f"{text}\n".encode())
        else:
            (folder / NOTES_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise NoteError(f"the note cannot be written: {error}") from error

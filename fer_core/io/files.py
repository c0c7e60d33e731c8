"""Files on disk: written whole or not at all, read as text, and their names in messages."""

import json
import os
import threading
from pathlib import Path
from typing import Any

TEMPORARY = ".fer-*.tmp"  # what a process that was killed while writing leaves behind


def write_whole(file: Path, content: bytes | memoryview) -> None:
    """Write a file that stands whole or not at all, whenever the process ends.

    Args:
        file: replaced where it is there, behind a link too; its folder must exist. What is no
            regular file, as /dev/stdout, is written to.
        content: all of it.

    Raises:
        OSError: naming the file, when it cannot be written; nothing is left behind then.
    """
    file = file.resolve()
    if file.exists() and not file.is_file() and not file.is_dir():
        file.write_bytes(content)
        return
    name = TEMPORARY.replace("*", f"{os.getpid()}-{threading.get_ident()}")
    temporary = file.with_name(name)
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        # The error of a full disk has no name, and others name the temporary file.
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path, *, below: bool = False) -> None:
    """Delete what processes that were killed while writing have left in a folder.

    Args:
        folder: that no other process writes to.
        below: whether nobody writes to the folders below it either: they are cleared, too.
    """
    for file in (folder.rglob if below else folder.glob)(TEMPORARY):
        file.unlink(missing_ok=True)


def read_text(file: Path) -> str:
    """A text in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: naming the file, when it is not such a text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text: save it with that encoding") from error


LONGEST_NUMBER = 18  # digits, with the sign: what 64 bits can hold


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a text from anywhere.

    Raises:
        ValueError: when it is not JSON, is nested so deep that Python cannot follow, or has what no
            table and no page can hold: a whole number beyond 64 bits, or half of a character.
    """
    try:
        value = json.loads(text, parse_int=_whole_number)
        written = text if isinstance(text, str) else text.decode("latin-1")
        if "\\ud" in written.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deep to be read") from None
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise ValueError(f"it has {half}, half of a character of UTF-16") from None
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(
            f"it has a whole number of {len(digits)} digits, at most {LONGEST_NUMBER} are read"
        )
    return int(digits)


def displayed(path: str | os.PathLike[str]) -> str:
    r"""A path that can be printed and stored: bytes that are not UTF-8 become ``\xe9``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

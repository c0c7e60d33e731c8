"""Files that a command is to write, checked before minutes of work."""

import os
from pathlib import Path

from fer_core.datasets import DataError
from fer_core.io.files import displayed


def check_target(file: Path | None) -> None:
    """See that a file can be written there at all.

    Raises:
        DataError: when it is the terminal, a folder, or in no folder.
    """
    if file == Path("-"):
        raise DataError("name a file: '-' means the terminal only with --json")
    if file is not None and not file.parent.is_dir():
        raise DataError(f"no folder {displayed(file.parent)} to write {displayed(file.name)} to")
    if file is not None and not os.access(file if file.exists() else file.parent, os.W_OK):
        raise DataError(f"{displayed(file)} may not be written: choose another place")
    if file is not None and file.is_dir():
        raise DataError(f"{displayed(file)} is a folder, not a file to write")

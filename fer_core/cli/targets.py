"""Files that a command is to write, checked before minutes of work."""

import os
from pathlib import Path

from fer_core.datasets import DATASETS, DataError
from fer_core.datasets.base import parse_uri
from fer_core.io.files import displayed


def check_target(file: Path | None, *inputs: str | Path | None) -> None:
    """See that a file can be written there at all.

    Args:
        file: to be written; None: there is nothing to check.
        inputs: files and URIs of data sets that the command reads.

    Raises:
        DataError: when it is the terminal, a folder, in no folder, or one of the inputs.
    """
    if file == Path("-"):
        raise DataError("name a file: '-' means the terminal only with --json")
    if file is not None and not file.parent.is_dir():
        raise DataError(f"no folder {displayed(file.parent)} to write {displayed(file.name)} to")
    if file is not None and not os.access(file if file.exists() else file.parent, os.W_OK):
        raise DataError(f"{displayed(file)} may not be written: choose another place")
    if file is not None and file.is_dir():
        raise DataError(f"{displayed(file)} is a folder, not a file to write")
    if file is not None and file.exists():
        for source in inputs:
            if source is not None and _file_of(source).resolve() == file.resolve():
                raise DataError(
                    f"{displayed(file)} is read by this command: name another file to write"
                )


def _file_of(source: str | Path) -> Path:
    if isinstance(source, Path):
        return source
    kind, colon, _ = source.partition(":")
    path = parse_uri(source).path if colon and kind in DATASETS else None
    return Path(source) if path is None else path

"""Which predictions of a run are on the disk now, as a key of caches: records do not tell."""

from pathlib import Path

from fer_core.records.predictions import predictions_file

Stamp = tuple[str, int, int]


def predictions_stamp(folder: Path) -> Stamp:
    """Folder of a run, bytes of its predictions and when they were written; zeros without them."""
    file = predictions_file(folder)
    try:
        state = None if file is None else file.stat()
    except OSError:  # it has just gone
        state = None
    if state is None:
        return str(folder), 0, 0
    return str(folder), state.st_size, state.st_mtime_ns

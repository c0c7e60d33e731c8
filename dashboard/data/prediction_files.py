"""Which predictions of a run are on the disk now, as a key of caches: records do not tell."""

from pathlib import Path

from fer_core.records.predictions import PREDICTIONS_FILE

Stamp = tuple[str, int, int]


def predictions_stamp(folder: Path) -> Stamp:
    """Folder of a run, bytes of its predictions and when they were written; zeros without them."""
    try:
        state = (folder / PREDICTIONS_FILE).stat()
    except OSError:
        return str(folder), 0, 0
    return str(folder), state.st_size, state.st_mtime_ns

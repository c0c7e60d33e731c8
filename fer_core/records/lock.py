"""One process at a time writes into the folder of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fer_core.errors import FerError

LOCK_FILE = ".lock"  # empty; it may stay behind, only the system's lock on it counts


class RunLockedError(FerError, OSError):
    """Another process is at work on the run."""


@contextmanager
def lock_run(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the folder of a run, which is made where it is absent.

    The lock ends with the process, however that ends. In one thread it may be taken again while it
    is held, so that a sweep's attempt holds it around the training, which takes it as well.

    Args:
        folder: of the run.
        patience: seconds to wait for another process.

    Raises:
        RunLockedError: when another process holds it for longer than that.
        OSError: when the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.resolve() / LOCK_FILE, is_singleton=True)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise RunLockedError(
            f"another process is at work on the run in {folder}: wait for its end or end it, or "
            "name another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()

"""A run that is asked to end: by Ctrl-C, or by SIGTERM as schedulers send it."""

import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from fer_core.errors import Terminated
from fer_core.io.wording import counted


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` in the block, where Python lets signals do so.

    That is the main thread; a handler of the calling program stays in place.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def how_to_go_on(error: KeyboardInterrupt, folder: Path, completed: int, *, given: bool) -> str:
    """What the record of an interrupted run says.

    Args:
        error: that ended it.
        folder: of the record.
        completed: epochs that have a checkpoint.
        given: whether the data were given as an object, which a command line cannot name.
    """
    cause = "SIGTERM" if isinstance(error, Terminated) else "Ctrl-C"
    again = "give the same command again"
    if not completed and given:
        return f"ended by {cause} in its first epoch: {again}"
    if not completed:
        return f"ended by {cause} in its first epoch: delete {folder} and start the run again"
    epochs = counted(completed, "epoch")
    if given:
        return (
            f"ended by {cause} after {epochs}: {again}, or go on in Python "
            "with train(..., resume=True) and the same dataset"
        )
    run = shlex.quote(str(folder))
    return f"ended by {cause} after {epochs}: go on with fer-core train --resume {run}"


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated

"""The work of a sweep: start what waits, note how it ended, try again what failed."""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.config import to_json, without_folders
from fer_core.io.files import write_whole
from fer_core.records.failures import record_failure
from fer_core.records.run import RUN_FILE
from fer_core.sweeping.pool import Pool
from fer_core.sweeping.process import PROGRAM, Attempt
from fer_core.sweeping.status import RunProgress
from fer_core.sweeping.table import SweepTable, end_line

POLL = 0.2  # seconds between two polls of the processes
REFRESH = 1.0  # seconds between two readings of the records


@dataclass(frozen=True)
class SweepSetup:
    """What all attempts of a sweep have in common.

    Attributes:
        notes: folder for the configurations and locks of the runs.
        options: of fer-core train.
        threads: CPU threads of an attempt.
        here: the folder that relative paths start from.
        retries: further attempts at a run that failed.
        program: the command that attempts a run.
    """

    notes: Path
    options: tuple[str, ...]
    threads: int
    here: Path
    retries: int = 1
    program: tuple[str, ...] = PROGRAM

    def attempt(self, one: RunProgress) -> Attempt:
        """The next attempt at a run."""
        return Attempt(
            name=one.run.name,
            folder=one.folder.absolute(),
            config_file=self.config_file(one).absolute(),
            options=self.options,
            threads=self.threads,
            here=self.here,
            program=self.program,
        )

    def config_file(self, one: RunProgress) -> Path:
        """Where the run's whole configuration is, for its process."""
        return self.notes / f"{one.run.name}.json"

    def write_config(self, one: RunProgress) -> None:
        """Write the run's whole configuration.

        Raises:
            OSError: when it cannot be written.
        """
        text = json.dumps(to_json(one.run.config), indent=1)
        write_whole(self.config_file(one), f"{text}\n".encode())


def carry_out(
    progress: Sequence[RunProgress],
    pool: Pool,
    setup: SweepSetup,
    table: SweepTable,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Attempt every waiting run until it has finished, or failed for good.

    Raises:
        OSError: when the configurations of the runs cannot be written.
    """
    waiting = deque(one for one in progress if one.state == "waiting")
    for one in waiting:
        setup.write_config(one)
    at_work: dict[str, tuple[RunProgress, bytes]] = {}
    refreshed = 0.0
    while waiting or at_work:
        while waiting and pool.free():
            one = waiting.popleft()
            one.state, one.tries = "running", one.tries + 1
            at_work[one.run.name] = one, _record_text(one)
            pool.start(setup.attempt(one))
        for ended in pool.ended():
            one, before = at_work.pop(ended.name)
            settle(one, ended.error, before, setup.retries)
            if one.state == "waiting":
                waiting.append(one)  # behind all others
            table.say(end_line(one))
        if time.monotonic() - refreshed >= REFRESH:
            for one, _ in at_work.values():
                one.refresh()
            table.show(progress)
            refreshed = time.monotonic()
        if at_work:
            pause(POLL)


def settle(one: RunProgress, error: str | None, before: bytes, retries: int) -> None:
    """Note how an attempt ended; the record of one that failed then says why.

    Args:
        one: the run, changed in place.
        error: what its process said at its end, None when it ended well.
        before: the text of its record when the attempt began.
        retries: further attempts that a failed run may have.
    """
    record = one.refresh()
    if record and record.status == "finished":
        one.state, one.error = "finished", None
        return
    error = error or "the process ended without an error, but the record is not finished"
    if record and record.status == "failed" and record.error and _record_text(one) != before:
        error = record.error  # the run wrote it itself, in full
    else:
        try:
            record_failure(one.folder, to_json(without_folders(one.run.config)), error)
        except (OSError, ValueError) as unwritten:
            error = f"{error} (its record cannot say so: {unwritten})"
    one.error = error
    one.state = "waiting" if one.tries <= retries else "failed"


def _record_text(one: RunProgress) -> bytes:
    file = one.folder / RUN_FILE
    return file.read_bytes() if file.exists() else b""

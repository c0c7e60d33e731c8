"""An attempt at a run of a sweep, seen from outside: its process, its log, how it ended."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fer_core

LOG_FILE = "log.txt"
PROGRAM = (sys.executable, "-m", "fer_core.cli.sweep_run", "--end-with-sweep")
ROOT = Path(fer_core.__file__).resolve().parents[1]


@dataclass(frozen=True)
class Attempt:
    """What a process needs to attempt a run; the same on every machine.

    Attributes:
        name: of the run.
        folder: of its record, absolute.
        config_file: its configuration, JSON, absolute.
        options: of fer-core train, besides configuration and folder.
        threads: CPU threads that it may use.
        here: the folder that relative paths start from.
        program: the command that attempts a run.
    """

    name: str
    folder: Path
    config_file: Path
    options: tuple[str, ...]
    threads: int
    here: Path
    program: tuple[str, ...] = PROGRAM


@dataclass(frozen=True)
class AttemptResult:
    """How an attempt ended.

    Attributes:
        name: of the run.
        error: the sentence that says what stopped it, or None: it says that it is finished.
    """

    name: str
    error: str | None


class AttemptProcess:
    """A process at work on an attempt, and the pipe that keeps it alive."""

    def __init__(self, attempt: Attempt, gpu: str | None = None) -> None:
        """Start the process.

        Args:
            attempt: what to do.
            gpu: the only device that it shall see, as CUDA_VISIBLE_DEVICES names it; None: as it
                is.

        Raises:
            OSError: when the log cannot be written or the process not be started.
        """
        self.attempt = attempt
        self.gpu = gpu
        attempt.folder.mkdir(parents=True, exist_ok=True)
        with (attempt.folder / LOG_FILE).open("ab") as log:
            command = [*attempt.program, str(attempt.config_file), str(attempt.folder)]
            now = datetime.now(UTC).isoformat(timespec="seconds")
            log.write(f"--- {now} {' '.join([*command, *attempt.options])}\n".encode())
            log.flush()
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                [*command, *attempt.options],
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=attempt.here,
                env=_environment(attempt.threads, gpu),
                start_new_session=True,  # Ctrl-C reaches the sweep alone, which ends its attempts
            )

    def poll(self) -> AttemptResult | None:
        """How the attempt ended, or None while it goes on."""
        code = self.process.poll()
        return None if code is None else self._ended(code)

    def wait(self) -> AttemptResult:
        """Wait for the end."""
        return self._ended(self.process.wait())

    def release(self) -> None:
        """Close the pipe: the process ends by itself."""
        if self.process.stdin:
            self.process.stdin.close()

    def _ended(self, code: int) -> AttemptResult:
        self.release()
        if code == 0:
            return AttemptResult(self.attempt.name, None)
        if code < 0:
            return AttemptResult(self.attempt.name, signal_error(-code))
        said = last_line(self.attempt.folder / LOG_FILE, self.log_start)
        return AttemptResult(self.attempt.name, said or f"ended with exit code {code} and no word")


def signal_error(number: int) -> str:
    """The sentence for a process that a signal ended."""
    try:
        name = f" ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal, which has no name
        name = ""
    hint = ": often the memory was full" if name == " (SIGKILL)" else ""
    return f"killed by signal {number}{name}{hint}"


def last_line(log: Path, start: int) -> str:
    """What stopped a process: the first line of its last error, or else the last line.

    Args:
        log: of the process.
        start: bytes of it that were there before.

    Returns:
        Without ``error: ``; empty when nothing was written.
    """
    with log.open("rb") as stream:
        stream.seek(max(start, log.stat().st_size - 65536))
        lines = stream.read().decode("utf-8", "replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if line.startswith("error: ")]
    return (errors or said or [""])[-1].removeprefix("error: ")


def _environment(threads: int, gpu: str | None) -> dict[str, str]:
    """The process' environment: the same program as this one, its share of the machine."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    shares = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
    return {
        **os.environ,
        **{name: str(count) for name, count in shares.items()},
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",  # what a process said before it was killed is in the log
        "TQDM_MININTERVAL": "60",  # seconds between two lines of a progress bar in the log
        **({} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}),
    }

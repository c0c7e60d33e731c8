"""The process that computes attention maps: started once, so that PyTorch is loaded once."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import IO, NamedTuple

from dashboard.analysis.map_choices import ROOT, MapsError

TIME_LIMIT = 120.0  # seconds, for one question
IDLE_LIMIT = 900.0  # seconds without a question, after which the process ends
# More threads make nothing of a dozen small faces faster, and take cores from browser and page.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
MODULE = "fer_core.cli.map_worker"

_LOG = logging.getLogger(__name__)


class _Started(NamedTuple):
    """A process with its pipes; what it complains of goes to a file that nobody has to read."""

    process: subprocess.Popen[str]
    questions: IO[str]
    answers: IO[str]
    complaints: IO[bytes]


class MapWorker:
    """Runs ``fer-core maps`` in a process that stays; safe to use from several threads."""

    def __init__(self, limit: float = TIME_LIMIT, idle: float = IDLE_LIMIT) -> None:
        """The process starts with the first question.

        Args:
            limit: seconds that an answer may take; the process is killed after that.
            idle: seconds without a question, after which the process ends.
        """
        self._limit, self._idle = limit, idle
        self._started: _Started | None = None
        self._ending: threading.Timer | None = None
        self._lock = threading.RLock()

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._started is not None and self._started.process.poll() is None

    def ask(self, commands: Sequence[Sequence[str]]) -> list[str]:
        """Run some commands one after the other.

        Args:
            commands: the options of ``fer-core maps`` of each.

        Returns:
            The error of each as a sentence; empty where it succeeded.

        Raises:
            MapsError: when the process does not start, breaks down or takes too long.
        """
        with self._lock:
            self._stop_waiting()
            started = self._start()
            late = threading.Timer(self._limit, started.process.kill)
            late.daemon = True
            late.start()
            begin = os.fstat(started.complaints.fileno()).st_size
            try:
                started.questions.write(json.dumps([list(words) for words in commands]) + "\n")
                started.questions.flush()
                answer = started.answers.readline()
            except BrokenPipeError:  # it ended before it had read the question
                answer = ""
            timed_out = late.finished.is_set()
            late.cancel()
            if answer:
                self._wait_idle()
                return json.loads(answer)
            code = started.process.wait()
            started.complaints.seek(begin)  # now that the process, which shares the place, is gone
            said = started.complaints.read().decode(errors="replace")
            self.close()
            if timed_out:
                raise MapsError(
                    f"Computing the maps took longer than {self._limit:g} seconds; run the command "
                    "yourself, or choose a folder with fewer images."
                )
            raise MapsError(_reason(code, said))

    def close(self) -> None:
        """End the process; the next question starts another one."""
        with self._lock:
            self._stop_waiting()
            if self._started is None:
                return
            self._started.process.kill()
            self._started.process.wait()
            for pipe in self._started[1:]:
                try:
                    pipe.close()
                except BrokenPipeError:
                    _LOG.debug("the worker ended with a question unread")
            self._started = None

    def _start(self) -> _Started:
        if self.running and self._started is not None:
            return self._started
        self.close()
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        complaints = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", MODULE],
                env={**ONE_THREAD, **os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        except OSError as error:
            complaints.close()
            raise MapsError(f"The process could not be started: {error}.") from error
        assert process.stdin is not None
        assert process.stdout is not None
        self._started = _Started(process, process.stdin, process.stdout, complaints)
        return self._started

    def _wait_idle(self) -> None:
        self._ending = threading.Timer(self._idle, self.close)
        self._ending.daemon = True
        self._ending.start()

    def _stop_waiting(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None


def as_sentence(text: str) -> str:
    """An error of the command as a whole sentence."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def _reason(code: int, output: str) -> str:
    """One sentence from the last line that a failed process printed."""
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    if last.startswith("ModuleNotFoundError"):
        return f"The maps need a package that is not installed here ({last}): pip install -e ."
    return as_sentence(last.removeprefix("error: ") or f"the process ended with code {code}")

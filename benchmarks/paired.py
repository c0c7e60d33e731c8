"""Two programs measured in turns, one unit of work each, and their ratio with its interval.

Both stay alive in processes of their own, so each pair of times is of the same seconds of the same
machine, and what disturbs the machine disturbs both.
"""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch
from numpy.random import default_rng

RESAMPLES = 2000
# Starts the work in its process: each item of what it gives is one finished unit.
Start = Callable[..., Iterator[None]]


class Cost(NamedTuple):
    """What one unit of work took.

    Attributes:
        seconds: by the clock.
        cpu_seconds: of all threads and of child processes.
    """

    seconds: float
    cpu_seconds: float


class Memory(NamedTuple):
    """Bytes of a process.

    Attributes:
        peak: above ``idle``; on the GPU, where the work is there.
        idle: what the process had when the work began: its libraries.
    """

    peak: int
    idle: int


@dataclass(frozen=True)
class PairedRatio:
    """How many times as much time the other takes.

    Attributes:
        ratio: median over pairs.
        low, high: its 95 % interval, by a bootstrap over the pairs.
        pairs: their number.
    """

    ratio: float
    low: float
    high: float
    pairs: int


def paired_ratio(of_other: Sequence[float], own: Sequence[float]) -> PairedRatio:
    """Median of the ratios other / own, pair by pair.

    Raises:
        ValueError: without a pair, or when the two differ in number.
    """
    if len(of_other) != len(own) or not own:
        raise ValueError(f"a ratio needs pairs, got {len(of_other)} and {len(own)} times")
    ratios = np.array(of_other) / np.array(own)
    drawn = default_rng(0).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), (0.025, 0.975))
    value, low, high = (round(float(x), 3) for x in (np.median(ratios), low, high))
    return PairedRatio(value, low, high, len(ratios))


def take_turns(workers: Sequence["Worker"], units: int, warm_up: int) -> list[list[Cost]]:
    """The costs of ``units`` units of each worker, one after the other, after ``warm_up`` units.

    The order within a pair changes from pair to pair.
    """
    costs: list[list[Cost]] = [[] for _ in workers]
    for turn in range(warm_up + units):
        numbers = list(range(len(workers)))
        for number in numbers if turn % 2 else reversed(numbers):
            cost = workers[number].unit()
            if turn >= warm_up:
                costs[number].append(cost)
    return costs


class Worker(AbstractContextManager["Worker"]):
    """A process that does a unit of work whenever it is asked."""

    def __init__(self, start: Start, *arguments: Any) -> None:  # noqa: ANN401 - passed on
        """Start the process; ``start(*arguments)`` is called there and must be importable."""
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        # No daemon: the work may start processes of its own.
        self._process = context.Process(target=_serve, args=(theirs, start, arguments))
        self._process.start()
        theirs.close()

    def unit(self) -> Cost:
        """Do one unit of work.

        Raises:
            RuntimeError: when the process has ended, with its exit code.
        """
        self._connection.send("unit")
        return self._answer()

    def memory(self) -> Memory:
        """Of the process, without its children."""
        self._connection.send("memory")
        return self._answer()

    def _answer(self) -> Any:  # noqa: ANN401 - a Cost or a Memory
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            raise RuntimeError(f"the measured process ended with exit code {code}") from None

    def __exit__(self, *error: object) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(connection: Connection, start: Start, arguments: tuple[Any, ...]) -> None:
    process = psutil.Process()
    idle = process.memory_info().rss
    work = start(*arguments)
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return
        if asked == "memory":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - idle
            if torch.cuda.is_initialized():
                peak = torch.cuda.max_memory_allocated()
            connection.send(Memory(peak, idle))
            continue
        began, used = time.perf_counter(), _cpu_seconds(process)
        next(work)
        connection.send(Cost(time.perf_counter() - began, _cpu_seconds(process) - used))


def _cpu_seconds(process: psutil.Process) -> float:
    """Of this process and those it has started."""
    total = time.process_time()
    for child in process.children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return total

"""Where the attempts of a sweep run: on this machine here, on others in `train.ray_pool`."""

import os
import subprocess
from collections.abc import Sequence
from typing import Protocol

import psutil

from fer_core.machine import cores
from fer_core.sweeping.process import Attempt, AttemptProcess, AttemptResult

RUN_MEMORY = 4 * 2**30  # bytes that a run may need: MobileNetV2 at 64 pixels takes half of them
PATIENCE = 10.0  # seconds that an attempt has to end when its sweep is stopped


class Pool(Protocol):
    """Where attempts are made."""

    def free(self) -> bool:
        """Whether one more can start."""
        ...

    def start(self, attempt: Attempt) -> None:
        """Start one; one more must be able to start."""
        ...

    def ended(self) -> list[AttemptResult]:
        """Those that have ended since the last call; does not wait."""
        ...

    def stop(self) -> None:
        """End all that still run; they can be resumed."""
        ...


class ProcessPool:
    """Attempts side by side on this machine, each in a slot: a share of a GPU, or of the CPU."""

    def __init__(self, slots: Sequence[str | None]) -> None:
        """Keep the slots: for each the GPU that an attempt in it sees, or None."""
        self._slots = list(slots)
        self._running: list[AttemptProcess] = []
        self._failed_starts: list[AttemptResult] = []

    def free(self) -> bool:
        """Whether a slot is free."""
        return bool(self._slots)

    def start(self, attempt: Attempt) -> None:
        """Start a process, on the GPU with the fewest; one that cannot start has ended so."""
        slot = min(self._slots, key=lambda gpu: sum(one.gpu == gpu for one in self._running))
        try:
            self._running.append(AttemptProcess(attempt, slot))
            self._slots.remove(slot)
        except OSError as error:
            self._failed_starts.append(
                AttemptResult(attempt.name, f"the run cannot be started: {error}")
            )

    def ended(self) -> list[AttemptResult]:
        """Those that have ended since the last call; their slots are free again."""
        ended, self._failed_starts = self._failed_starts, []
        for running in list(self._running):
            how = running.poll()
            if how is not None:
                self._running.remove(running)
                self._slots.append(running.gpu)
                ended.append(how)
        return ended

    def stop(self) -> None:
        """Let all go, and kill what has not ended after some seconds."""
        for running in self._running:
            running.release()
        for running in self._running:
            try:
                running.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
        self._running.clear()


def machine_slots(device: str, jobs: int | None, per_gpu: int, runs: int) -> list[str | None]:
    """The slots of this machine.

    Args:
        device: cpu, cuda, or auto: the GPUs where there are some.
        jobs: runs at a time; None: as many as the GPUs take, on the CPU one a core.
        per_gpu: runs that share a GPU.
        runs: that wait; without ``jobs`` the CPU has no more slots, nor more than its memory takes.

    Raises:
        ValueError: when there is no GPU but must be, or there are too few for so many runs.
    """
    gpus = [] if device == "cpu" else visible_gpus()
    if not gpus:
        if device == "cuda":
            raise ValueError("--device cuda, but this machine shows no GPU")
        return [None] * (jobs or _cpu_slots(runs))
    slots: list[str | None] = [*gpus] * per_gpu
    if jobs and jobs > len(slots):
        raise ValueError(
            f"--jobs {jobs} is more than {len(gpus)} GPU(s) take at {per_gpu} run(s) each: "
            "raise --per-gpu, or lower --jobs"
        )
    return slots[:jobs]


def _cpu_slots(runs: int) -> int:
    """As many as there are cores and memory for: runs of one thread each do the most work."""
    room = psutil.virtual_memory().available // RUN_MEMORY
    return max(1, min(cores(), runs, room))


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch  # seconds, and only a sweep that may use a GPU needs them

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",")[:count] if named else [str(index) for index in range(count)]

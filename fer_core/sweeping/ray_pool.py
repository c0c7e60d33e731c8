"""Attempts of a sweep as Ray tasks, where one machine is too small; Ray is an extra of its own.

Each task starts the very process that a sweep on one machine starts, on whatever machine Ray
chooses, and waits for it. When the sweep is gone Ray ends its tasks, and they their processes.
"""

import logging
import os
import socket
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from fer_core.machine import cores
from fer_core.sweeping.process import Attempt, AttemptProcess, AttemptResult

CONNECT_SECONDS = 10.0
STORE_BYTES = 80 * 2**20  # Ray's shared memory: no data go through it


class RayPool:
    """Attempts on a Ray cluster; each takes a share of a GPU, or some CPU cores."""

    def __init__(
        self,
        address: str,
        *,
        marker: Path,
        device: str,
        threads: int | None,
        per_gpu: int,
        jobs: int | None,
    ) -> None:
        """Connect to a cluster, or start one on this machine.

        Args:
            address: ``local``, or a cluster's HOST:PORT.
            marker: a file to write next to the records: a machine that finds it sees them.
            device: cpu, cuda, or auto: the GPUs where the cluster has some.
            threads: CPU threads of an attempt, which takes as many cores where it has no GPU; None:
                one, or what a machine has for each share of its GPUs.
            per_gpu: attempts that share a GPU.
            jobs: attempts at a time; None: as many as there is room for.

        Raises:
            ValueError: when Ray is not installed, the cluster cannot be reached, or none of its
                machines has room for an attempt.
            OSError: when the marker cannot be written.
        """
        self._ray = _connect(address)
        self._marker, self._token = marker, uuid.uuid4().hex
        marker.write_text(self._token, encoding="utf-8")
        self._jobs = jobs
        self._tasks: dict[Any, str] = {}
        self._gpu = device != "cpu" and self._room("GPU", 1 / per_gpu) > 0
        self.threads = threads or (self._cores_per_share(1 / per_gpu) if self._gpu else 1)
        self._resource, self._share = ("GPU", 1 / per_gpu) if self._gpu else ("CPU", self.threads)
        if device == "cuda" and not self._gpu:
            self.stop()
            raise ValueError("--device cuda, but no machine of the Ray cluster has a GPU")
        if not self._room(self._resource, self._share):
            self.stop()
            raise ValueError(
                f"no machine of the Ray cluster has the {self.threads} cores of --threads"
            )
        self._attempt = self._ray.remote(attempt_remotely).options(
            num_cpus=0 if self._gpu else self.threads,
            num_gpus=1 / per_gpu if self._gpu else 0,
            max_retries=0,  # the sweep tries again itself
        )

    def free(self) -> bool:
        """Whether one more can start; with ``jobs`` the cluster may have to grow for it."""
        return len(self._tasks) < (self._jobs or self._room(self._resource, self._share))

    def start(self, attempt: Attempt) -> None:
        """Hand one to Ray."""
        self._tasks[self._attempt.remote(attempt, self._marker, self._token)] = attempt.name

    def ended(self) -> list[AttemptResult]:
        """Those that have ended since the last call; what Ray itself reports is their error."""
        if not self._tasks:
            return []
        done, _ = self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
        ended: list[AttemptResult] = []
        for task in done:
            name = self._tasks.pop(task)
            try:
                ended.append(self._ray.get(task))
            except self._ray.exceptions.RayError as error:
                ended.append(AttemptResult(name, f"Ray lost the run: {error}"))
        return ended

    def stop(self) -> None:
        """End all that still run, and leave the cluster; one that was started here ends."""
        for task in self._tasks:
            self._ray.cancel(task, force=True)
        self._tasks.clear()
        self._ray.shutdown()

    def _room(self, resource: str, share: float) -> int:
        """How many attempts the machines that are up have room for, others' work aside."""
        return sum(_shares(machine, resource, share) for machine in self._machines())

    def _cores_per_share(self, share: float) -> int:
        """CPU cores for each share of a GPU, on the machine that has the fewest."""
        shares = [(machine, _shares(machine, "GPU", share)) for machine in self._machines()]
        return max(1, min(int(one.get("CPU", 0)) // count for one, count in shares if count))

    def _machines(self) -> list[dict[str, float]]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]


def attempt_remotely(attempt: Attempt, marker: Path, token: str) -> AttemptResult:
    """Make an attempt on the machine that Ray has chosen, and wait for its end."""
    machine = socket.gethostname()
    sees = {
        marker.parent: marker.exists() and marker.read_text(encoding="utf-8") == token,
        attempt.here: attempt.here.is_dir(),
    }
    for folder, seen in sees.items():
        if not seen:
            return AttemptResult(
                attempt.name,
                f"{machine} does not see this sweep's {folder}: all machines of a sweep need its "
                "folders under the same paths, on a shared disk",
            )
    here = replace(attempt, program=(sys.executable, *attempt.program[1:]))
    try:
        return AttemptProcess(here).wait()
    except OSError as error:
        return AttemptResult(attempt.name, f"the run cannot be started on {machine}: {error}")


def _shares(machine: dict[str, float], resource: str, share: float) -> int:
    return int(machine.get(resource, 0) / share + 1e-6)  # a third of a GPU fits three times


def _connect(address: str) -> ModuleType:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Not yet Ray's default: a task without a GPU leaves the visible devices as they are.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ValueError(
            "--ray needs Ray, which is not installed: pip install 'fer-core[ray]'"
        ) from error
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    own = {
        "num_cpus": cores(),
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
    }
    try:
        _check_port(address)
        ray.init(address, **quiet, **(own if address == "local" else {}))
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ValueError(
            f"--ray {address}: no cluster can be used there (one that asks for a token needs "
            f"RAY_AUTH_MODE=token): {error}"
        ) from error
    return ray


def _check_port(address: str) -> None:
    """Connect to HOST:PORT once: Ray itself waits for minutes where nothing listens."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.removeprefix("ray://"), int(port)), CONNECT_SECONDS).close()

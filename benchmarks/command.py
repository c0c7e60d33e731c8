"""What the library costs before it does anything: ``import fer_core`` and ``fer-core --help``.

Each is a process of its own, compared with a bare interpreter, in turns; the figures are medians.

    python -m benchmarks.command
"""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import tyro

CASES = {
    "bare interpreter": ("-c", "pass"),
    "import fer_core": ("-c", "import fer_core"),
    "fer-core --help": ("-m", "fer_core", "--help"),
}


@dataclass(frozen=True)
class Command:
    """Measure how long the library takes to start."""

    rounds: int = 20
    """Processes of each kind."""


def main() -> None:
    """Measure, and print a line for each kind."""
    command = tyro.cli(Command, prog="python -m benchmarks.command")
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(command.rounds):
        for name, arguments in CASES.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - start)
    bare = statistics.median(seconds["bare interpreter"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<18} {median:.3f} s, {median - bare:.3f} s over the bare interpreter")


if __name__ == "__main__":
    main()

"""The runs of a sweep as shell commands, for GNU parallel or the array jobs of SLURM."""

import shlex
import sys
from collections.abc import Sequence

from fer_core.sweeping.scheduler import SweepSetup
from fer_core.sweeping.status import RunProgress

PROGRAM = (sys.executable, "-m", "fer_core", "sweep-run")


def write_commands(progress: Sequence[RunProgress], setup: SweepSetup) -> list[str]:
    """A command for each run that is not finished; its configuration is written to a file.

    Each starts its run or goes on with it, from any current folder and in any order, on every
    machine that sees these folders and this Python under the same paths.

    Args:
        progress: the runs of the sweep.
        setup: what their attempts have in common.

    Raises:
        OSError: when a configuration cannot be written.
    """
    commands = []
    for one in progress:
        if one.state == "waiting":
            setup.write_config(one)
            attempt = setup.attempt(one)
            words = [*PROGRAM, str(attempt.config_file), str(attempt.folder), *attempt.options]
            commands.append(f"cd {shlex.quote(str(attempt.here))} && {shlex.join(words)}")
    return commands

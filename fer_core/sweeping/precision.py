"""One precision for all runs of a sweep, so that they compare (docs/sweeps.md).

Where a run's precision is ``auto``, a CPU with native bfloat16 times a step in both precisions. Two
runs may then decide differently, and their difference is no longer that of the methods.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from fer_core.machine import Device
from fer_core.records.run import RecordError, read_run
from fer_core.sweeping.plan import PlannedRun
from fer_core.sweeping.status import RunProgress
from fer_core.training.precision import choose_precision

AUTO = "auto"
LEFT_TO_THE_RUNS = (
    "precision 'auto' is decided where each run starts; runs compare only in one precision: "
    "if the machines differ, set precision = 'no' or 'bf16' in the plan"
)


def waits_for_precision(progress: Sequence[RunProgress]) -> bool:
    """Whether a run that waits has the precision ``auto``."""
    return any(_undecided(one) for one in progress)


def agree_on_precision(progress: Sequence[RunProgress], device: Device) -> list[str]:
    """Give the waiting runs whose precision is ``auto`` the same one.

    A run that has begun keeps its precision, and the others take that of the first of these. If
    none has begun, a step of the first run is timed on a CPU; the GPUs of one machine need no
    timing and choose alike.

    Args:
        progress: all runs of the plan; those that wait are changed in place.
        device: that the runs get.

    Returns:
        What to say about it, one line each.

    Raises:
        BackboneError, OSError: where a step has to be timed, and the network cannot be built.
    """
    undecided = [one for one in progress if _undecided(one)]
    if not undecided:
        return []
    begun = {one.run.name: value for one in progress if (value := _recorded_precision(one))}
    if begun:
        name, chosen = next(iter(begun.items()))
        reason = f"as in {name}"
    elif device != "cpu" and (torch.cuda.is_available() or torch.backends.mps.is_available()):
        return []
    else:
        choice = choose_precision(undecided[0].run.config, device)
        chosen, reason = choice.precision, choice.reason
    for one in undecided:
        own = begun.get(one.run.name, chosen)
        one.run = PlannedRun(one.run.name, replace(one.run.config, precision=own))
    said = [f"precision {chosen!r} for all runs: {reason}"]
    others = [f"{name} ({value!r})" for name, value in begun.items() if value != chosen]
    if others:
        said = [
            f"precision {chosen!r} for the runs that have not begun: {reason}",
            f"another precision, so not comparable with these: {', '.join(others)}",
        ]
    return said


def _undecided(one: RunProgress) -> bool:
    return one.state == "waiting" and one.run.config.precision == AUTO


def _recorded_precision(one: RunProgress) -> str | None:
    """What ``auto`` came to in a run that has begun, else None."""
    if one.run.config.precision != AUTO:
        return None
    try:
        precision = read_run(one.folder).config.get("precision")
    except RecordError:  # there is none yet
        return None
    return None if precision == AUTO else precision  # of a run that failed before it chose

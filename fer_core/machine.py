"""The machine that the program runs on."""

import os
import sys
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]  # auto: the GPU where there is one


def cores() -> int:
    """CPU cores that this process may use; fewer than the machine has, in a container."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

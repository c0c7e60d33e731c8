"""The machine that the program runs on."""

import ctypes
import os
import sys
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]  # auto: the GPU where there is one


def cores() -> int:
    """CPU cores that this process may use; fewer than the machine has, in a container."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Options of mallopt(3) of the GNU C library.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for what it needs next.

    Every training step needs the same gigabytes again. The GNU C library gives large blocks back to
    the system and gets them anew, zeroed page by page: a fifth of a step of MobileNetV2 on two
    cores (docs/experiments.md). The memory is the process's until it ends.

    Returns:
        Whether the C library took the setting; others than the GNU one have none.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((M_MMAP_THRESHOLD, 2**30), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**26))
    return all(mallopt(option, value) == 1 for option, value in settings)

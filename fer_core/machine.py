"""The machine that the program runs on."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]  # auto: the GPU where there is one


def cores() -> int:
    """CPU cores that this process may use; fewer than the machine has, in a container."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


CPU_INFO = Path("/proc/cpuinfo")
# What processors that multiply bfloat16 call it: Intel and AMD with AVX-512 or AMX, and ARM.
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


def has_bf16(cpu_info: Path = CPU_INFO) -> bool | None:
    """Whether the CPU multiplies bfloat16 itself; None where that cannot be known.

    Without it PyTorch converts to and fro, and is slower than in float32.
    """
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        return None
    flags = {
        flag
        for name, _, value in (line.partition(":") for line in lines)
        if name.strip() in ("flags", "Features")
        for flag in value.split()
    }
    return bool(flags & BF16_FLAGS) if flags else None


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

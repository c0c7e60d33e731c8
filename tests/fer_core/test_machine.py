import os
import platform
import subprocess
import sys

import pytest

from fer_core.machine import cores, has_bf16


def test_there_is_a_core_to_work_on():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot be asked")
def test_only_the_cores_that_may_be_used_count():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("model name\t: bf16 wonder\nflags\t\t: fpu avx512f avx512_vnni\n", False),
        ("flags\t\t: fpu avx512f avx512_bf16\n", True),
        ("flags\t\t: fpu\n\nflags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("Features\t: fp asimd\n", False),
        ("processor\t: 0\n", None),
        ("", None),
    ],
)
def test_the_flags_of_the_processor_tell_whether_it_multiplies_bfloat16(tmp_path, text, known):
    (tmp_path / "cpuinfo").write_text(text)
    assert has_bf16(tmp_path / "cpuinfo") is known


def test_where_there_are_no_flags_nothing_is_known(tmp_path):
    assert has_bf16(tmp_path / "absent") is None


FAULTS = """
import resource, sys
import torch
from fer_core.machine import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def step():
    return [torch.empty(size * 2**20, dtype=torch.uint8).fill_(1) for size in (5, 9, 17, 33, 50)]
for _ in range(20):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of the GNU C library")
@pytest.mark.slow
def test_kept_memory_is_not_asked_for_again():
    program = [sys.executable, "-c", FAULTS]
    given_back, kept = (int(subprocess.check_output([*program, way])) for way in ("give", "keep"))
    assert given_back > 20_000  # 114 MB page by page
    assert kept < 0.2 * given_back

"""What a benchmark found, as JSON, with the facts of the machine that its figures hold for.

``benchmarks/results`` has the files that README and docs quote: `fer-core report` writes their
tables from the ``ratios`` of these files.
"""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import fer_core
from benchmarks.paired import PairedRatio
from fer_core.io.files import write_whole
from fer_core.machine import CPU_INFO, cores, has_bf16


def as_json(figures: Mapping[str, Any] | list[Any]) -> str:
    """The document that a benchmark prints; a list of figures stands under ``results``."""
    named = figures if isinstance(figures, Mapping) else {"results": figures}
    return json.dumps({"machine": machine_facts()} | dict(named), indent=1)


def write_result(figures: Mapping[str, Any] | list[Any], file: Path | None) -> None:
    """Print the document, and write it where ``--json`` says.

    Raises:
        OSError: when the file cannot be written.
    """
    document = as_json(figures)
    print(document)
    if file is not None:
        write_whole(file, f"{document}\n".encode())


def ratio_entry(
    what: str,
    against: str,
    wall: PairedRatio,
    *,
    precision: str,
    threads: int,
    cpu: PairedRatio | None = None,
    memory: float | None = None,
) -> dict[str, Any]:
    """One row of ``ratios``: how many times as fast ``what`` is as ``against``.

    Args:
        what: was measured.
        against: what.
        wall: ratio of the times by the clock.
        precision: of both, or ``ours against theirs``.
        threads: CPU threads of each.
        cpu: ratio of the CPU times; None: not measured.
        memory: peak of ``what`` in peaks of ``against``; None: not measured.
    """
    entry: dict[str, Any] = {
        "what": what,
        "against": against,
        "precision": precision,
        "threads": threads,
        "ratio": [wall.ratio, wall.low, wall.high],
        "pairs": wall.pairs,
    }
    if cpu is not None:
        entry["cpu_ratio"] = [cpu.ratio, cpu.low, cpu.high]
    if memory is not None:
        entry["memory_ratio"] = round(memory, 3)
    return entry


def machine_facts(cpu_info: Path = CPU_INFO) -> dict[str, Any]:
    """Processor, its cores and whether it multiplies bfloat16, GPU, and versions."""
    return {
        "cpu": cpu_name(cpu_info),
        "cores": cores(),
        "bf16": has_bf16(cpu_info),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "fer_core": fer_core.__version__,
    }


def cpu_name(cpu_info: Path = CPU_INFO) -> str:
    """The processor's name, or its architecture where nothing says it."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())

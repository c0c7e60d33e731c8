"""What a benchmark found, as JSON, with the facts of the machine that its figures hold for."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import fer_core
from fer_core.machine import CPU_INFO, cores, has_bf16


def as_json(figures: Mapping[str, Any] | list[Any]) -> str:
    """The document that a benchmark prints; a list of figures stands under ``results``."""
    named = figures if isinstance(figures, Mapping) else {"results": figures}
    return json.dumps({"machine": machine_facts()} | dict(named), indent=1)


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

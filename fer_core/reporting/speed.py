"""How many times as fast: a Markdown table of the ratios that benchmarks have written.

A file of ``benchmarks/results`` has the facts of its ``machine`` and ``ratios``, each measured in
turns in one run (`benchmarks.paired`). What a page says of speed is read from there.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_core.io.files import read_text
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.tables import table

HEADER = (
    *("what", "against", "precision", "times as fast (95 % interval)", "by CPU time"),
    *("peak memory", "processor"),
)
EXPLANATION = (
    "Both ran alternately; median ratio of the pairs, with a bootstrap interval over them. CPU "
    "time excludes other programs."
)


def speed_table(files: Sequence[Path]) -> str:
    """A row for each ratio of the result files, in their order.

    Raises:
        ReportError: for a file that cannot be read or is not a result with ratios.
    """
    rows = [row for file in files for row in _rows(file)]
    return f"{table(HEADER, rows)}\n\n{EXPLANATION}"


def _rows(file: Path) -> list[list[str]]:
    try:
        result = json.loads(read_text(file))
        machine, ratios = result["machine"], result["ratios"]
        rows = [_row(ratio, machine) for ratio in ratios]
    except (OSError, ValueError) as error:
        raise ReportError(f"{file} cannot be read: {error}") from error
    except (KeyError, TypeError, IndexError) as error:
        raise ReportError(f"{file} is not a benchmark result: it lacks {error}") from error
    if not rows:
        raise ReportError(f"{file} has no ratios")
    return rows


def _row(ratio: dict[str, Any], machine: dict[str, Any]) -> list[str]:
    memory = ratio.get("memory_ratio")
    return [
        ratio["what"],
        ratio["against"],
        ratio["precision"],
        f"{_interval(ratio['ratio'])}, {ratio['pairs']} pairs",
        _interval(ratio["cpu_ratio"]) if "cpu_ratio" in ratio else "",
        "" if memory is None else f"{memory:.2f}",
        _processor(machine, ratio["threads"]),
    ]


def _interval(values: Sequence[float]) -> str:
    value, low, high = values
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _processor(machine: dict[str, Any], threads: int) -> str:
    """Name, threads, and whether it multiplies bfloat16."""
    if machine["gpu"]:
        return machine["gpu"]
    bf16 = {True: "bf16 native", False: "bf16 emulated", None: "bf16 unknown"}[machine["bf16"]]
    return f"{machine['cpu']}, {threads} thread{'s' * (threads != 1)}, {bf16}"

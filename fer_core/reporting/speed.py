"""How many times as fast: a Markdown table of the ratios that benchmarks have written.

A file of ``benchmarks/results`` has the facts of its ``machine`` and ``ratios``, each measured in
turns in one run (`benchmarks.paired`). What a page says of speed is read from there.
"""

import json
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Any

from fer_core.io.files import read_text
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.tables import table

CPU = "by CPU time"
HEADER = (
    *("what", "against", "precision", "times as fast (95 % interval)", CPU),
    *("peak memory", "processor"),
)
EXPLANATION = (
    "Both ran alternately; median ratio of the pairs, with a bootstrap interval over them."
)
OF_CPU_TIME = " CPU time excludes other programs."
NONE = "-"


def speed_table(files: Sequence[Path]) -> str:
    """A row for each ratio of the result files, in their order.

    A column that no row fills is left out: not every benchmark measures CPU time and memory.

    Raises:
        ReportError: for a file that cannot be read or is not a result with ratios.
    """
    rows = [row for file in files for row in _rows(file)]
    filled = [any(row[i] != NONE for row in rows) for i in range(len(HEADER))]
    header, *rows = ([*compress(row, filled)] for row in (HEADER, *rows))
    note = OF_CPU_TIME if filled[HEADER.index(CPU)] else ""
    return f"{table(header, rows)}\n\n{EXPLANATION}{note}"


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
        _interval(ratio["cpu_ratio"]) if "cpu_ratio" in ratio else NONE,
        NONE if memory is None else f"{memory:.2f}",
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

"""Tables from run records: ``fer-core report --pages README.md`` writes those of Markdown pages.

Every table is in a block that names its records:

    noise GLOB        the cross-entropy baseline against EAC
    measures GLOB     every approach against the baseline, by three measures
    differences GLOB  their differences from it by each measure, over seeds and images
    selection GLOB    every approach in the epochs that held-out accuracy and held-out mean class
                      accuracy choose, and in the last one
    runs GLOB         a row for each approach
    ablation GLOB     runs that each change something in the first of them
    published GLOB    our runs and published results
    bundled           the bundled model
    bundled-classes   its recall of each class
    maps GLOB         what attention maps are worth, a row for each model
    all-maps GLOB     the same by every measure, a column for each model
    speed GLOB        how many times as fast, from results of ``benchmarks/``

GLOB chooses records by their folder below ``--records``, for example ``study/*``; for maps, those
with a ``maps.json``, or ``bundled`` for the bundled model; for speed, result files below
``--benchmarks`` by their name without ``.json``.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.io.files import read_text, write_whole
from fer_core.records.groups import repeats
from fer_core.records.run import RUN_FILE, RunRecord, read_run
from fer_core.reporting.ablation import ablation_table
from fer_core.reporting.blocks import ReportError, fill
from fer_core.reporting.bundled import bundled_table, classes_table
from fer_core.reporting.differences import differences_table
from fer_core.reporting.epoch_choice import selection_table
from fer_core.reporting.map_files import MAPS_FILE, all_maps_table, maps_table
from fer_core.reporting.measures import measures_table
from fer_core.reporting.published import published_table
from fer_core.reporting.speed import speed_table
from fer_core.reporting.tables import noise_table, runs_table
from fer_core.weights import FOLDER, shipped_models

logger = logging.getLogger(__name__)
TABLES: dict[str, Callable[[Sequence[RunRecord]], str]] = {
    "noise": noise_table,
    "measures": measures_table,
    "differences": differences_table,
    "selection": selection_table,
    "runs": runs_table,
    "ablation": ablation_table,
    "published": published_table,
}
BUNDLED: dict[str, Callable[[], str]] = {
    "bundled": bundled_table,
    "bundled-classes": classes_table,
}
MAPS: dict[str, Callable[[Sequence[Path]], str]] = {
    "maps": maps_table,
    "all-maps": all_maps_table,
}
SPEED = "speed"
RENAMED = {"embedded": "bundled", "embedded-classes": "bundled-classes"}  # former names


@dataclass(frozen=True)
class Command:
    """Write the tables of Markdown pages again, or show one."""

    show: Literal[
        "none",
        "noise",
        "measures",
        "differences",
        "selection",
        "runs",
        "ablation",
        "published",
        "maps",
        "all-maps",
    ] = "none"
    """Print this table of the records instead of writing pages."""
    only: str = "**"
    """Records of the table to show: a pattern of their folders below --records."""
    records: Path = Path("runs")
    """Folder of the run records."""
    benchmarks: Path = Path("benchmarks/results")
    """Folder of the results of benchmarks, for tables of speed."""
    pages: tuple[Path, ...] = ()
    """Markdown files with blocks to write."""
    check: bool = False
    """Write nothing; fail if a page disagrees with its records."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, and print what was written."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    command = tyro.cli(Command, prog="fer-core report")
    if command.show == "none" and command.only != "**":
        raise ReportError("--only chooses the records of one table: name it with --show")
    if command.show != "none" and (command.pages or command.check):
        raise ReportError("--show prints a table: leave out --pages and --check, or --show")
    if command.show != "none":
        print(make_table(f"{command.show} {command.only}", command.records))
        return
    if not command.pages:
        raise ReportError("name Markdown files with --pages, or a table with --show")
    made = {
        page: fill(
            _text(page),
            partial(make_table, records=command.records, benchmarks=command.benchmarks),
        )
        for page in command.pages
    }
    outdated = [page for page, text in made.items() if text != _text(page)]
    if command.check and outdated:
        names = ", ".join(page.name for page in outdated)
        sys.exit(f"error: {names} out of date: run the same command without --check to update")
    for page in outdated:
        write_whole(page, made[page].encode())
    for page in made:
        print(f"{page}: {'written' if page in outdated else 'up to date'}")


def make_table(directive: str, records: Path, benchmarks: Path = Path("benchmarks/results")) -> str:
    """The Markdown that a directive asks for.

    Args:
        directive: as in the comment that opens a block.
        records: folder of the run records.
        benchmarks: folder of the results of benchmarks.

    Raises:
        ReportError: for an unknown directive, or records that no such table can be made of.
        RecordError: when a record cannot be read.
        ModelError: when the bundled model cannot be read.
    """
    name, *patterns = directive.split() or [""]
    name = RENAMED.get(name, name)
    if name in BUNDLED and not patterns:
        return BUNDLED[name]()
    if name not in (*TABLES, *MAPS, SPEED) or not patterns:
        known = [*BUNDLED, *(f"{name} GLOB..." for name in (*TABLES, *MAPS, SPEED))]
        raise ReportError(f"unknown table {directive!r}; known: {', '.join(known)}")
    if name == SPEED:
        return speed_table(_matches(patterns, benchmarks, ".json", "result"))
    if name in MAPS:
        return MAPS[name](_map_files(patterns, records))
    found = [file.parent for file in _matches(patterns, records, f"/{RUN_FILE}", "run record")]
    try:
        runs = [read_run(folder) for folder in found]
        if name != "ablation":  # which has a row for every run
            _say_repeats(directive, runs, records)
        return TABLES[name](runs)
    except ReportError as error:
        raise ReportError(f"table '{directive}': {error}") from error
    except (KeyError, TypeError, AttributeError) as error:  # a record is foreign input
        raise ReportError(f"table '{directive}': a record lacks or misstates {error}") from error


def _say_repeats(directive: str, runs: Sequence[RunRecord], records: Path) -> None:
    """Name the runs that a table leaves out."""
    if repeated := repeats(runs):
        logger.warning(
            "table '%s' leaves out %s: a later run has the same data, options, method, kind and "
            "rate of noise, and seed (give runs of different noise lists seeds of their own)",
            directive,
            ", ".join(run.path.relative_to(records).as_posix() for run in repeated),
        )


def _map_files(patterns: Sequence[str], records: Path) -> list[Path]:
    """The measures of maps that the patterns name, in their order; of shipped models, by name."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        shipped = FOLDER / pattern / MAPS_FILE
        if pattern in shipped_models() and shipped.exists():
            found[shipped] = None
        else:
            kind = f"run record with a {MAPS_FILE}"
            found |= dict.fromkeys(_matches([pattern], records, f"/{MAPS_FILE}", kind))
    return list(found)


def _matches(patterns: Sequence[str], folder: Path, ending: str, kind: str) -> list[Path]:
    """What each of the patterns matches below the folder, in the order of the names.

    Raises:
        ReportError: for a pattern that matches nothing, or lies elsewhere.
    """
    found: set[Path] = set()
    for pattern in patterns:
        if Path(pattern).is_absolute():
            raise ReportError(f"{pattern!r} must be a pattern of names below {folder}")
        files = set(folder.glob(f"{pattern}{ending}"))
        if not files:
            raise ReportError(f"no {kind} matches {pattern!r} in {folder}")
        found |= files
    return sorted(found)


def _text(page: Path) -> str:
    try:
        return read_text(page)
    except (OSError, ValueError) as error:
        raise ReportError(f"{page} cannot be read: {error}") from error


if __name__ == "__main__":
    main()

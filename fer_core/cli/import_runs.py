"""Runs of other programs as run records: ``fer-core import-runs SOURCE`` (docs/run-records.md)."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from fer_core.config.renamed import current_flags
from fer_core.errors import told_in_a_sentence
from fer_core.importing.columns import read_choices
from fer_core.importing.runs import Facts, Imported, import_run
from fer_core.importing.series import SourceError
from fer_core.importing.sources import find_sources
from fer_core.io.wording import counted
from fer_core.metrics.classification import averaged_epochs


@dataclass(frozen=True)
class Command:
    """Create run records from metric tables (CSV of Keras, Lightning, timm) and event files.

    The facts you give apply to every run of this call; anything not given stays unknown, and
    unknown values never count as equal.
    """

    source: tyro.conf.Positional[Path]
    """A CSV, a TensorBoard event file, or a folder that is searched for both."""
    facts: Annotated[Facts, tyro.conf.arg(name="")] = field(default_factory=Facts)
    """Facts about the runs."""
    out: Path = Path("runs/imported")
    """Folder of the records."""
    map: Annotated[tuple[str, ...], tyro.conf.arg(metavar="FIGURE=COLUMN")] = ()
    """Columns that are not found by their names, as accuracy=val_acc."""
    replace: bool = False
    """Overwrite earlier imports with the same names."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, import, and say what was made of each file."""
    arguments = current_flags(sys.argv[1:], {"test_split": "eval_split"})
    config = (tyro.conf.OmitArgPrefixes,)
    command = tyro.cli(Command, args=arguments, prog="fer-core import-runs", config=config)
    imported, problems = _import(command)
    for run in imported:
        print("\n".join(describe(run)))
    for problem in problems:
        print(f"not imported: {problem}", file=sys.stderr)
    if not imported:
        sys.exit(f"error: nothing in {command.source} could be imported")


def _import(command: Command) -> tuple[list[Imported], list[str]]:
    chosen = read_choices(command.map)
    found = find_sources(command.source)
    imported, problems = [], list(found.problems)
    for source in found.sources:
        try:
            run = import_run(source, command.out, command.facts, chosen, replace=command.replace)
        except SourceError as error:
            problems.append(f"{source.name} ({source.file}): {error}")
        else:
            imported.append(run)
    return imported, problems


def describe(run: Imported) -> list[str]:
    """What was made of a file, line by line."""
    columns = ", ".join(f"{figure} <- {column}" for figure, column in run.taken.items())
    lines = [
        f"{run.folder}: {counted(run.epochs, 'epoch')}, accuracy {100 * run.accuracy:.2f} % "
        f"({averaged_epochs(run.epochs)})",
        f"  read: {columns}",
    ]
    if run.left:
        lines.append(f"  not read: {', '.join(run.left)}")
    return [*lines, *(f"  note: {note}" for note in run.notes)]


if __name__ == "__main__":
    main()

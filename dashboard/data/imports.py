"""Runs of other programs, imported into a folder of records: TensorBoard event files and CSV."""

from pathlib import Path
from typing import NamedTuple

from fer_core.importing.runs import Facts, import_run
from fer_core.importing.series import SourceError
from fer_core.importing.sources import find_sources

FOLDER = "imported"  # below the runs


class ImportedRuns(NamedTuple):
    """What became of the files of a place.

    Attributes:
        folders: of the new records.
        problems: a sentence for each file without one.
    """

    folders: list[Path]
    problems: list[str]


def import_runs(place: Path, runs: Path, facts: Facts) -> ImportedRuns:
    """Write a record of every run in a place, as ``fer-core import-runs`` does.

    Args:
        place: a CSV, an event file, or a folder of them.
        runs: the folder of records; the new ones go to its FOLDER.
        facts: what is known of all of them.

    Raises:
        SourceError: when there is no such place.
        OSError: when it cannot be read, or a record cannot be written.
    """
    found = find_sources(place)
    folders, problems = [], list(found.problems)
    for source in found.sources:
        try:
            import_run(source, runs / FOLDER, facts)
        except SourceError as error:
            problems.append(f"{source.name}: {error}")
        else:
            folders.append(runs / FOLDER / source.name)
    if not found.sources and not problems:
        problems.append(f"{place} holds no CSV of metrics and no event file")
    return ImportedRuns(folders, problems)

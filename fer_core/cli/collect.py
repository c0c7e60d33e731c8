"""Finished records for publication: ``fer-core collect RUNS OUT``.

Copies what a record is (run.json, epochs.jsonl, predictions.csv, which is compressed) and what was
measured of it beside (maps.json, robustness.json), and leaves behind what belongs to the machine:
checkpoints, weights, logs, lists of labels.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.io.wording import counted
from fer_core.publishing.records import EVALUATIONS
from fer_core.records.predictions import COMPRESSED_FILE, PREDICTIONS_FILE, compressed
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RecordError, read_run

# The last one makes a folder a record.
FILES = (*EVALUATIONS, EPOCHS_FILE, COMPRESSED_FILE, RUN_FILE)
LARGEST = 20_000_000  # bytes of one call


@dataclass(frozen=True)
class Command:
    """Copy the finished run records of a folder, without checkpoints and weights."""

    runs: tyro.conf.Positional[Path]
    """Folder of run records, as fer-core sweep writes it."""
    out: tyro.conf.Positional[Path]
    """Where to copy to, for example fer_core/records/shipped_runs/study."""
    replace: bool = False
    """Replace records of the same name that are other runs."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, copy, and say what was left behind."""
    command = tyro.cli(Command, prog="fer-core collect")
    found = sorted(file.parent for file in command.runs.glob(f"*/{RUN_FILE}"))
    if not found and (command.runs / RUN_FILE).exists():
        raise RecordError(f"{command.runs} is a run itself: name the folder that it is in")
    if not found:
        raise RecordError(f"no run record in {command.runs}")
    states = {folder: read_run(folder).status for folder in found}
    finished = [folder for folder, status in states.items() if status == "finished"]
    if not finished:
        raise RecordError(f"no finished run in {command.runs}, of {len(found)} there")
    size = collect(finished, command.out, replace=command.replace)
    print(f"{command.out}: {counted(len(finished), 'record')}, {size:,} bytes")
    for folder, status in states.items():
        if status != "finished":
            print(f"skipped: {folder.name} is {status}")
    deeper = sum(1 for _ in command.runs.glob(f"*/*/**/{RUN_FILE}"))
    if deeper:
        print(f"skipped: records in deeper folders, {deeper} in number; name their folder")


def collect(folders: Sequence[Path], out: Path, *, replace: bool = False) -> int:
    """Copy finished records, where no other runs are in the way.

    Args:
        folders: of the records.
        out: where each gets a folder of its own name.
        replace: replace other runs of the same name.

    Returns:
        Size of the copied files in bytes.

    Raises:
        RecordError: when another run of the same name is there, or files of one without it, when
            they are there already themselves, or all are too large.
        OSError: when a file cannot be copied; what was there before stays then.
    """
    if any((out / folder.name).resolve() == folder.resolve() for folder in folders):
        raise RecordError(f"{out} is the folder of the runs itself: name another one to copy to")
    unknown = [folder.name for folder in folders if _is_unknown(out / folder.name)]
    if unknown and not replace:
        raise RecordError(
            f"{out} has files of records, but no run, in {', '.join(unknown)}: choose another "
            "folder, or pass --replace"
        )
    others = [folder.name for folder in folders if _is_another(folder, out / folder.name)]
    if others and not replace:
        raise RecordError(
            f"{out} already has different runs named {', '.join(others)}: choose another folder, "
            "or pass --replace"
        )
    records = {folder.name: _content(folder, out / folder.name) for folder in folders}
    size = sum(len(content) for record in records.values() for content in record.values())
    if size > LARGEST:
        raise RecordError(f"the records have {size:,} bytes, at most {LARGEST:,} are published")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".collect-", dir=out) as made:
        for record, files in records.items():
            (Path(made) / record).mkdir()
            for name, content in files.items():
                (Path(made) / record / name).write_bytes(content)
        for record in records:
            _put(Path(made) / record, out / record)
    return size


def _content(folder: Path, target: Path) -> dict[str, bytes]:
    """The files of a record by their names, as they will stand in the target.

    What was measured of the same run where it was collected to, and not here, stays.
    """
    files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    if (folder / PREDICTIONS_FILE).exists():  # the record's own; a compressed one is a copy
        files[COMPRESSED_FILE] = compressed((folder / PREDICTIONS_FILE).read_bytes())
    collected = target / RUN_FILE
    if collected.exists() and collected.read_bytes() == files[RUN_FILE]:
        measured = (target / name for name in EVALUATIONS if name not in files)
        files |= {file.name: file.read_bytes() for file in measured if file.exists()}
    return files


def _put(copied: Path, target: Path) -> None:
    """Move the files of a record to their place, in which none of an earlier one stays."""
    target.mkdir(exist_ok=True)
    for name in (*FILES[::-1], PREDICTIONS_FILE):
        (target / name).unlink(missing_ok=True)
    for name in FILES:
        if (copied / name).exists():
            (copied / name).replace(target / name)


def _is_unknown(target: Path) -> bool:
    files = (*FILES, PREDICTIONS_FILE)
    return not (target / RUN_FILE).exists() and any((target / name).exists() for name in files)


def _is_another(folder: Path, target: Path) -> bool:
    return (target / RUN_FILE).exists() and read_run(target).started != read_run(folder).started


if __name__ == "__main__":
    main()

"""Draw figures from run records: ``fer-core figures RECORDS... --out FOLDER``.

They are those of the HUST report (2024), every method against the baseline by three measures, and
the recall of each class; docs/figures.md describes them and the runs that they compare. A JSON file
of ``fer-core evaluate --robustness`` gives a figure of the accuracy on corrupted images.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.io.files import displayed, write_whole
from fer_core.records.run import RunRecord
from fer_core.reporting.baseline_gaps import BaselineGaps, find_baseline_gaps
from fer_core.reporting.class_recalls import find_class_recalls
from fer_core.reporting.data_text import printable
from fer_core.reporting.figure_data import (
    ComparedSetting,
    find_comparisons,
    read_folders,
    why_no_pair,
)
from fer_core.reporting.rate_gaps import find_rate_gaps
from fer_core.reporting.robustness_data import file_stems, read_robustness

ABOUT = "Draw runs against their cross-entropy baselines, or models on corrupted images."
NEEDED = (
    "a figure needs a finished run of cross_entropy and one of eac, or with --holdout of any other "
    "method, with the same data, backbone, label noise, seed and options"
)


@dataclass(frozen=True)
class Command:
    """Draw EAC and other methods against the baseline, and models on corrupted images."""

    records: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="RECORDS...", help_behavior_hint="(at least one)"),
    ]
    """Folders of run records, searched at any depth, or JSON files of fer-core evaluate
    --robustness."""
    out: Path = Path("docs/figures")
    """Folder to write to; figures of the same name are replaced."""
    format: Literal["png", "svg"] = "png"
    """png, or svg for an SVG in addition to each PNG."""


class Compared(NamedTuple):
    """What the folders of records give to draw."""

    pairs: list[ComparedSetting]
    gaps: list[BaselineGaps]


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, draw, and print a line for each file."""
    command = tyro.cli(Command, prog="fer-core figures", description=ABOUT)
    _write(command)


def _write(command: Command) -> None:
    files = [path for path in command.records if path.is_file()]
    folders = tuple(path for path in command.records if path not in files)
    corrupted = read_robustness(files)
    compared = Compared([], []) if files and not folders else _read(folders)
    try:
        from fer_core.reporting.baseline_gaps_figure import draw_all_baseline_gaps
        from fer_core.reporting.class_recalls_figure import draw_all_class_recalls
        from fer_core.reporting.figure_drawing import draw_all, render
        from fer_core.reporting.rate_gaps_figure import draw_all_rate_gaps
        from fer_core.reporting.robustness_figure import draw_robustness
    except ImportError as error:
        raise ValueError(
            f"figures need matplotlib ({error}): pip install 'fer-core[figures]'"
        ) from error
    figures = draw_all(compared.pairs)  # all of them before the first is written
    figures |= draw_all_baseline_gaps(compared.gaps)
    figures |= draw_all_rate_gaps(find_rate_gaps(compared.gaps))
    figures |= draw_all_class_recalls(find_class_recalls(compared.gaps))
    for comparison, stem in zip(corrupted, file_stems(corrupted), strict=True):
        figures[stem] = draw_robustness(comparison)
    command.out.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        for kind in dict.fromkeys(("png", command.format)):
            file = command.out / f"{name}.{kind}"
            write_whole(file, render(figure, kind))
            print(displayed(file))


def _read(folders: tuple[Path, ...]) -> Compared:
    """What is compared in the folders; warns of what cannot be read and of what has no pair."""
    if not folders:
        raise ValueError("records: name at least one folder of run records, for example runs")
    runs, problems = read_folders(folders)
    gaps, unread = find_baseline_gaps(runs)
    for problem in problems + unread:
        print(f"warning: {printable(problem)}", file=sys.stderr)
    compared = Compared(find_comparisons(runs), gaps)
    if not any(compared):
        where = ", ".join(displayed(folder) for folder in folders)
        raise ValueError(f"nothing to draw in {where}: {NEEDED}; {printable(why_no_pair(runs))}")
    drawn = {record.path for record in _drawn(compared)}
    if left := sorted(run.name for run in runs if run.path not in drawn):
        print(
            f"not drawn (no counterpart, or run again later): {printable(', '.join(left))}",
            file=sys.stderr,
        )
    return compared


def _drawn(compared: Compared) -> Iterator[RunRecord]:
    """The runs in the figures."""
    for comparison in compared.pairs:
        for pair in comparison.pairs:
            yield from (trial.record for trial in pair.baseline + pair.eac)
    for gaps in compared.gaps:
        for approach in gaps.approaches:
            for runs in approach.runs:
                yield from runs


if __name__ == "__main__":
    main()

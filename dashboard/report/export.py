"""The whole dashboard as one HTML file: ``python -m dashboard.report.export --runs FOLDER``.

What each page puts into it stands in `dashboard.report.parts.PAGES`; the maps of models, for which
other processes take some seconds, in `dashboard.report.cams`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import tyro

from dashboard.analysis.cam_process import Looker
from dashboard.data.cache import Reader
from dashboard.data.names import Runs
from dashboard.data.sources import Place, choose_places, find_places
from dashboard.report.cams import TITLE as MAPS
from dashboard.report.cams import look_parts
from dashboard.report.page import render
from dashboard.report.parts import PAGES, first_sentence
from fer_core.errors import FerError, told_in_a_sentence
from fer_core.io.files import write_whole

TITLE = "Facial emotion recognition under label noise"


class ExportError(FerError, ValueError):
    """A report that cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Command:
    """Write all charts and tables of the dashboard into one HTML file."""

    runs: tuple[str, ...] = ()
    """Places of run records: folders, 'shipped', or hf://USER/NAME[@REVISION][/FOLDER]; by default
    the results that come with the project, and runs/."""
    out: Path = Path("report.html")
    """The file."""
    maps: bool = True
    """Show where two models look, on drawn faces; takes some seconds and PyTorch."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and write the report."""
    command = tyro.cli(Command, prog="python -m dashboard.report.export")
    runs = read_places(command.runs or choose_places())
    looker = Looker() if command.maps else None
    write_whole(command.out, export(runs, looker).encode())
    print(f"{command.out}: {len(runs.table)} runs")  # noqa: T201 - the program's answer


def read_places(names: Sequence[str]) -> Runs:
    """The records of places, as `dashboard.data.sources` names them.

    Raises:
        ExportError: when a place is not there or holds no readable record.
    """
    places, problems = find_places(names)
    notes = [place.note for place in places if place.note]
    if wrong := [problem for problem in problems if problem not in notes]:
        raise ExportError(wrong[0])
    runs = Reader().read(places)
    if runs.table.empty:
        said = f" ({runs.problems[0]})" if runs.problems else ""
        raise ExportError(f"no run record to be read in {', '.join(names)}{said}")
    return runs


def export(runs: Runs, looker: Looker | None = None) -> str:
    """The report on some runs as HTML.

    Args:
        runs: all of them are in the report.
        looker: what asks models for their maps; None leaves these out.
    """
    pages = {title: make_parts(runs) for title, make_parts in PAGES.items()}
    if looker is not None:
        pages[MAPS] = look_parts(runs, looker)
    return render(TITLE, first_sentence(runs), report_facts(runs), pages)


def report_facts(runs: Runs) -> list[str]:
    """Date, sources and counts, a line each."""
    places = list(dict.fromkeys(runs.places.values()))
    counts = runs.table["status"].value_counts()
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    unread = [f"{len(runs.problems)} records could not be read."] if runs.problems else []
    return [
        f"Made on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        f"Run records from {', '.join(_name(place) for place in places)}: {states}.",
        *unread,
        "Accuracy is the mean accuracy of the last five epochs, never the best epoch; "
        "intervals are Student's t over seeds, at 95 %.",
    ]


def _name(place: Place) -> str:
    return f"{place.link}{' (from the cache)' if place.note else ''}" if place.link else place.name


if __name__ == "__main__":
    main()

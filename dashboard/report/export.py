"""The whole dashboard as one HTML file: ``python -m dashboard.report.export --runs FOLDER``.

`dashboard.report.parts.PAGES` lists the content of each page; `dashboard.report.maps` adds the
attention maps, which another process computes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import tyro

from dashboard.analysis.map_process import MapCache
from dashboard.data.cache import Reader
from dashboard.data.names import Runs
from dashboard.data.sources import RecordSource, resolve_sources, source_names
from dashboard.report.maps import TITLE as MAPS
from dashboard.report.maps import map_parts
from dashboard.report.page import render
from dashboard.report.parts import PAGES, first_sentence
from fer_core.errors import FerError, told_in_a_sentence
from fer_core.io.files import write_whole
from fer_core.io.wording import counted

TITLE = "Facial expression recognition under label noise"


class HtmlReportError(FerError, ValueError):
    """A report that cannot be written; the message is one sentence."""


@dataclass(frozen=True)
class ExportOptions:
    """Write all charts and tables of the dashboard into one HTML file."""

    runs: tuple[str, ...] = ()
    """Sources of run records: folders, 'shipped', or hf://USER/NAME[@REVISION][/FOLDER]; by default
    the results of the project, and runs/."""
    out: Path = Path("report.html")
    """The file to write."""
    maps: bool = True
    """Include attention maps of two models on synthetic faces; needs PyTorch and a few seconds."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and write the report."""
    command = tyro.cli(ExportOptions, prog="python -m dashboard.report.export")
    if not command.out.parent.is_dir():
        raise HtmlReportError(f"no folder {command.out.parent} to write {command.out.name} to")
    runs = read_places(command.runs or source_names())
    cache = MapCache() if command.maps else None
    write_whole(command.out, export(runs, cache).encode())
    print(f"{command.out}: {counted(len(runs.table), 'run')}")  # noqa: T201 - the result of the command


def read_places(names: Sequence[str]) -> Runs:
    """The records of some sources, named as in `dashboard.data.sources`.

    Raises:
        HtmlReportError: when a source does not exist or contains no readable record.
    """
    sources, problems = resolve_sources(names)
    notes = [source.note for source in sources if source.note]
    if wrong := [problem for problem in problems if problem not in notes]:
        raise HtmlReportError(wrong[0])
    runs = Reader().read(sources)
    if runs.table.empty:
        reason = f" ({runs.problems[0]})" if runs.problems else ""
        raise HtmlReportError(f"no readable run record in {', '.join(names)}{reason}")
    return runs


def export(runs: Runs, cache: MapCache | None = None) -> str:
    """The report on some runs as HTML.

    Args:
        runs: the runs in the report.
        cache: computes the attention maps; None omits them.
    """
    pages = {title: make_parts(runs) for title, make_parts in PAGES.items()}
    if cache is not None:
        pages[MAPS] = map_parts(runs, cache)
    return render(TITLE, first_sentence(runs), report_facts(runs), pages)


def report_facts(runs: Runs) -> list[str]:
    """Date, sources and counts, one line each."""
    sources = list(dict.fromkeys(runs.sources.values()))
    counts = runs.table["status"].value_counts()
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    count = len(runs.problems)
    unread = [f"{counted(count, 'record')} could not be read."] if count else []
    return [
        f"Created on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        f"Run records from {', '.join(_name(source) for source in sources)}: {states}.",
        *unread,
        "Unless a chart says otherwise, accuracy is the mean accuracy of the last five epochs, "
        "never of the best epoch, and intervals are 95 % intervals (Student's t over seeds).",
    ]


def _name(source: RecordSource) -> str:
    return (
        f"{source.link}{' (from the cache)' if source.note else ''}" if source.link else source.name
    )


if __name__ == "__main__":
    main()

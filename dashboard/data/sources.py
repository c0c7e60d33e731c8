"""Sources of run records: folders of this computer, the shipped results, data sets of the Hub."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from dashboard.data import foreign as foreign_source
from dashboard.data import hub as hub_source
from dashboard.data.visitor import is_stranger
from fer_core.records.published import SHIPPED_RUNS

SHIPPED = "shipped"
LOCAL_RUNS = Path("runs")
HELP = (
    "One or more sources, separated by commas: a folder on the computer that runs this dashboard, "
    "`shipped` for the results of the project, or `hf://USER/NAME[@REVISION][/FOLDER]` for "
    "results on the Hugging Face Hub. CSV metrics and TensorBoard event files of other programs, "
    "or a folder of them, are imported. If empty: `shipped`, and `runs` in the working directory."
)


class RecordSource(NamedTuple):
    """A folder of run records.

    Attributes:
        name: in tables.
        folder: of the records on this computer; it may not exist.
        link: URL of its page on the Hub, or empty.
        note: a sentence to show, or empty.
        writable: whether notes may be saved in it.
    """

    name: str
    folder: Path
    link: str = ""
    note: str = ""
    writable: bool = False


def is_fixed() -> bool:
    """Whether visitors cannot choose the sources: with FER_RUNS, and at another computer."""
    return bool(os.environ.get("FER_RUNS", "").strip()) or is_stranger()


def guarded_root(source: RecordSource) -> Path | None:
    """The folder that the files of a source must lie in; None: anywhere.

    Fixed sources are shown to strangers; the client of the Hub makes links of its own.
    """
    return source.folder if is_fixed() and not source.link else None


def lies_outside(path: Path, root: Path | None) -> bool:
    """Whether a file, or what it links to, lies outside the folder of `guarded_root`."""
    return root is not None and not path.resolve().is_relative_to(root.resolve())


def source_names(asked: str = "") -> list[str]:
    """The names of the sources: those in FER_RUNS if it is set, else ``asked``, at this computer.

    Args:
        asked: names, separated by commas or line breaks; empty: the shipped results and ``runs/``.
    """
    text = os.environ.get("FER_RUNS", "").strip() or ("" if is_fixed() else asked)
    names = [name.strip() for name in re.split(r"[,\n]", text) if name.strip()]
    if names:
        return list(dict.fromkeys(names))
    return [SHIPPED, *([str(LOCAL_RUNS)] if LOCAL_RUNS.is_dir() else [])]


def resolve_source(
    name: str, fetch: Callable[[str], hub_source.Fetched] = hub_source.fetch
) -> RecordSource:
    """The source with a name; a data set of the Hub is downloaded first.

    Args:
        name: one of `source_names`.
        fetch: downloads from the Hub; pages pass a cached version.

    Raises:
        HubSourceError: when it cannot be downloaded.
    """
    if name.startswith(hub_source.SCHEME):
        found = fetch(name)
        return RecordSource(found.name, found.folder, found.link, found.note)
    if name == SHIPPED:
        return RecordSource(SHIPPED_RUNS.name, SHIPPED_RUNS)
    folder = Path(name).expanduser()
    if foreign_source.is_foreign(folder):
        made = foreign_source.convert(folder)
        return RecordSource(folder.name or folder.resolve().name, made.folder, note=made.note)
    published = folder.resolve().is_relative_to(SHIPPED_RUNS)
    # A fixed source is shown to strangers, who must not write to it.
    writable = not (is_fixed() or published)
    return RecordSource(folder.name or folder.resolve().name, folder, writable=writable)


def resolve_sources(
    names: Sequence[str], fetch: Callable[[str], hub_source.Fetched] = hub_source.fetch
) -> tuple[list[RecordSource], list[str]]:
    """The sources with some names, and a sentence for each that does not exist."""
    sources: list[RecordSource] = []
    problems: list[str] = []
    for name in names:
        try:
            source = resolve_source(name, fetch)
        except hub_source.HubSourceError as error:
            problems.append(str(error))
            continue
        sources.append(source)
        if source.note:
            problems.append(source.note)
        if not source.folder.is_dir() and name != SHIPPED:
            problems.append(f"There is no folder `{name}`.")
    return sources, problems

"""Where run records lie: folders of this computer, the shipped results, data sets of the Hub."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from dashboard.data import foreign as foreign_source
from dashboard.data import hub as hub_source
from fer_core.records.published import SHIPPED_RUNS

SHIPPED = "shipped"
LOCAL_RUNS = Path("runs")
HELP = (
    "Folders on the computer that runs this dashboard, `shipped` for the results that come with "
    "the project, or `hf://USER/NAME[@REVISION][/FOLDER]` for a data set of results on the Hugging "
    "Face Hub; a CSV of metrics or a TensorBoard event file of another program, or a folder of "
    "them, is read as imported runs; several with commas between them. Empty: `shipped`, and "
    "`runs` in the working directory."
)


class Place(NamedTuple):
    """A folder of run records.

    Attributes:
        name: of the source in tables.
        folder: where the records lie on this computer; it may be absent.
        link: address of a page on the Hub, or nothing.
        note: a sentence to be shown beside it, or nothing.
        writable: whether notes may be written into it.
    """

    name: str
    folder: Path
    link: str = ""
    note: str = ""
    writable: bool = False


def is_fixed() -> bool:
    """Whether FER_RUNS says what is shown, so that visitors cannot look around."""
    return bool(os.environ.get("FER_RUNS", "").strip())


def choose_places(asked: str = "") -> list[str]:
    """The names of the places to read: those of FER_RUNS where it is set, else ``asked``.

    Args:
        asked: names, between commas or line ends; none: the shipped results and ``runs/``.
    """
    text = os.environ.get("FER_RUNS", "").strip() or asked
    names = [name.strip() for name in re.split(r"[,\n]", text) if name.strip()]
    if names:
        return list(dict.fromkeys(names))
    return [SHIPPED, *([str(LOCAL_RUNS)] if LOCAL_RUNS.is_dir() else [])]


def find_place(name: str, fetch: Callable[[str], hub_source.Fetched] = hub_source.fetch) -> Place:
    """The folder behind a name; a data set of the Hub is downloaded first.

    Args:
        name: one of `choose_places`.
        fetch: what downloads; pages give one that remembers.

    Raises:
        HubSourceError: when the Hub does not hand it out.
    """
    if name.startswith(hub_source.SCHEME):
        found = fetch(name)
        return Place(found.name, found.folder, found.link, found.note)
    if name == SHIPPED:
        return Place(SHIPPED_RUNS.name, SHIPPED_RUNS)
    folder = Path(name).expanduser()
    if foreign_source.is_foreign(folder):
        made = foreign_source.convert(folder)
        return Place(folder.name or folder.resolve().name, made.folder, note=made.note)
    published = folder.resolve().is_relative_to(SHIPPED_RUNS)
    # Whoever fixes the source shows it to strangers, who must not write into it.
    writable = not (is_fixed() or published)
    return Place(folder.name or folder.resolve().name, folder, writable=writable)


def find_places(
    names: Sequence[str], fetch: Callable[[str], hub_source.Fetched] = hub_source.fetch
) -> tuple[list[Place], list[str]]:
    """The places behind names, and a sentence for each that is not there."""
    places: list[Place] = []
    problems: list[str] = []
    for name in names:
        try:
            place = find_place(name, fetch)
        except hub_source.HubSourceError as error:
            problems.append(str(error))
            continue
        places.append(place)
        if place.note:
            problems.append(place.note)
        if not place.folder.is_dir() and name != SHIPPED:
            problems.append(f"There is no folder `{name}`.")
    return places, problems

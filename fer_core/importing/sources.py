"""Where the runs of other programs lie: a file, or a folder that is searched."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from fer_core.importing.columns import TRAIN, VALIDATION
from fer_core.importing.events import PATTERN, read_events
from fer_core.importing.runs import safe_name
from fer_core.importing.series import SeriesSource, SourceError
from fer_core.importing.tables import read_table

OWN = ("run.json", "audit.json")  # files that mark folders of this program
PLAIN = ("metrics", "summary", "log", "logs", "history", "training", "results")  # name no run


class Found(NamedTuple):
    """Runs that can be read, and a sentence for each file that cannot."""

    sources: list[SeriesSource]
    problems: list[str]


def find_sources(place: Path) -> Found:
    """Read every CSV of metrics and every event file in a place, and below it.

    Run records and audits of this program are left alone, with all that lies in their folders.

    Raises:
        SourceError: when there is no such place.
        OSError: when it cannot be read.
    """
    if not place.exists():
        raise SourceError(f"there is no {place}: name a CSV, an event file, or a folder of them")
    sources: list[SeriesSource] = []
    problems: list[str] = []
    for file, name in _files(place):
        try:
            if file.suffix.lower() == ".csv":
                sources.append(read_table(file, name))
            else:
                sources.append(read_events(_parts(file.parent), name))
        except SourceError as error:
            problems.append(str(error))
    return Found(_with_own_names(sources), problems)


def _files(place: Path) -> Iterator[tuple[Path, str]]:
    """Each CSV, and of each run the first event file, with a name for the run."""
    if place.is_file():
        yield place, _name(place, place.parent)
        return
    runs: set[Path] = set()
    own: set[Path] = {file.parent for name in OWN for file in place.rglob(name)}
    for file in sorted(place.rglob("*")):
        if not file.is_file() or own & {*file.parents}:
            continue
        if file.suffix.lower() == ".csv":
            yield file, _name(file, place)
        elif file.match(PATTERN):
            run = file.parent.parent if _is_part(file.parent) else file.parent
            if run not in runs:
                runs.add(run)
                yield file, _name(run, place)


def _is_part(folder: Path) -> bool:
    """Whether a folder has the training or validation half of a run, as Keras writes them."""
    return folder.name in TRAIN | VALIDATION


def _parts(folder: Path) -> list[tuple[str, Path]]:
    """The folders with the event files of a run, and what stands before their tags."""
    if not _is_part(folder):
        return [("", folder)]
    return [
        (f"{part.name}/", part)
        for part in sorted(folder.parent.iterdir())
        if part.is_dir() and _is_part(part) and any(part.glob(PATTERN))
    ]


def _name(path: Path, place: Path) -> str:
    """Of a run: the path below the place, without what every such path has."""
    parts = [*path.relative_to(place).with_suffix("").parts] if path.suffix == ".csv" else []
    if path.suffix != ".csv":
        below = path if path.is_dir() else path.parent
        parts = [*below.relative_to(place).parts]
    if path.suffix == ".csv" and parts[-1].lower() in PLAIN:
        parts = parts[:-1]
    return safe_name("-".join(parts or [place.resolve().name]))


def _with_own_names(sources: list[SeriesSource]) -> list[SeriesSource]:
    """The sources; a name that an earlier one has gets a number that makes it new.

    A record's folder has the name, so names that a disk which ignores case takes for one are one.
    """
    taken = {source.name.casefold() for source in sources}
    seen: set[str] = set()
    named: list[SeriesSource] = []
    for source in sources:
        name = source.name
        if name.casefold() in seen:
            numbered = (f"{source.name}-{number}" for number in count(2))
            name = next(new for new in numbered if new.casefold() not in taken)
        taken.add(name.casefold())
        seen.add(name.casefold())
        named.append(source._replace(name=name))
    return named

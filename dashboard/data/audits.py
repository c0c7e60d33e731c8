"""Folders of ``fer-core audit``: where they lie below the sources, and whether they may be read."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from dashboard.data.sources import RecordSource, guarded_root, lies_outside
from fer_core.audit.folder import FACTS_FILE, TABLE_FILE
from fer_core.audit.gallery import THUMBNAILS_FILE

LARGEST = 500_000_000  # bytes of a table; that of 25,000 images has 7 MB
PLACES = (FACTS_FILE, f"*/{FACTS_FILE}", f"*/audit/{FACTS_FILE}")


class AuditFolder(NamedTuple):
    """A folder that holds an audit.

    Attributes:
        name: to show: its path below the source, numbered if another has it.
        path: of the folder.
        modified: when its figures or its thumbnails were written last, in nanoseconds.
        problem: why it cannot be shown, or empty.
    """

    name: str
    path: Path
    modified: int
    problem: str = ""


def find_audits(sources: Iterable[RecordSource]) -> list[AuditFolder]:
    """The audits of some sources, the latest first: in a source, in its folders and in its runs."""
    found: dict[Path, AuditFolder] = {}
    for source in sources:
        for file in (file for place in PLACES for file in source.folder.glob(place)):
            below = file.parent.relative_to(source.folder).as_posix()
            name = source.name if below == "." else f"{source.name}/{below}"
            if (place := file.parent.resolve()) not in found:
                free = _free(name, {audit.name for audit in found.values()})
                found[place] = _audit_folder(file, free, source)
    return sorted(found.values(), key=lambda audit: (-audit.modified, audit.name))


def _free(name: str, taken: Collection[str]) -> str:
    """The name, numbered if it is taken."""
    numbers = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbers if one not in taken)


def _audit_folder(file: Path, name: str, source: RecordSource) -> AuditFolder:
    table, problem, root = file.with_name(TABLE_FILE), "", guarded_root(source)
    if not file.is_file() or not table.is_file():
        problem = f"{name} is incomplete: run fer-core audit again"
    elif lies_outside(file, root) or lies_outside(table, root):
        problem = f"{name} is a link to a file outside of the runs folder: copy it"
    elif table.stat().st_size > LARGEST:
        size = table.stat().st_size / 1e6
        problem = f"{name}/{TABLE_FILE} has {size:,.0f} MB; at most {LARGEST / 1e6:,.0f} are shown"
    parts = (file, file.with_name(THUMBNAILS_FILE))
    modified = max((part.stat().st_mtime_ns for part in parts if part.is_file()), default=0)
    return AuditFolder(name, file.parent, modified, problem)

"""The files that ``fer-core predict CLIP --out`` writes for a video, and whose they are.

The JSON file holds digests of all. A later call replaces what stands as it was written; a file of
someone's own, or one that was edited since (annotations corrected in ELAN), it refuses.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fer_core.errors import FerError
from fer_core.io.files import displayed, write_whole

SUMMARY = ".json"
STATE = ".moments.jsonl"  # file from which an interrupted analysis goes on
TABLE, ELAN = ".csv", ".eaf"
LONG, EVENTS, PEOPLE, TRANSITIONS = ".long.csv", ".events.csv", ".people.csv", ".transitions.csv"
WRITTEN = (TABLE, LONG, EVENTS, PEOPLE, TRANSITIONS, ELAN)
BEGIN = b'{\n "files": '  # with which a summary begins: the digests of each ending
LONGEST = 4096  # bytes in which the digests stand
Digests = Mapping[str, list[str]]


class VideoFilesError(FerError, ValueError):
    """Files in the way that this command has not written."""


class VideoFiles:
    """The files of one video, written together; none is a place that others share."""

    def __init__(self, place: Path) -> None:
        """Write nothing yet.

        Args:
            place: of the files, which take its stem and endings of their own.
        """
        self.place = place
        self._contents: dict[str, bytes] = {}

    def add(self, ending: str, content: bytes) -> None:
        """Keep the content of one of `WRITTEN`."""
        self._contents[ending] = content

    def write(self, facts: Mapping[str, Any], rows: Iterable[Any]) -> None:
        """Write all files, and the facts with a row a line as JSON.

        The JSON file comes first, with the digests of the files that stand and of those that will:
        whatever ends the process, the next call knows both.

        Raises:
            OSError: when one cannot be written.
        """
        summary = self.place.with_suffix(SUMMARY)
        rest = _rest(facts, rows)
        new = {ending: [_digest(content)] for ending, content in self._contents.items()}
        new[SUMMARY] = [_digest(rest)]
        old = _read_digests(summary) or {}
        both = {ending: [*one, *old.get(ending, [])] for ending, one in new.items()}
        write_whole(summary, _head(both) + rest)
        for ending, content in self._contents.items():
            write_whole(self.place.with_suffix(ending), content)
        write_whole(summary, _head(new) + rest)


def refuse_foreign(place: Path) -> None:
    """See that nothing is lost when the files of a video are written.

    Args:
        place: as `VideoFiles`.

    Raises:
        VideoFilesError: naming the first file that was not written by this command, or was changed
            since.
    """
    digests = _read_digests(place.with_suffix(SUMMARY)) or {}
    for ending in (SUMMARY, *WRITTEN):
        file = place.with_suffix(ending)
        if not file.is_file() or not file.stat().st_size:
            continue
        content = file.read_bytes()
        if _digest(_without_head(content) if ending == SUMMARY else content) not in digests.get(
            ending, []
        ):
            raise VideoFilesError(
                f"{displayed(file)} already exists and would be replaced, but this version of the "
                "command did not write it, or it was edited since: move it away, or name another "
                "folder with --out"
            )


def _rest(facts: Mapping[str, Any], rows: Iterable[Any]) -> bytes:
    """What follows the digests in a summary; the rows of hours are never in memory one by one."""
    with tempfile.TemporaryFile() as stream:
        text = json.dumps(facts, indent=1).removeprefix("{").removesuffix("\n}")
        stream.write(f',{text},\n "rows": ['.encode())
        for index, row in enumerate(rows):
            stream.write(f"{',' if index else ''}\n  {json.dumps(row)}".encode())
        stream.write(b"\n ]\n}\n")
        stream.seek(0)
        return stream.read()


def _head(digests: Digests) -> bytes:
    return BEGIN + json.dumps(digests).encode()


def _without_head(summary: bytes) -> bytes:
    """What follows the digests; all of a file that does not begin with them."""
    found = _decoded(summary)
    return summary if found is None else summary[found[1] :]


def _read_digests(summary: Path) -> Digests | None:
    """The digests of an earlier call; None where the file is missing or another program's."""
    if not summary.is_file():
        return None
    with summary.open("rb") as stream:
        found = _decoded(stream.read(LONGEST))
    return None if found is None else found[0]


def _decoded(summary: bytes) -> tuple[Digests, int] | None:
    """The digests, and the byte after them."""
    if not summary.startswith(BEGIN):
        return None
    head = summary[len(BEGIN) : LONGEST].decode("ascii", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(head)
    except ValueError:
        return None
    if not isinstance(value, dict) or not all(isinstance(one, list) for one in value.values()):
        return None
    return value, len(BEGIN) + end


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

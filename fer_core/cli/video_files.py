"""The files that ``fer-core predict CLIP --out`` writes for a video, and whose they are.

The JSON file holds a digest of each other one. A later call replaces what stands as it was written;
a file of someone's own, or one that was edited since (annotations corrected in ELAN), it refuses.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fer_core.errors import FerError
from fer_core.io.files import displayed, write_whole

SUMMARY = ".json"
STATE = ".moments.jsonl"  # file from which an interrupted analysis goes on
TABLE, ELAN = ".csv", ".eaf"
LONG, EVENTS, PEOPLE, TRANSITIONS = ".long.csv", ".events.csv", ".people.csv", ".transitions.csv"
WRITTEN = (TABLE, LONG, EVENTS, PEOPLE, TRANSITIONS, ELAN)
DIGESTS = "files"  # key of the summary, its first
LONGEST = 4096  # characters in which the digests stand


class VideoFilesError(FerError, ValueError):
    """Files in the way that this command has not written."""


class VideoFiles:
    """Writes the files of one video, of which none is a place that others share."""

    def __init__(self, place: Path) -> None:
        """Write nothing yet.

        Args:
            place: of the files, which take its stem and endings of their own.
        """
        self.place = place
        self._digests: dict[str, str] = {}

    def write(self, ending: str, content: bytes) -> None:
        """Write one of `WRITTEN`; raises OSError."""
        write_whole(self.place.with_suffix(ending), content)
        self._digests[ending] = hashlib.sha256(content).hexdigest()

    def write_summary(self, facts: dict[str, Any], rows: Iterable[Any]) -> None:
        """Write the JSON file, after the others: their digests, the facts, and a row a line.

        Raises:
            OSError: when it cannot be written.
        """
        head = json.dumps({DIGESTS: self._digests, **facts}, indent=1).removesuffix("\n}")
        lines = ",".join(f"\n  {json.dumps(row)}" for row in rows)
        text = f'{head},\n "rows": [{lines}\n ]\n}}\n'
        write_whole(self.place.with_suffix(SUMMARY), text.encode())


def refuse_foreign(place: Path) -> None:
    """See that nothing is lost when the files of a video are written.

    Args:
        place: as `VideoFiles`.

    Raises:
        VideoFilesError: naming the first file that was not written by this command, or was changed
            since.
    """
    summary = place.with_suffix(SUMMARY)
    digests = _read_digests(summary)
    if digests is None and summary.is_file() and summary.stat().st_size:
        raise _in_the_way(summary)
    for ending in WRITTEN:
        file = place.with_suffix(ending)
        if not file.is_file() or not file.stat().st_size:
            continue
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != (digests or {}).get(ending):
            raise _in_the_way(file)


def _read_digests(summary: Path) -> dict[str, str] | None:
    """The digests of an earlier call; None where the file is missing or another program's."""
    if not summary.is_file():
        return None
    with summary.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(LONGEST)
    begin = f'{{\n "{DIGESTS}": '
    try:
        value, _ = json.JSONDecoder().raw_decode(head.removeprefix(begin))
    except ValueError:
        return None
    return value if head.startswith(begin) and isinstance(value, dict) else None


def _in_the_way(file: Path) -> VideoFilesError:
    return VideoFilesError(
        f"{displayed(file)} is there and would be replaced, but this command has not written it, "
        "or it was edited since: move it away, or name another folder with --out"
    )

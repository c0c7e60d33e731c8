"""How many boxes an MP4 or MOV file has: megabytes of empty ones keep a reader busy for long."""

import struct
from pathlib import Path
from typing import BinaryIO

MOST_BOXES = 100_000  # hours of a recording in fragments have some ten thousand
# Boxes that hold boxes; others hold data.
HOLDING = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"moof", b"traf", b"mvex")
STARTS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp")


def has_many_boxes(path: Path) -> bool:
    """Whether a file of this kind has more boxes than any video needs; others have none."""
    with path.open("rb") as file:
        if file.read(8)[4:] not in STARTS:
            return False
        return _count(file, path.stat().st_size) > MOST_BOXES


def _count(file: BinaryIO, end: int) -> int:
    """Boxes up to ``end``, those inside others too; it stops counting at the limit."""
    count, ends, place = 0, [end], 0
    while ends and count <= MOST_BOXES:
        if place + 8 > ends[-1]:
            place = ends.pop()
            continue
        file.seek(place)
        header = file.read(16)
        if len(header) < 8:
            break
        size, kind = struct.unpack(">I4s", header[:8])
        start = 8
        if size == 1 and len(header) == 16:
            size, start = struct.unpack(">Q", header[8:])[0], 16
        if size == 0:  # to the end of the file
            size = ends[-1] - place
        count += 1
        following = min(place + max(size, start), ends[-1])
        if kind in HOLDING:
            ends.append(following)
            place += start
        else:
            place = following
    return count

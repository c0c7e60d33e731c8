"""Annotations for ELAN: one tier for each face, in the Elan Annotation Format (EAF 3.0).

Format: H. Brugman, A. Russel, "Annotating Multimedia/Multi-modal resources with ELAN", LREC 2004;
schema http://www.mpi.nl/tools/elan/EAFv3.0.xsd. Times are whole milliseconds.
"""

import mimetypes
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from fer_core.video.events import Event
from fer_core.video.series import FaceSeries, stretches

AUTHOR = "fer-core"
SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LINGUISTIC_TYPE = "facial expression"
# Characters that XML 1.0 cannot hold; names of classes come from anywhere.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Annotation(NamedTuple):
    """A stretch of time, in seconds, and what is said of it."""

    start: float
    end: float
    value: str


def annotate(
    series: Iterable[FaceSeries], threshold: float, events: Sequence[Event] = ()
) -> dict[str, list[Annotation]]:
    """The tiers of a video: the predictions of each face, and its events.

    Args:
        series: of the faces.
        threshold: probability below which a prediction is not sure, in [0, 1].
        events: of a rule.

    Returns:
        Annotations in order of time, by tier.
    """
    tiers: dict[str, list[Annotation]] = {}
    for one in series:
        predictions = one.predictions(threshold)
        tiers[one.person] = [
            Annotation(float(one.times[begun]), float(one.ends[after - 1]), predictions[begun])
            for begun, after in stretches(one, predictions)
        ]
        found = [event for event in events if event.face == one.face]
        if found:
            tiers[f"{one.person} events"] = [
                Annotation(event.start, event.end, f"{event.emotion} {event.mean:.2f}")
                for event in found
            ]
    return tiers


def write_elan(
    tiers: dict[str, list[Annotation]], video: str, written: datetime | None = None
) -> bytes:
    """An EAF document.

    Args:
        tiers: annotations in order of time that do not overlap, by name of the tier.
        video: name of the file, which ELAN looks for next to the document.
        written: when, with its time zone; by default now.
    """
    written = written or datetime.now(UTC)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": AUTHOR,
            "DATE": written.isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{XSI}}}noNamespaceSchemaLocation": SCHEMA,
        },
    )
    _add_header(root, _writable(video))
    slots = ElementTree.SubElement(root, "TIME_ORDER")
    taken: set[int] = set()
    for annotations in tiers.values():
        taken.update(ms for one in annotations for ms in _milliseconds(one))
    names = {ms: f"ts{number}" for number, ms in enumerate(sorted(taken), 1)}
    for ms, name in names.items():
        ElementTree.SubElement(slots, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(ms))
    number = 0
    for tier, annotations in tiers.items():
        element = ElementTree.SubElement(
            root, "TIER", LINGUISTIC_TYPE_REF=LINGUISTIC_TYPE, TIER_ID=_writable(tier)
        )
        for one in annotations:
            number += 1
            start, end = (names[ms] for ms in _milliseconds(one))
            aligned = ElementTree.SubElement(
                ElementTree.SubElement(element, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{number}",
                TIME_SLOT_REF1=start,
                TIME_SLOT_REF2=end,
            )
            ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = _writable(one.value)
    ElementTree.SubElement(
        root,
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID=LINGUISTIC_TYPE,
        TIME_ALIGNABLE="true",
    )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _add_header(root: ElementTree.Element, video: str) -> None:
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    kind = mimetypes.guess_type(video)[0] or "video/mp4"
    address = f"./{quote(video)}"
    ElementTree.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        MEDIA_URL=address,
        MIME_TYPE=kind,
        RELATIVE_MEDIA_URL=address,
    )


def _milliseconds(one: Annotation) -> tuple[int, int]:
    """Begin and end; ELAN wants an annotation to last a millisecond at least."""
    start = round(1000 * one.start)
    return start, max(start + 1, round(1000 * one.end))


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)

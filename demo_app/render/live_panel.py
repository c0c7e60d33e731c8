"""The panel next to the live image, as HTML: figures, one face's bars, the last seconds."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from demo_app.language import say
from demo_app.render import panels
from demo_app.render import text as words
from fer_core.video.tracking import TrackedFace

REMEMBERED = 10.0  # seconds in the strip
STRIPS = 4  # faces in the strip


class Moment(NamedTuple):
    """One face at one moment, as the strip remembers it; the colour is that of its class."""

    time: float
    number: int
    emotion: str
    probability: float
    colour: str


def figures_line(faces: int, rate: float, milliseconds: float) -> str:
    """Count of faces, frames per second and the server's milliseconds for a frame."""
    key = {0: "live.none", 1: "live.one"}.get(faces, "live.many")
    server = say("live.server", milliseconds=f"{milliseconds:.0f}")
    return (
        f'<p class="live-figures"><b class="fps">{rate:.1f}</b> {escape(say("live.frames"))} · '
        f"{escape(say(key, count=faces))} · {escape(server)}</p>"
    )


def face_block(tracked: Sequence[TrackedFace], number: int, emotion: str, threshold: float) -> str:
    """Prediction and probabilities of one face; a sentence when there is none.

    Args:
        tracked: faces of the frame, the largest first.
        number: of the face; the largest where it is not there.
        emotion: whose map is drawn, its bar is marked; empty for the face's own prediction.
        threshold: of "not sure", in [0, 1].
    """
    one = shown_face(tracked, number)
    if one is None:
        return f'<div class="live-face"><p>{escape(say("live.no_face"))}</p></div>'
    shown = emotion if emotion in one.face.classes else one.face.emotion
    told = words.prediction(one.face, threshold)
    title = escape(say("live.face", number=one.number, prediction=told))
    bars = panels.bars(one.face, shown, threshold)
    return f'<div class="live-face"><p>{title}</p>{bars}</div>'


def shown_face(tracked: Sequence[TrackedFace], number: int) -> TrackedFace | None:
    """The face of a number, else the largest; None without a face."""
    largest = tracked[0] if tracked else None
    return next((one for one in tracked if one.number == number), largest)


def strip_svg(moments: Iterable[Moment], threshold: float, now: float) -> str:
    """The last seconds of each face as a band in the colours of its predictions.

    Where the model was not sure the band is empty. The height of the line is the probability.
    Faces seen last come before those that have left.
    """
    seen: dict[int, list[Moment]] = {}
    for moment in moments:
        seen.setdefault(moment.number, []).append(moment)
    latest = sorted(seen, key=lambda number: (-seen[number][-1].time, number))[:STRIPS]
    rows = "".join(_strip_row(number, seen[number], threshold, now) for number in sorted(latest))
    seconds = f"{REMEMBERED:.0f}"
    label, ago = (
        escape(say("live.strip", seconds=seconds)),
        escape(say("live.ago", seconds=seconds)),
    )
    return (
        f'<div class="strip" role="img" aria-label="{label}">{rows}<span class="axis">'
        f"<i>{ago}</i><i>{escape(say('live.now'))}</i></span></div>"
    )


def _strip_row(number: int, moments: list[Moment], threshold: float, now: float) -> str:
    def across(moment: Moment) -> float:
        return 100 * (1 + (moment.time - now) / REMEMBERED)

    bands, begun = [], 0
    for index in range(1, len(moments) + 1):
        last = index == len(moments)
        if last or _band(moments[index], threshold) != _band(moments[begun], threshold):
            colour = _band(moments[begun], threshold)
            left = across(moments[begun])
            right = across(moments[index - 1 if last else index])
            bands.append(
                f'<rect x="{left:.1f}" width="{max(0.4, right - left):.1f}" y="0" height="20" '
                f'fill="{colour}"/>'
            )
            begun = index
    line = " ".join(f"{across(m):.1f},{20 - 20 * m.probability:.1f}" for m in moments)
    return (
        f'<span class="row"><b>{number}</b><svg viewBox="0 0 100 20" preserveAspectRatio="none">'
        f'{"".join(bands)}<polyline points="{line}"/></svg></span>'
    )


def _band(moment: Moment, threshold: float) -> str:
    if moment.probability < threshold:
        return "none"
    return moment.colour

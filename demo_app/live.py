"""A camera's pictures one after the other: faces followed, answers smoothed, kept for seconds."""

import time
from collections import deque
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from PIL import Image

from demo_app import panels, words
from demo_app.drawing import Mark, draw_marks
from demo_app.model_shelf import ModelShelf
from fer_core.emotions import COLOURS
from fer_core.tracking import TrackedFace, Tracker

FRAME_SIDE = 640  # pixels; larger frames are reduced
REMEMBERED = 10.0  # seconds in the strip
RATE_WINDOW = 2.0  # seconds over which frames are counted
PANEL_EVERY = 0.2  # seconds between two drawings of the panel
PAUSE = 2.0  # seconds without a frame after which a stream begins anew
STRIPS = 4  # faces in the strip


class Look(NamedTuple):
    """How a frame is drawn.

    Attributes:
        emotion: whose map is drawn; empty for each face's own answer.
        opacity: of the maps, in [0, 1]; 0 draws boxes alone.
        threshold: of "not sure", in [0, 1].
    """

    emotion: str
    opacity: float
    threshold: float


class Moment(NamedTuple):
    """One face at one moment, as the strip remembers it."""

    time: float
    number: int
    emotion: str
    probability: float


class Frame(NamedTuple):
    """What is shown of one camera picture.

    Attributes:
        picture: with maps, boxes and answers.
        panel: figures, strip and bars as HTML; None where it is too early for another one.
    """

    picture: Image.Image
    panel: str | None


@dataclass(eq=False)
class LiveSession:
    """One visitor's stream; holds numbers and words of the last seconds, no picture.

    Attributes:
        model: name of the model that answers.
        tracker: follows and smooths the faces.
        moments: of the last seconds, for the strip.
        times: of the last frames, for the rate.
    """

    model: str
    tracker: Tracker = field(default_factory=Tracker)
    moments: deque[Moment] = field(default_factory=deque)
    times: deque[float] = field(default_factory=deque)
    panel_drawn: float = float("-inf")

    def step(
        self, shelf: ModelShelf, picture: Image.Image, look: Look, now: float | None = None
    ) -> Frame:
        """Analyse and draw one camera picture.

        Args:
            shelf: of the models.
            picture: upright, as it came from the camera.
            look: how it is drawn.
            now: seconds of a clock that never goes back, by default the computer's.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        begun = time.monotonic()
        now = begun if now is None else now
        if self.times and now - self.times[-1] > PAUSE:
            self._begin_anew()
        small = _reduce(picture)
        tracked = self.tracker.update(shelf.predict(self.model, small), now)
        self._remember(tracked, now)
        drawn = draw(small, tracked, look)
        if now - self.panel_drawn < PANEL_EVERY:
            return Frame(drawn, None)
        self.panel_drawn = now
        milliseconds = 1000 * (time.monotonic() - begun)
        return Frame(drawn, self._panel(tracked, look, now, milliseconds))

    def rate(self) -> float:
        """Frames per second over the last two seconds; 0 before the second frame."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    def _begin_anew(self) -> None:
        self.tracker.cut()
        self.moments.clear()
        self.times.clear()

    def _remember(self, tracked: list[TrackedFace], now: float) -> None:
        self.times.append(now)
        while self.times[0] < now - RATE_WINDOW:
            self.times.popleft()
        self.moments.extend(
            Moment(now, one.number, one.face.emotion, one.face.confidence) for one in tracked
        )
        while self.moments and self.moments[0].time < now - REMEMBERED:
            self.moments.popleft()

    def _panel(
        self, tracked: list[TrackedFace], look: Look, now: float, milliseconds: float
    ) -> str:
        figures = figures_line(len(tracked), self.rate(), milliseconds)
        strip = strip_svg(list(self.moments), look.threshold, now)
        if not tracked:
            return figures + strip + f"<p>{escape(words.NO_LIVE_FACE)}</p>"
        largest = tracked[0]
        shown = look.emotion if look.emotion in largest.face.classes else largest.face.emotion
        title = (
            f"<p>Face {largest.number}: {escape(words.answer(largest.face, look.threshold))}</p>"
        )
        return figures + strip + title + panels.bars(largest.face, shown, look.threshold)


def draw(picture: Image.Image, tracked: list[TrackedFace], look: Look) -> Image.Image:
    """The frame with every face's map, box, number and answer."""
    if look.opacity > 0:
        for one in tracked:
            emotion = look.emotion if look.emotion in one.face.classes else None
            picture = one.face.overlay_on(picture, emotion, look.opacity)
    marks = [
        Mark(
            one.face.box,
            f"{one.number} {words.answer(one.face, look.threshold)}",
            words.colour(one.face, look.threshold),
        )
        for one in tracked
    ]
    return draw_marks(picture, marks)


def figures_line(faces: int, rate: float, milliseconds: float) -> str:
    """Count of faces, frames per second and the server's milliseconds for a frame, as HTML."""
    count = "no face" if not faces else "1 face" if faces == 1 else f"{faces} faces"
    return (
        f'<p class="live-figures"><b class="fps">{rate:.1f}</b> frames/s · {count} · '
        f"{milliseconds:.0f} ms on the server</p>"
    )


def strip_svg(moments: list[Moment], threshold: float, now: float) -> str:
    """The last seconds of each face as a band in the colours of its answers, as HTML.

    Where the model was not sure the band is empty. The height of the line is the probability.
    """
    numbers = sorted({moment.number for moment in moments})[-STRIPS:]
    rows = "".join(
        _strip_row(number, [m for m in moments if m.number == number], threshold, now)
        for number in numbers
    )
    return (
        f'<div class="strip" role="img" aria-label="The last {REMEMBERED:.0f} seconds of each '
        f'face">{rows}<span class="axis"><i>{REMEMBERED:.0f} s ago</i><i>now</i></span></div>'
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
    return COLOURS.get(moment.emotion, words.OTHER_COLOUR)


def _reduce(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= FRAME_SIDE:
        return picture
    small = picture.copy()
    small.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BILINEAR)
    return small

"""Camera frames one after the other: faces tracked, predictions smoothed and kept for seconds."""

import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from PIL import Image

from demo_app.analysis.frame_limiter import FrameLimiter
from demo_app.analysis.live_movements import MovementWatch
from demo_app.render import text as words
from demo_app.render.boxes import Mark, draw_marks
from demo_app.render.live_panel import (
    REMEMBERED,
    Moment,
    face_block,
    figures_line,
    shown_face,
    strip_svg,
)
from demo_app.render.movements import live_movements
from fer_core.faces.follow import FaceFollower
from fer_core.video.tracking import FaceTracker, TrackedFace

FRAME_SIDE = 640  # pixels; larger frames are reduced
RATE_WINDOW = 2.0  # seconds over which frames are counted
PANEL_EVERY = 0.2  # seconds between two drawings of the panel
PAUSE = 2.0  # seconds without a frame after which a stream starts over
LARGER = 1.25  # how many times wider a face must be to take over the bars


class FrameStyle(NamedTuple):
    """How a frame is drawn.

    Attributes:
        emotion: whose map is drawn; empty for each face's own prediction.
        opacity: of the maps, in [0, 1]; 0 draws boxes alone.
        threshold: of "not sure", in [0, 1].
        number: of the face whose bars are shown; 0 for the largest.
        movements: tell what the faces do.
    """

    emotion: str
    opacity: float
    threshold: float
    number: int = 0
    movements: bool = False


class LiveFrame(NamedTuple):
    """What is shown for one camera frame.

    Attributes:
        image: with maps, boxes and predictions.
        panel: figures, bars and strip as HTML; None when it is too early for a new one.
        faces: of the frame, boxes in pixels of the image.
    """

    image: Image.Image
    panel: str | None
    faces: list[TrackedFace]


@dataclass(eq=False)
class LiveSession:
    """One visitor's stream; holds numbers and words of the last seconds, no image.

    Attributes:
        model: name of the model.
        follower: finds the faces of a frame near those of the frame before.
        tracker: numbers and smooths the faces; waits for a face as long as the stream for a frame.
        moments: of the last seconds, for the strip.
        times: of the last frames, for the rate.
        boxes: of the last frame's faces by their numbers.
        panel_drawn: time of the last panel.
        foremost: number of the face whose bars are shown when none is chosen.
        watch: what the faces do.
    """

    model: str
    follower: FaceFollower = field(default_factory=FaceFollower)
    tracker: FaceTracker = field(default_factory=lambda: FaceTracker(patience=PAUSE))
    moments: deque[Moment] = field(default_factory=deque)
    times: deque[float] = field(default_factory=deque)
    boxes: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)
    panel_drawn: float = float("-inf")
    foremost: int = 0
    watch: MovementWatch = field(default_factory=MovementWatch)

    def step(
        self, limiter: FrameLimiter, image: Image.Image, style: FrameStyle, now: float | None = None
    ) -> LiveFrame | None:
        """Analyse and draw one camera frame; None when it was dropped.

        Args:
            limiter: of the models.
            image: upright, as it came from the camera.
            style: how it is drawn.
            now: seconds on a monotonic clock, by default the computer's.

        Raises:
            ModelError: when the model cannot be loaded, or nothing tells movements.
        """
        begun = time.monotonic()
        now = begun if now is None else now
        if self.times and now - self.times[-1] > PAUSE:
            self._restart()
        small = _reduce(image)
        faces = limiter.predict(self.model, small, self.follower, now)
        if faces is None:
            return None
        tracked = self.tracker.update(faces, now)
        self._remember(tracked, now)
        if style.movements:
            tracked = self.watch.look(tracked, partial(limiter.analyse, small))
        drawn = draw(small, tracked, style)
        if now - self.panel_drawn < PANEL_EVERY:
            return LiveFrame(drawn, None, tracked)
        self.panel_drawn = now
        milliseconds = 1000 * (time.monotonic() - begun)
        number = style.number or self.foremost
        panel = (
            figures_line(len(tracked), self.rate(), milliseconds)
            + face_block(tracked, number, style.emotion, style.threshold)
            + strip_svg(self.moments, style.threshold, now)
            + (self._movements(tracked, number) if style.movements else "")
        )
        return LiveFrame(drawn, panel, tracked)

    def rate(self) -> float:
        """Frames per second over the last two seconds; 0 before the second frame."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    def face_at(self, x: float, y: float) -> int:
        """Number of the face at a point of the last image, the smallest one; 0 for none."""
        hits = [
            ((x1 - x0) * (y1 - y0), number)
            for number, (x0, y0, x1, y1) in self.boxes.items()
            if x0 <= x <= x1 and y0 <= y <= y1
        ]
        return min(hits)[1] if hits else 0

    def _movements(self, tracked: list[TrackedFace], number: int) -> str:
        shown = shown_face(tracked, number)
        if shown is None or not self.watch.knows(shown.number):
            return ""
        return live_movements(self.watch.last(shown.number), shown.number)

    def _restart(self) -> None:
        self.tracker.cut()
        self.moments.clear()
        self.times.clear()

    def _remember(self, tracked: list[TrackedFace], now: float) -> None:
        self.boxes = {one.number: one.face.box for one in tracked}
        widths = {number: box[2] - box[0] for number, box in self.boxes.items()}
        largest = max(widths, key=lambda number: widths[number], default=0)
        # With two faces of similar size, the bars stay with one of them.
        if largest and widths[largest] > LARGER * widths.get(self.foremost, 0.0):
            self.foremost = largest
        self.times.append(now)
        while self.times[0] < now - RATE_WINDOW:
            self.times.popleft()
        self.moments.extend(
            Moment(
                *(now, one.number, one.face.emotion, one.face.confidence),
                one.face.taxonomy.colour_of(one.face.emotion),
            )
            for one in tracked
        )
        while self.moments and self.moments[0].time < now - REMEMBERED:
            self.moments.popleft()


def draw(image: Image.Image, tracked: list[TrackedFace], style: FrameStyle) -> Image.Image:
    """The frame with every face's map, box, number and prediction; the chosen face stands out."""
    if style.opacity > 0:
        for one in tracked:
            emotion = style.emotion if style.emotion in one.face.classes else None
            image = one.face.overlay_on(image, emotion, style.opacity)
    marks = [
        Mark(
            one.face.box,
            f"{one.number} {words.prediction(one.face, style.threshold)}",
            words.colour(one.face, style.threshold),
            strong=one.number == style.number,
        )
        for one in tracked
    ]
    return draw_marks(image, marks)


def _reduce(image: Image.Image) -> Image.Image:
    if max(image.size) <= FRAME_SIDE:
        return image
    small = image.copy()
    small.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BILINEAR)
    return small

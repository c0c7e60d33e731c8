"""A camera's pictures one after the other: faces followed, answers smoothed, kept for seconds."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from PIL import Image

from demo_app.analysis.model_pool import ModelShelf
from demo_app.render import text as words
from demo_app.render.boxes import Mark, draw_marks
from demo_app.render.live_panel import REMEMBERED, Moment, face_block, figures_line, strip_svg
from fer_core.inference.predictor import FacePrediction
from fer_core.video.tracking import TrackedFace, Tracker

FRAME_SIDE = 640  # pixels; larger frames are reduced
RATE_WINDOW = 2.0  # seconds over which frames are counted
PANEL_EVERY = 0.2  # seconds between two drawings of the panel
PAUSE = 2.0  # seconds without a frame after which a stream begins anew
PLACES = 2  # frames of all visitors at the model: one answered, one next
PATIENCE = 0.3  # seconds for which a frame waits for its place
LARGER = 1.25  # times as wide a face must be to take the bars from the one that has them


class Look(NamedTuple):
    """How a frame is drawn.

    Attributes:
        emotion: whose map is drawn; empty for each face's own answer.
        opacity: of the maps, in [0, 1]; 0 draws boxes alone.
        threshold: of "not sure", in [0, 1].
        number: of the face whose bars are shown; 0 for the largest.
    """

    emotion: str
    opacity: float
    threshold: float
    number: int = 0


class Frame(NamedTuple):
    """What is shown of one camera picture.

    Attributes:
        picture: with maps, boxes and answers.
        panel: figures, bars and strip as HTML; None where it is too early for another one.
    """

    picture: Image.Image
    panel: str | None


class FrameDesk:
    """Lets the frames of all visitors to the models, and drops those that come too late.

    Frames never queue up: a frame that finds no place within its patience is thrown away, for the
    visitor's next one is newer. So the delay stays bounded with any number of visitors, who share
    the frames per second, and a photograph waits for a few frames at most.
    """

    def __init__(self, shelf: ModelShelf, places: int = PLACES, patience: float = PATIENCE) -> None:
        """Open the desk.

        Args:
            shelf: of the models.
            places: frames at the models at once.
            patience: seconds for which a frame waits for a place.
        """
        self._shelf = shelf
        self._places = threading.BoundedSemaphore(places)
        self._patience = patience

    def predict(self, model: str, picture: Image.Image) -> list[FacePrediction] | None:
        """As `ModelShelf.predict`; None for a frame that was dropped."""
        self._shelf.take(model)  # loading takes no place
        if not self._places.acquire(timeout=self._patience):
            return None
        try:
            return self._shelf.predict(model, picture)
        finally:
            self._places.release()


@dataclass(eq=False)
class LiveSession:
    """One visitor's stream; holds numbers and words of the last seconds, no picture.

    Attributes:
        model: name of the model that answers.
        tracker: follows and smooths the faces; waits as long for a face as the stream for a frame.
        moments: of the last seconds, for the strip.
        times: of the last frames, for the rate.
        boxes: of the last frame's faces by their numbers.
        panel_drawn: time of the last panel.
        foremost: number of the face whose bars are shown where none is chosen.
    """

    model: str
    tracker: Tracker = field(default_factory=lambda: Tracker(patience=PAUSE))
    moments: deque[Moment] = field(default_factory=deque)
    times: deque[float] = field(default_factory=deque)
    boxes: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)
    panel_drawn: float = float("-inf")
    foremost: int = 0

    def step(
        self, desk: FrameDesk, picture: Image.Image, look: Look, now: float | None = None
    ) -> Frame | None:
        """Analyse and draw one camera picture; None when it was dropped.

        Args:
            desk: where the models are asked.
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
        faces = desk.predict(self.model, small)
        if faces is None:
            return None
        tracked = self.tracker.update(faces, now)
        self._remember(tracked, now)
        drawn = draw(small, tracked, look)
        if now - self.panel_drawn < PANEL_EVERY:
            return Frame(drawn, None)
        self.panel_drawn = now
        milliseconds = 1000 * (time.monotonic() - begun)
        panel = (
            figures_line(len(tracked), self.rate(), milliseconds)
            + face_block(tracked, look.number or self.foremost, look.emotion, look.threshold)
            + strip_svg(self.moments, look.threshold, now)
        )
        return Frame(drawn, panel)

    def rate(self) -> float:
        """Frames per second over the last two seconds; 0 before the second frame."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    def face_at(self, x: float, y: float) -> int:
        """Number of the face at a point of the last picture, the smallest one; 0 for none."""
        hits = [
            ((x1 - x0) * (y1 - y0), number)
            for number, (x0, y0, x1, y1) in self.boxes.items()
            if x0 <= x <= x1 and y0 <= y <= y1
        ]
        return min(hits)[1] if hits else 0

    def _begin_anew(self) -> None:
        self.tracker.cut()
        self.moments.clear()
        self.times.clear()

    def _remember(self, tracked: list[TrackedFace], now: float) -> None:
        self.boxes = {one.number: one.face.box for one in tracked}
        widths = {number: box[2] - box[0] for number, box in self.boxes.items()}
        largest = max(widths, key=lambda number: widths[number], default=0)
        # Of two faces of about one size, the bars stay with one.
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


def draw(picture: Image.Image, tracked: list[TrackedFace], look: Look) -> Image.Image:
    """The frame with every face's map, box, number and answer; the chosen face stands out."""
    if look.opacity > 0:
        for one in tracked:
            emotion = look.emotion if look.emotion in one.face.classes else None
            picture = one.face.overlay_on(picture, emotion, look.opacity)
    marks = [
        Mark(
            one.face.box,
            f"{one.number} {words.answer(one.face, look.threshold)}",
            words.colour(one.face, look.threshold),
            strong=one.number == look.number,
        )
        for one in tracked
    ]
    return draw_marks(picture, marks)


def _reduce(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= FRAME_SIDE:
        return picture
    small = picture.copy()
    small.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BILINEAR)
    return small

"""Videos of any kind as upright RGB images with their true times."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from fer_core.video.container import (
    VideoError,
    check_size,
    image_track,
    import_av,
    open_video,
    read_facts,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video import VideoFrame

SIDE = 1280  # pixels; larger frames are reduced to this
SECONDS = 60.0
RATE = 10.0  # frames of a second that are to be analysed
MOST_FRAMES = 60.0  # frames of a second that are read at all
LEAST_STEP = 0.0005  # seconds between two frames
LENIENCE = 0.5  # seconds; a recording of a minute is rarely a minute
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


class Frame(NamedTuple):
    """One frame.

    Attributes:
        number: in the video, from 0, of the frames that could be read.
        time: seconds since the first frame.
        image: upright RGB, all of one size.
        due: whether it is one of the frames to analyse.
    """

    number: int
    time: float
    image: Image.Image
    due: bool


class Video:
    """A video file.

    Example:
        >>> for frame in Video("clip.mp4").frames():
        ...     if frame.due:
        ...         faces = predictor.predict(frame.image)

    Attributes:
        facts: what the file says of itself.
        size: width and height of the upright original in pixels, known after the first frame.
        damaged: how many packets of the last reading could not be decoded.
        shortened: whether the last reading stopped at the limit.
    """

    def __init__(self, path: str | Path, seconds: float = SECONDS, rate: float = RATE) -> None:
        """Open a video and see that it can be read.

        Args:
            path: of the file.
            seconds: most that is read.
            rate: frames of a second that are to be analysed.

        Raises:
            VideoError: when it is not a video, has no images, or is longer.
        """
        if not (seconds > 0 and rate > 0):
            raise ValueError(f"seconds and rate must be above 0, got {seconds} and {rate}")
        self.path = Path(path)
        self.seconds = seconds
        self.rate = rate
        self.size = (0, 0)
        self.damaged = 0
        self.shortened = False
        with open_video(self.path) as container:
            self.facts = read_facts(container)
        length = self.facts.seconds
        if length is not None and length > seconds + LENIENCE:
            raise VideoError(
                f"this video lasts {length:.0f} seconds and at most {seconds:.0f} are analysed: "
                "please cut out a part of it"
            )

    def frames(self) -> Iterator[Frame]:
        """The frames from the first to the limit; parts that cannot be decoded are left out.

        Raises:
            VideoError: when not one frame can be read, or they are too large.
        """
        self.damaged, self.shortened = 0, False
        first, last, read_slot, due_slot = 0.0, -math.inf, -1, -1
        small = (0, 0)
        step = 1 / (self.facts.frames_per_second or 25.0)
        with open_video(self.path) as container:
            for index, raw in enumerate(self._decode(container)):
                if index == 0:
                    first = raw.time or 0.0
                    self.size, small = _sizes(raw)
                time = 0.0 if index == 0 else last + step
                if raw.time is not None and raw.time - first > last + LEAST_STEP:
                    # A clock that stops or runs backwards is not believed.
                    time = raw.time - first
                if time > self.seconds + LENIENCE:
                    self.shortened = True
                    break
                last = time
                slot = _slot(time, MOST_FRAMES)
                if slot == read_slot:
                    continue
                read_slot = slot
                slot = _slot(time, self.rate)
                yield Frame(index, time, _image(raw, small), slot != due_slot)
                due_slot = slot
        if last < 0:
            raise VideoError("this video holds no image that can be read: the file is damaged")

    def _decode(self, container: "InputContainer") -> Iterator["VideoFrame"]:
        av = import_av()
        stream = image_track(container)
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file ends in the middle
                self.damaged += 1
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.damaged += 1
                continue
            yield from frames


def _slot(time: float, rate: float) -> int:
    """Of the equal parts of a second; times are often rounded to milliseconds."""
    return math.floor(time * rate + 0.05)


def _sizes(frame: "VideoFrame") -> tuple[tuple[int, int], tuple[int, int]]:
    """Size of the upright original, and the even one to which frames are brought, unturned."""
    width, height = frame.width, frame.height
    check_size(width, height)
    factor = min(1.0, SIDE / max(width, height))
    small = (max(2, round(width * factor / 2) * 2), max(2, round(height * factor / 2) * 2))
    return (height, width) if frame.rotation % 180 else (width, height), small


def _image(frame: "VideoFrame", size: tuple[int, int]) -> Image.Image:
    image = frame.reformat(width=size[0], height=size[1], format="rgb24").to_image()
    turn = _TURNS.get(round(frame.rotation) % 360)
    return image.transpose(turn) if turn is not None else image

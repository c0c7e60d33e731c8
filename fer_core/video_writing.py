"""Write a video that browsers play: H.264 in MP4, with the sound of another (extra ``video``)."""

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from PIL import Image

from fer_core.videos import import_av, open_video, picture_track

TICKS = 90_000  # of the clock in a second
COPIED = ("aac", "mp3")  # codings of sound that MP4 holds and every browser plays
QUALITY = {"crf": "23", "preset": "veryfast"}


class _Sound(NamedTuple):
    """A packet of sound, its time in seconds, and the track it comes from."""

    time: float
    packet: Any
    track: Any


class VideoWriter:
    """Frames at their own times, whatever the distance between them.

    Example:
        >>> with VideoWriter("drawn.mp4", sound="clip.mp4") as writer:
        ...     for frame in Video("clip.mp4").frames():
        ...         writer.write(frame.picture, frame.time)
    """

    def __init__(self, path: str | Path, sound: str | Path | None = None) -> None:
        """Begin a file.

        Args:
            path: of the new file, ``.mp4``.
            sound: video whose track of sound is copied where MP4 can hold it; else there is none.

        Raises:
            VideoError: when PyAV is missing, or the file of the sound cannot be read.
        """
        av = import_av()
        self.path = Path(path)
        self._av = av
        options = {"movflags": "+faststart"}
        self._container = av.open(str(path), "w", format="mp4", options=options)
        self._stream: Any = None
        self._last = -1
        self._step = 0
        self._sound = _sound_packets(Path(sound)) if sound is not None else None
        self._sound_stream: Any = None
        self._waiting: _Sound | None = None

    def write(self, picture: Image.Image, time: float) -> None:
        """Add a frame.

        Args:
            picture: all of one size; of odd sides the last row or column is left out.
            time: in seconds, after that of the last frame.
        """
        size = (picture.width // 2 * 2, picture.height // 2 * 2)
        stream = self._stream or self._begin(size)
        tick = round(time * TICKS)
        if tick <= self._last:
            raise ValueError(f"frames must be written in order of time, got {time} s again")
        self._step, self._last = tick - max(0, self._last), tick
        frame = self._av.VideoFrame.from_image(picture.crop((0, 0, *size)))
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._container.mux(stream.encode(frame))
        self._add_sound(time)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file; after an error there is none."""
        try:
            if kind is None and self._stream is not None:
                for packet in self._stream.encode():
                    packet.duration = self._step  # the last frame lasts as long as the one before
                    self._container.mux(packet)
        finally:
            if self._sound is not None:
                self._sound.close()
            self._container.close()
            if kind is not None:
                self.path.unlink(missing_ok=True)

    def _begin(self, size: tuple[int, int]) -> Any:  # noqa: ANN401 - PyAV may be missing
        stream = self._container.add_stream("libx264", rate=30, options=QUALITY)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream = stream
        # All tracks must be known before the first packet is written.
        self._waiting = next(self._sound, None) if self._sound is not None else None
        if self._waiting is not None:
            self._sound_stream = self._container.add_stream_from_template(self._waiting.track)
        return stream

    def _add_sound(self, until: float) -> None:
        """Sound goes between the pictures of its time, so that a browser plays as it loads."""
        while self._waiting is not None and self._waiting.time <= until:
            packet = self._waiting.packet
            packet.stream = self._sound_stream
            self._container.mux(packet)
            self._waiting = next(self._sound, None) if self._sound is not None else None


def _sound_packets(path: Path) -> Generator[_Sound, None, None]:
    """The packets of the first track that MP4 can hold, from the time of the first picture on."""
    with open_video(path) as container:
        tracks = [s for s in container.streams.audio if s.codec_context.name in COPIED]
        pictures = picture_track(container)
        if not tracks:
            return
        track = tracks[0]
        start = float((pictures.start_time or 0) * (pictures.time_base or 0))
        packets = container.demux(track)
        while True:
            try:
                packet = next(packets, None)
            except import_av().FFmpegError:  # the file ends in the middle
                return
            if packet is None:
                return
            if packet.pts is None or packet.time_base is None:
                continue
            shift = round(start / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            if packet.pts >= 0:
                yield _Sound(float(packet.pts * packet.time_base), packet, track)

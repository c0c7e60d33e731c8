"""Write a video that browsers play: H.264 in MP4, with the sound of another (extra ``video``)."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from PIL import Image

from fer_core.video.container import image_track, import_av, open_video

TICKS = 90_000  # of the clock in a second
COPIED = ("aac", "mp3")  # codings of sound that MP4 holds and every browser plays
SOUND_RATE = 48_000  # samples of a second, of sound that is re-encoded
# No B frames: where the times are irregular, the length that the file states would be wrong.
QUALITY = {"crf": "23", "preset": "veryfast", "bf": "0"}


class _Sound(NamedTuple):
    """A packet to copy or a frame to encode, its time in seconds, and the track it comes from."""

    time: float
    part: Any
    track: Any
    copied: bool


class VideoWriter:
    """Frames at their own times, whatever the distance between them.

    Example:
        >>> with VideoWriter("drawn.mp4", sound="clip.mp4") as writer:
        ...     for frame in Video("clip.mp4").frames():
        ...         writer.write(frame.image, frame.time)
    """

    def __init__(
        self, path: str | Path, sound: str | Path | None = None, *, comment: str = ""
    ) -> None:
        """Begin a file.

        Args:
            path: of the new file, ``.mp4``.
            sound: video whose track of sound goes along, encoded as AAC where MP4 cannot hold it.
            comment: in the metadata of the file.

        Raises:
            VideoError: when PyAV is missing, or the file of the sound cannot be read.
        """
        av = import_av()
        self.path = Path(path)
        self._av = av
        options = {"movflags": "+faststart"}
        self._container = av.open(str(path), "w", format="mp4", options=options)
        if comment:
            self._container.metadata["comment"] = comment
        self._stream: Any = None
        self._last = -1
        self._step = 0
        self._lengths: dict[int, int] = {}  # by time, of the frames that the encoder holds
        self._sound = _sound_packets(Path(sound)) if sound is not None else None
        self._sound_stream: Any = None
        self._copied = False
        self._waiting: _Sound | None = None

    def write(self, image: Image.Image, time: float) -> None:
        """Add a frame.

        Args:
            image: all of one size; of odd sides the last row or column is left out.
            time: in seconds, after that of the last frame.
        """
        size = (image.width // 2 * 2, image.height // 2 * 2)
        stream = self._stream or self._begin(size)
        tick = round(time * TICKS)
        if tick <= self._last:
            raise ValueError(f"frames must be written in order of time, got {time} s again")
        if self._last >= 0:
            self._step = self._lengths[self._last] = tick - self._last
        self._last = tick
        frame = self._av.VideoFrame.from_image(image.crop((0, 0, *size)))
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._put(stream.encode(frame))
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
                self._put(self._stream.encode())
                if self._sound_stream is not None and not self._copied:
                    self._container.mux(self._sound_stream.encode())
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
            track = self._waiting.track
            self._copied = self._waiting.copied
            if self._copied:
                self._sound_stream = self._container.add_stream_from_template(track)
            else:
                layout = "mono" if track.codec_context.layout.nb_channels == 1 else "stereo"
                self._sound_stream = self._container.add_stream(
                    "aac", rate=SOUND_RATE, layout=layout
                )
        return stream

    def _put(self, packets: list[Any]) -> None:
        for packet in packets:
            # The encoder's own is 1 / rate. The last frame lasts as long as the one before.
            packet.duration = self._lengths.pop(packet.pts, self._step)
            self._container.mux(packet)

    def _add_sound(self, until: float) -> None:
        """Sound goes between the images of its time, so that a browser plays as it loads."""
        while self._waiting is not None and self._waiting.time <= until:
            part = self._waiting.part
            if self._copied:
                part.stream = self._sound_stream
                self._container.mux(part)
            else:
                self._container.mux(self._sound_stream.encode(part))
            self._waiting = next(self._sound, None) if self._sound is not None else None


def _sound_packets(path: Path) -> Generator[_Sound, None, None]:
    """The first track of sound, from the time of the first image on."""
    av = import_av()
    with open_video(path) as container:
        tracks = [s for s in container.streams.audio if s.codec_context is not None]
        images = image_track(container)
        if not tracks:
            return
        track = tracks[0]
        start = float((images.start_time or 0) * (images.time_base or 0))
        copied = track.codec_context.name in COPIED and bool(track.codec_context.extradata)
        packets = container.demux(track)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file ends in the middle
                return
            if packet is None:
                return
            yield from _copy(packet, track, start) if copied else _decode(packet, track, start)


def _copy(packet: Any, track: Any, start: float) -> Iterator[_Sound]:  # noqa: ANN401
    if packet.pts is None or packet.time_base is None:
        return
    packet.pts -= round(start / packet.time_base)
    packet.dts = packet.pts
    if packet.pts >= 0:
        yield _Sound(float(packet.pts * packet.time_base), packet, track, True)


def _decode(packet: Any, track: Any, start: float) -> Iterator[_Sound]:  # noqa: ANN401
    try:
        frames = packet.decode()
    except import_av().FFmpegError:  # a broken piece of sound is left out
        return
    for frame in frames:
        if frame.time is not None and frame.time >= start:
            time = frame.time - start
            frame.pts = round(time * frame.sample_rate)
            frame.time_base = Fraction(1, frame.sample_rate)
            yield _Sound(time, frame, track, False)

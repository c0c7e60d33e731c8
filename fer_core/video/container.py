"""Opening video files by PyAV (extra ``video``), and what they say of themselves.

Only container formats that hold images themselves are opened: playlists, which name other files
or addresses, are not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.errors import FerError
from fer_core.video.boxes import MOST_BOXES, has_many_boxes

if TYPE_CHECKING:
    from types import ModuleType

    from av.container import InputContainer
    from av.video import VideoStream

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,ogg,asf,gif"


MOST_PIXELS = 7680 * 4320  # of a frame
MOST_GIF_PIXELS = 4_000_000  # of a frame of a GIF, of which a few bytes hold thousands


class VideoError(FerError, ValueError):
    """A video that cannot be read, in one sentence."""


@dataclass(frozen=True)
class VideoFacts:
    """What the file says of itself.

    Attributes:
        seconds: length; None where the file does not say.
        frames_per_second: average; None where the file does not say.
        codec: name of the coding of the images.
        sound: whether there is a track of sound.
    """

    seconds: float | None
    frames_per_second: float | None
    codec: str
    sound: bool


def import_av() -> "ModuleType":
    """PyAV, or what to do for it.

    Raises:
        VideoError: when it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise VideoError(
            "reading videos needs PyAV, which is missing: pip install 'fer-core[video]'"
        ) from error
    return av


def open_video(path: Path) -> "InputContainer":
    """The container of a video file.

    Raises:
        VideoError: when there is none that can be read.
    """
    av = import_av()
    if not path.is_file():
        raise VideoError(f"there is no file {path.name}")
    if path.stat().st_size == 0:
        raise VideoError("this file is empty")
    if has_many_boxes(path):
        raise VideoError(
            f"this file has more than {MOST_BOXES:,} parts, which no video needs: it is not read"
        )
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path.resolve()}", options=options)
    except (av.FFmpegError, UnicodeError) as error:
        raise VideoError(
            "this file is not a video that can be read: it may be damaged or of another kind "
            "(MP4, MOV, WebM, MKV, AVI and MPEG can be read)"
        ) from error


def image_track(container: "InputContainer") -> "VideoStream":
    """The first track of moving images; the cover of a song is none.

    Raises:
        VideoError: when the file holds none.
    """
    av = import_av()
    cover = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover and stream.codec_context is not None:
            check_size(stream.width, stream.height, stream.codec_context.name)
            return stream
    if container.streams.audio:
        raise VideoError("this file holds sound without an image: please choose a video")
    raise VideoError("this file holds no images: please choose a video")


def check_size(width: int, height: int, codec: str = "") -> None:
    """See that frames are of a size that is read.

    Raises:
        VideoError: naming the size and the limit.
    """
    gif = codec == "gif"
    if width * height > (MOST_GIF_PIXELS if gif else MOST_PIXELS):
        limit = f"{MOST_GIF_PIXELS:,} pixels of a GIF" if gif else "7680 x 4320"
        raise VideoError(
            f"the frames of this video are too large, {width} x {height} pixels: at most {limit} "
            "can be read"
        )


def read_facts(container: "InputContainer") -> VideoFacts:
    """What an open container says of itself.

    Raises:
        VideoError: when it holds no track of images.
    """
    stream = image_track(container)
    seconds = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1e6
    rate = stream.average_rate
    return VideoFacts(
        seconds if seconds and seconds > 0 else None,
        float(rate) if rate else None,
        stream.codec_context.name,
        bool(container.streams.audio),
    )

"""A video with the boxes, numbers and predictions of its faces drawn on every frame."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fer_core.explain.cam import overlay
from fer_core.io.files import TEMPORARY
from fer_core.video.analysis import VideoMoment
from fer_core.video.reader import Video
from fer_core.video.tracking import TrackedFace
from fer_core.video.writer import VideoWriter

LONGEST_GAP = 2.5  # moments after which a face that is not found again is no longer drawn


def write_annotated(
    video: Video,
    moments: Sequence[VideoMoment],
    file: Path,
    progress: Callable[[float], object] = lambda time: None,
    *,
    opacity: float = 0.0,
    comment: str = "",
) -> None:
    """Write the annotated video, whole or not at all, with the sound of the original.

    Args:
        video: the original.
        moments: that were analysed.
        file: to write, ``.mp4``.
        progress: is told the time of each frame.
        opacity: of the attention maps, in [0, 1]; 0 draws boxes alone, as for faces without maps.
        comment: in the metadata of the file.

    Raises:
        VideoError: when the original cannot be read.
        OSError: when the file cannot be written.
    """
    times = [moment.time for moment in moments]
    part = file.with_name(TEMPORARY.replace("*", file.stem))
    with VideoWriter(part, sound=video.path, comment=comment) as writer:
        for frame in video.frames():
            index = bisect_right(times, frame.time + 1e-6) - 1
            shown: Sequence[TrackedFace] = ()
            if index >= 0 and frame.time - times[index] <= LONGEST_GAP / video.rate:
                shown = moments[index].faces
            scale = frame.image.width / video.size[0]
            writer.write(draw_faces(frame.image, shown, scale, opacity=opacity), frame.time)
            progress(frame.time)
    part.replace(file)


def draw_faces(
    image: Image.Image,
    faces: Sequence[TrackedFace],
    scale: float = 1.0,
    *,
    opacity: float = 0.0,
) -> Image.Image:
    """The image with each face's box, number, class and probability, and the map of the class.

    Args:
        image: RGB.
        faces: in pixels of the original.
        scale: pixels of the image per pixel of the original.
        opacity: of the maps, in [0, 1].
    """
    drawn = image.copy()
    for one in faces if opacity > 0 else ():
        if one.face.has_maps:
            attention = one.face.map_of(one.face.emotion)
            drawn = overlay(drawn, attention, one.face.to_photo * scale, opacity)
    draw = ImageDraw.Draw(drawn)
    size = max(12, round(min(image.size) / 30))
    font = ImageFont.load_default(size)
    for one in faces:
        x0, y0, x1, y1 = (value * scale for value in one.face.box)
        colour = one.face.taxonomy.colour_of(one.face.emotion)
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=max(2, size // 8))
        text = f"{one.number} {one.face.emotion} {100 * one.face.confidence:.0f} %"
        top = y0 - 1.3 * size if y0 >= 1.3 * size else y0
        box = draw.textbbox((x0, top), text, font=font)
        draw.rectangle(box, fill=colour)
        draw.text((x0, top), text, fill="white", font=font)
    return drawn

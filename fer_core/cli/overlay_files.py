"""The overlays that ``fer-core predict --overlay`` writes, and the files that they never replace.

An overlay says of itself that it is one: a later call replaces it, and no other file.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from fer_core.inference.inputs import PredictionInput

KEY, MARK = "comment", "overlay by fer-core predict"  # in the PNG text and in the MP4 metadata
IMAGE, VIDEO = ".png", ".mp4"


def overlay_places(inputs: Sequence[PredictionInput], folder: Path) -> list[Path]:
    """A file for the overlay of each input, none twice.

    A name that is taken by an input, or by a file that is no overlay of an earlier call, is
    numbered: ``photo-2.png``.

    Args:
        inputs: all of a command line.
        folder: of the overlays; the folders below a named folder are kept.
    """
    paths = [one.path.resolve() for one in inputs if one.kind != "address"]
    taken = {str(path).casefold() for path in paths}
    places = []
    for one in inputs:
        suffix = VIDEO if one.kind == "video" else IMAGE
        stem, number = (folder / one.below).with_suffix(""), 1
        file = stem.with_name(f"{stem.name}{suffix}")
        while str(file.resolve()).casefold() in taken or (file.exists() and not is_overlay(file)):
            number += 1
            file = stem.with_name(f"{stem.name}-{number}{suffix}")
        taken.add(str(file.resolve()).casefold())
        places.append(file)
    return places


def save_overlay(image: Image.Image, file: Path) -> None:
    """Write the overlay of an image, marked as one."""
    mark = PngInfo()
    mark.add_text(KEY, MARK)
    image.save(file, pnginfo=mark)


def is_overlay(file: Path) -> bool:
    """Whether this command wrote the file: an image or video with its mark."""
    if not file.is_file():
        return False
    if file.suffix == VIDEO:
        return _is_video_overlay(file)
    try:
        with Image.open(file, formats=("PNG",)) as image:
            return image.info.get(KEY) == MARK
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False  # no whole PNG of a size that overlays have


def _is_video_overlay(file: Path) -> bool:
    from fer_core.video.container import VideoError, open_video

    try:
        with open_video(file) as container:
            return container.metadata.get(KEY) == MARK
    except VideoError:  # unreadable, or PyAV is missing: then no overlay of a video can be written
        return False

"""Aligned face crops of one photograph, written so that a stopped run can go on.

A crop is written beside its place and then moved there, so every ``.png`` is whole. Of several
faces the largest is written last, so a photograph is finished when that crop stands.
"""

import errno
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.errors import FerError
from fer_core.faces.align import align
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.faces.detect import detect_faces
from fer_core.io.files import displayed, write_whole
from fer_core.io.images import fault, open_upright

LEAST_SIZE, LARGEST_SIZE = 16, 2048
# With these a single name is at fault; with any other error of writing the next crop fails too.
NAME_ERRORS = {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR}


class AlignmentError(FerError, ValueError):
    """Photographs or a folder of crops that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """How the crops of one folder are cut.

    Attributes:
        size: side of a crop in pixels, 16 to 2048.
        faces: only the largest face of a photograph, or all.
        grey: whether crops are grey.
        landmarks: where a crop shows the eye on its left, the eye on its right and the mouth
            centre: (x, y) as shares of the side.
    """

    size: int = 224
    faces: Literal["largest", "all"] = "largest"
    grey: bool = False
    landmarks: tuple[tuple[float, float], ...] = tuple((x, y) for x, y in USUAL_LANDMARKS.tolist())

    def __post_init__(self) -> None:
        if not LEAST_SIZE <= self.size <= LARGEST_SIZE:
            raise AlignmentError(
                f"size must be {LEAST_SIZE} to {LARGEST_SIZE} pixels, got {self.size}"
            )

    @property
    def spec(self) -> InputSpec:
        """The crop as the input of a model; pixels stay as they are."""
        channels = 1 if self.grey else 3
        unscaled = ((0.0,) * channels, (1.0,) * channels)
        return InputSpec(self.size, channels, *unscaled, self.size, self.grey, self.landmarks)


class Photo(NamedTuple):
    """One photograph and the place of its crops.

    Attributes:
        path: its file.
        name: its file below the folder of photographs, as it can be printed.
        target: path of its crops without the face's number and ``.png``.
    """

    path: Path
    name: str
    target: Path

    def crop(self, settings: Settings, number: int = 1) -> Path:
        """File of the crop of one face, counted from 1, the largest."""
        suffix = f"_{number}.png" if settings.faces == "all" else ".png"
        return self.target.with_name(self.target.name + suffix)

    def is_aligned(self, settings: Settings) -> bool:
        """Whether all crops stand: that of the largest face is written last."""
        return self.crop(settings).is_file()


def align_photo(photo: Photo, settings: Settings) -> str:
    """Write the crops of one photograph.

    Returns:
        Why there is none; empty when there is.

    Raises:
        AlignmentError: when nothing can be written any more, for example on a full disk.
    """
    try:
        image = open_upright(photo.path)
    except Exception as error:  # Pillow's decoders raise many kinds on a broken file
        return f"unreadable image: {fault(error)}"
    try:
        faces = detect_faces(image)[: None if settings.faces == "all" else 1]
        crops = [align(image, face.landmarks, settings.spec).image for face in faces]
    except Exception as error:  # one photograph that the detector fails on must not stop the rest
        return f"alignment failed: {type(error).__name__}: {fault(error)}"
    if not crops:
        return "no face found"
    try:
        photo.target.parent.mkdir(parents=True, exist_ok=True)
        for number, crop in reversed(list(enumerate(crops, 1))):
            write_whole(photo.crop(settings, number), _png(crop))
    except OSError as error:
        if error.errno in NAME_ERRORS:
            return f"the crop cannot be written: {error.strerror}"
        raise AlignmentError(
            f"{displayed(photo.crop(settings))} cannot be written: {error.strerror}. What is "
            "written stays: run the same command again to go on"
        ) from error
    return ""


def _png(crop: Image.Image) -> bytes:
    stream = io.BytesIO()
    crop.save(stream, "PNG")
    return stream.getvalue()

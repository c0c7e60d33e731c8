"""Photographs whose faces are known, made from photographs: one condition each.

A face is cut out with what is around it and laid on a plain scene of 640 x 480 pixels, so size,
tilt, crowd and what the edge leaves of it are known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_core.faces.face import Face

Box = tuple[float, float, float, float]
SCENE = (640, 480)
GREY = (128, 128, 128)
AROUND = 2.2  # side of what is cut out, by that of the face's longer side
SIZES = (16, 24, 32, 48, 80, 160)
TILTS = (-90, -60, -45, -30, -15, 15, 30, 45, 60, 90)
CUTS = (0.1, 0.2, 0.33, 0.5)
CROWDS = (6, 15, 30)


@dataclass(frozen=True)
class Scene:
    """A photograph and the boxes of its faces.

    Attributes:
        condition: what is tried.
        value: how much of it.
        photo: RGB.
        faces: boxes (x0, y0, x1, y1).
        landmarks: (3, 2) of its only face, where they are known.
    """

    condition: str
    value: str
    photo: Image.Image
    faces: tuple[Box, ...]
    landmarks: np.ndarray | None = None


@dataclass(frozen=True)
class Portrait:
    """A face with what is around it, and its box and landmarks in that image."""

    image: Image.Image
    box: Box
    landmarks: np.ndarray | None = None

    @classmethod
    def cut(cls, photo: Image.Image, face: Face) -> "Portrait":
        """Cut a face out of a photograph, as far as the photograph reaches."""
        x0, y0, x1, y1 = face.box
        reach = AROUND * max(x1 - x0, y1 - y0) / 2
        left, top = max(0, round((x0 + x1) / 2 - reach)), max(0, round((y0 + y1) / 2 - reach))
        right = min(photo.width, round((x0 + x1) / 2 + reach))
        bottom = min(photo.height, round((y0 + y1) / 2 + reach))
        inside = (x0 - left, y0 - top, x1 - left, y1 - top)
        return cls(photo.crop((left, top, right, bottom)), inside, face.landmarks - (left, top))

    def sized(self, width: float) -> "Portrait":
        """The same with a face of that width."""
        scale = width / (self.box[2] - self.box[0])
        size = (round(self.image.width * scale), round(self.image.height * scale))
        x0, y0, x1, y1 = (value * scale for value in self.box)
        landmarks = None if self.landmarks is None else self.landmarks * scale
        image = self.image.resize(size, Image.Resampling.LANCZOS)
        return Portrait(image, (x0, y0, x1, y1), landmarks)

    def tilted(self, degrees: float) -> "Portrait":
        """The same, turned anticlockwise about the centre of its face, which keeps its box."""
        centre = ((self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2)
        turned = self.image.rotate(degrees, Image.Resampling.BICUBIC, center=centre, fillcolor=GREY)
        return Portrait(turned, self.box)


def scenes(
    portraits: Sequence[Portrait],
    crops: Sequence[Image.Image],
    turned: dict[str, list[Image.Image]],
) -> Iterator[Scene]:
    """All scenes.

    Args:
        portraits: of photographs.
        crops: faces of a data set, for crowds.
        turned: faces of a data set by how far they are turned.
    """
    for portrait in portraits:
        for width in SIZES:
            yield _alone("face width", f"{width} px", portrait.sized(width))
        for degrees in TILTS:
            yield _alone("tilt", f"{abs(degrees)}°", portrait.sized(110).tilted(degrees))
        for cut in CUTS:
            for side in ("left", "bottom"):
                yield _at_edge(portrait.sized(110), cut, side)
    for count in CROWDS:
        for start in range(0, len(crops) - count + 1, count):
            yield _crowd(crops[start : start + count])
    for value, faces in turned.items():
        for face in faces:
            large = face.convert("RGB").resize((144, 144), Image.Resampling.BICUBIC)
            whole = Portrait(large, (24.0, 16.0, 120.0, 136.0))
            yield _alone("turned", value, whole)


def _alone(condition: str, value: str, portrait: Portrait) -> Scene:
    """A face in the middle."""
    left = (SCENE[0] - portrait.image.width) // 2
    top = (SCENE[1] - portrait.image.height) // 2
    return _placed(condition, value, portrait, left, top)


def _at_edge(portrait: Portrait, cut: float, side: str) -> Scene:
    """A face of which the edge cuts a share off."""
    x0, y0, x1, y1 = portrait.box
    left, top = 200, 100
    if side == "left":
        left = -round(x0 + cut * (x1 - x0))
    else:
        top = round(SCENE[1] - y1 + cut * (y1 - y0))
    return _placed("cut by the edge", f"{100 * cut:.0f} %", portrait, left, top)


def _placed(condition: str, value: str, portrait: Portrait, left: int, top: int) -> Scene:
    photo = Image.new("RGB", SCENE, GREY)
    photo.paste(portrait.image, (left, top))
    x0, y0, x1, y1 = portrait.box
    inside = (
        max(0.0, x0 + left),
        max(0.0, y0 + top),
        min(float(SCENE[0]), x1 + left),
        min(float(SCENE[1]), y1 + top),
    )
    places = None if portrait.landmarks is None else np.add(portrait.landmarks, (left, top))
    return Scene(condition, value, photo, (inside,), places)


def _crowd(crops: Sequence[Image.Image]) -> Scene:
    """Faces of a data set in rows that fill the scene."""
    columns = int(np.ceil(np.sqrt(len(crops) * SCENE[0] / SCENE[1])))
    side = min(SCENE[0] // columns, SCENE[1] // -(-len(crops) // columns))
    photo, boxes = Image.new("RGB", SCENE, GREY), []
    inner = round(0.8 * side)
    for index, crop in enumerate(crops):
        left = index % columns * side + side // 10
        top = index // columns * side + side // 10
        photo.paste(
            crop.convert("RGB").resize((inner, inner), Image.Resampling.BICUBIC), (left, top)
        )
        across, down = inner / 6, inner / 9
        boxes.append((left + across, top + down, left + inner - across, top + inner - down))
    return Scene("crowd", f"{len(crops)} faces", photo, tuple(boxes))

"""A person's looks, and the parts of a face drawn in the order in which they cover each other.

Everything is in face units: the head is 2 wide, (0, 0) lies between the eyes and the nose tip, x
goes to the image's right and y down. `Canvas` takes the units to pixels through its `View`.
"""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fer_core.datasets.synthetic.expressions import Actions

HEAD_HEIGHT = 1.5  # half axis of the head's ellipsoid; its half width is 1
EYE_Y, NOSE_Y, MOUTH_Y = -0.14, 0.40, 0.80

SKINS = ((250, 220, 198), (238, 196, 166), (222, 172, 136), (188, 134, 98), (138, 92, 64),
         (90, 58, 42))  # fmt: skip
HAIRS = ((24, 20, 20), (52, 34, 24), (96, 62, 38), (164, 120, 66), (140, 66, 34), (168, 164, 160))
IRISES = ((62, 38, 24), (98, 62, 32), (74, 108, 138), (88, 112, 72))

Colour = tuple[int, int, int]
SIDES = (-1.0, 1.0)
ARC = np.linspace(-1.0, 1.0, 13)
BOW = 1 - ARC**2
TURN = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)  # (40, 2)


class View(NamedTuple):
    """Where the head is: pixels per face unit, its centre in pixels, angles in radians."""

    unit: float
    x: float
    y: float
    roll: float
    yaw: float
    pitch: float

    def project(self, points: np.ndarray, lift: float | None = 0.0) -> np.ndarray:
        """Pixels of points (n, 2) that lie ``lift`` above the head's surface; None: its rim."""
        u, v = points.T
        if lift is not None:
            square = u * u + v * v / HEAD_HEIGHT**2
            depth = 0.85 * np.sqrt(np.maximum(1.1 - square, 0.02)) + lift
            u = u * math.cos(self.yaw) + depth * math.sin(self.yaw)
            v = v + depth * math.sin(self.pitch)
        cos, sin = self.unit * math.cos(self.roll), self.unit * math.sin(self.roll)
        pixels = np.empty(points.shape)
        pixels[:, 0] = self.x + cos * u - sin * v
        pixels[:, 1] = self.y + sin * u + cos * v
        return pixels


class Looks(NamedTuple):
    """What a person keeps through every expression: proportions and colours."""

    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    width: float
    chin: float
    jaw: float
    eye_x: float
    eye_size: float
    brow_y: float
    brow_thick: float
    nose: float
    mouth: float
    lip_full: float
    hairline: float
    parting: float
    volume: float
    long_hair: bool
    glasses: bool


def sample_looks(generator: np.random.Generator) -> Looks:
    """A random person."""
    tone = generator.uniform(0, len(SKINS) - 1.001)
    low, part = int(tone), tone % 1
    skin = np.array(SKINS[low]) * (1 - part) + np.array(SKINS[low + 1]) * part
    skin = skin * generator.normal(1, 0.015, 3)
    lips = skin * np.array((0.88, 0.62, 0.62)) * generator.uniform(0.85, 1.05)
    dark = low >= 3  # dark skin comes with dark hair and eyes here, as it mostly does
    hair = np.array(HAIRS[generator.integers(2 if dark else len(HAIRS))])
    vary = generator.normal(1, 0.06, 12).clip(0.85, 1.15)
    return Looks(
        skin=colour(skin),
        hair=colour(hair * generator.uniform(0.8, 1.25)),
        iris=IRISES[generator.integers(2 if dark else len(IRISES))],
        lips=colour(lips),
        width=0.96 * (1 + (vary[0] - 1) * 0.8),
        chin=1.30 * (1 + (vary[1] - 1) * 0.6),
        jaw=generator.uniform(0.18, 0.36),
        eye_x=0.43 * (1 + (vary[2] - 1) * 0.6),
        eye_size=0.215 * vary[3],
        brow_y=-0.46 + 0.5 * (vary[4] - 1),
        brow_thick=0.075 * vary[5] * generator.uniform(0.7, 1.3),
        nose=0.19 * vary[6],
        mouth=0.37 * vary[7],
        lip_full=0.11 * vary[8] * generator.uniform(0.8, 1.25),
        hairline=-0.96 + 0.5 * (vary[9] - 1),
        parting=generator.uniform(-0.7, 0.7),
        volume=generator.uniform(1.04, 1.2),
        long_hair=bool(generator.random() < 0.4),
        glasses=bool(generator.random() < 0.15),
    )


def colour(values: np.ndarray) -> Colour:
    """The values as an RGB colour in 0..255."""
    red, green, blue = np.clip(values, 0, 255).astype(int).tolist()
    return red, green, blue


def tint(base: Colour, factor: float, red: float = 1.0) -> Colour:
    """``base`` made darker or lighter by ``factor``, its red channel by ``red`` on top."""
    first, green, blue = (min(int(value * factor), 255) for value in base)
    return min(int(first * red), 255), green, blue


class Canvas:
    """Three layers of one drawing: colours, soft dark creases, and where the head's relief is."""

    def __init__(self, background: Image.Image, view: View) -> None:
        """Draw on ``background`` (RGB) as seen through ``view``."""
        self.view = view
        self.colours, self.creases, self.relief = (
            background, Image.new("L", background.size), Image.new("L", background.size),
        )  # fmt: skip
        self._colours, self._creases, self._relief = (
            ImageDraw.Draw(layer) for layer in (self.colours, self.creases, self.relief)
        )

    def fill(
        self, points: np.ndarray, paint: Colour, lift: float | None = 0.0, relief: int = -1
    ) -> None:
        """Fill a polygon (n, 2); ``relief`` (0..255) says how much the head's shape shades it."""
        pixels = self.view.project(points, lift).ravel().tolist()
        self._colours.polygon(pixels, fill=paint)
        if relief >= 0:
            self._relief.polygon(pixels, fill=relief)

    def line(
        self, points: np.ndarray, paint: Colour, width: float, lift: float | None = 0.0
    ) -> None:
        """Draw a line through points (n, 2), ``width`` in face units."""
        pixels = self.view.project(points, lift).ravel().tolist()
        self._colours.line(pixels, fill=paint, width=self._pixels(width), joint="curve")

    def crease(self, points: np.ndarray, depth: float, width: float) -> None:
        """Darken softly along points (n, 2); ``depth`` 0..1."""
        if depth > 0.02:
            pixels = self.view.project(points).ravel().tolist()
            self._creases.line(pixels, fill=int(255 * min(depth, 1)), width=self._pixels(width))

    def shadow(self, points: np.ndarray, depth: float, lift: float | None = 0.0) -> None:
        """Darken a polygon (n, 2) softly; ``depth`` 0..1."""
        pixels = self.view.project(points, lift).ravel().tolist()
        self._creases.polygon(pixels, fill=int(255 * min(depth, 1)))

    def spare(self, points: np.ndarray) -> None:
        """Take the creases drawn so far out of a polygon (n, 2) on the rim: it lies before them."""
        self._creases.polygon(self.view.project(points, None).ravel().tolist(), fill=0)

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self.view.unit))


def oval(x: float, y: float, wide: float, high: float) -> np.ndarray:
    """An ellipse as points (40, 2), from its right end on clockwise."""
    return CIRCLE * (wide, high) + (x, y)


def curve(x0: float, y0: float, x1: float, y1: float, bend: float) -> np.ndarray:
    """A parabola from one point to another (13, 2); a positive ``bend`` sags downwards."""
    points = np.empty((len(ARC), 2))
    points[:, 0] = (x0 + x1) / 2 + (x1 - x0) / 2 * ARC
    points[:, 1] = (y0 + y1) / 2 + (y1 - y0) / 2 * ARC + bend * BOW
    return points


def outline(looks: Looks, actions: Actions) -> np.ndarray:
    """The rim of the face (40, 2): a skull above, a jaw that narrows and drops below."""
    chin = looks.chin + 0.20 * actions.mouth_open
    y = np.sin(TURN)
    low = np.maximum(y, 0)
    x = looks.width * np.sign(np.cos(TURN)) * np.abs(np.cos(TURN)) ** 0.82
    return np.stack([x * (1 - looks.jaw * low**2), np.where(y > 0, chin * y, 1.38 * y)], axis=1)

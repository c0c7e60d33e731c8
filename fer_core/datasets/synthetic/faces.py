"""Faces drawn from parameters: expressions, people, poses and light without any data set.

The drawing has a relief: flat colours are drawn with Pillow at two or three times the resolution,
then shaded as a lit surface, so that light, pose and skin disturb the expression as in photos.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from fer_core.datasets.synthetic import parts as face_parts
from fer_core.datasets.synthetic.canvas import (
    EYE_Y,
    HEAD_HEIGHT,
    MOUTH_Y,
    NOSE_Y,
    Canvas,
    View,
    colour,
    sample_looks,
)
from fer_core.datasets.synthetic.expressions import Actions, sample_actions

RELIEF_SIDE = 96  # the shading is smooth: it is computed at most at this size

# Hills and hollows of a face: height, x, y, spread in x, spread in y (face units).
RELIEF = (
    (0.16, 0.0, 0.15, 0.11, 0.26),
    (0.17, 0.0, NOSE_Y - 0.08, 0.13, 0.12),
    (0.07, -0.15, NOSE_Y, 0.08, 0.08),
    (0.07, 0.15, NOSE_Y, 0.08, 0.08),
    (-0.09, -0.40, EYE_Y, 0.20, 0.13),
    (-0.09, 0.40, EYE_Y, 0.20, 0.13),
    (0.06, -0.35, -0.42, 0.25, 0.10),
    (0.06, 0.35, -0.42, 0.25, 0.10),
    (0.07, -0.52, 0.28, 0.20, 0.18),
    (0.07, 0.52, 0.28, 0.20, 0.18),
    (0.06, 0.0, MOUTH_Y, 0.30, 0.16),
    (-0.04, 0.0, 0.98, 0.22, 0.06),
    (0.08, 0.0, 1.16, 0.24, 0.12),
)


class DrawnFace(NamedTuple):
    """One drawn face.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        landmarks: (3, 2) float32, (x, y) in pixels: the eye on the image's left, the eye on the
            image's right, the mouth's centre.
    """

    image: np.ndarray
    landmarks: np.ndarray


def draw_face(emotion: str, size: int, generator: np.random.Generator) -> DrawnFace:
    """A face that fills the frame like an aligned crop, with small misalignments.

    Args:
        emotion: one of `EIGHT_CLASSES`.
        size: side of the image in pixels.
        generator: source of everything random; the same state draws the same face.

    Raises:
        ValueError: for an unknown emotion.
    """
    actions = sample_actions(emotion, generator)
    unit = 0.37 * float(np.clip(generator.normal(1, 0.05), 0.88, 1.12))
    x, y = (0.5, 0.465) + 0.02 * generator.standard_normal(2)
    roll = np.radians(np.clip(generator.normal(0, 5.0), -15, 15))
    yaw, pitch = np.radians(generator.normal(0, 1, 2).clip(-2, 2) * (8.0, 4.0))
    view = View(unit, x, y, roll, yaw, pitch)
    blur, noise = generator.uniform((0.0, 1.0), (0.009, 6.0)).tolist()
    return _photograph(actions, view, size, generator, blur, noise)


def draw_portrait(emotion: str, size: int, generator: np.random.Generator) -> Image.Image:
    """A whole image: head and shoulders before a background, the face about 40 % of the side.

    Args:
        emotion: one of `EIGHT_CLASSES`.
        size: side of the image in pixels.
        generator: source of everything random.

    Raises:
        ValueError: for an unknown emotion.
    """
    return Image.fromarray(_portrait(emotion, size, generator).image)


def _portrait(emotion: str, size: int, generator: np.random.Generator) -> DrawnFace:
    actions = sample_actions(emotion, generator)
    x, y = (0.5, 0.40) + 0.03 * generator.standard_normal(2).clip(-2, 2)
    roll, yaw, pitch = np.radians(generator.normal(0, 1, 3).clip(-2, 2) * (4.0, 6.0, 2.0))
    view = View(0.17, x, y, roll, yaw, pitch)
    return _photograph(actions, view, size, generator, blur=0.001, noise=2.0)


def _photograph(
    actions: Actions,
    view: View,
    size: int,
    generator: np.random.Generator,
    blur: float,
    noise: float,
) -> DrawnFace:
    """Draw a random person through ``view`` (in shares of the side) and light the image."""
    looks = sample_looks(generator)
    hue = generator.normal(0, 16, 3)
    backdrop = generator.uniform(40, 215) + hue + generator.normal(0, 20, (2, 2, 1))
    clothes = generator.uniform(30, 190) + generator.normal(0, 28, 3)
    gaze = (generator.normal(0, 0.03), generator.normal(0, 0.012))
    light = np.array((generator.normal(0, 0.5), generator.normal(-0.45, 0.3), 1.0))
    ambient = generator.uniform(0.36, 0.60)
    warmth = generator.normal(1, 0.025, 3) * generator.uniform(0.85, 1.1)

    over = 3 if size <= 100 else 2
    side = size * over
    corners = Image.fromarray(np.clip(backdrop, 0, 255).astype(np.uint8))
    scaled = View(view.unit * side, view.x * side, view.y * side, *view[3:])
    canvas = Canvas(corners.resize((side, side), Image.Resampling.BICUBIC), scaled)
    face_parts.draw_head(canvas, looks, actions, colour(clothes))
    face_parts.draw_nose(canvas, looks, actions)
    drop = face_parts.draw_mouth(canvas, looks, actions)
    face_parts.draw_eyes(canvas, looks, actions, gaze)
    face_parts.draw_brows(canvas, looks, actions)
    face_parts.draw_hair(canvas, looks)
    if looks.glasses:
        face_parts.draw_glasses(canvas, looks)

    soft = ImageFilter.GaussianBlur(0.035 * view.unit * size)
    creases = np.asarray(canvas.creases.reduce(over).filter(soft), np.float32) / 255
    relief = np.asarray(canvas.relief.reduce(over).filter(soft), np.float32) / 255
    flat = canvas.colours.reduce(over).filter(ImageFilter.GaussianBlur(0.2 + blur * size))
    shade = _light_relief(view, size, light / np.linalg.norm(light), ambient)
    shade = 0.92 + (shade - 0.92) * relief
    shade *= 1 - 0.62 * creases
    image = np.asarray(flat, np.float32) * warmth.astype(np.float32) * shade[..., None]
    peak = image.max(axis=2, keepdims=True)  # film-like: highlights keep their shape and colour
    image *= np.where(peak > 205, 205 + 0.45 * (peak - 205), peak) / np.maximum(peak, 1)
    image += noise * generator.standard_normal(image.shape, dtype=np.float32)
    eye = looks.eye_x
    points = scaled.project(np.array([(-eye, EYE_Y), (eye, EYE_Y), (0.0, MOUTH_Y + drop)])) / over
    return DrawnFace(image.clip(0, 255).astype(np.uint8), points.astype(np.float32))


def _light_relief(view: View, size: int, light: np.ndarray, ambient: float) -> np.ndarray:
    """Brightness (size, size) of a head's surface under a distant light, about 0.3 to 1.2."""
    side = min(size, RELIEF_SIDE)
    centres = (np.arange(side, dtype=np.float32) + 0.5) / side
    across, down = (centres - view.x)[None] / view.unit, (centres - view.y)[:, None] / view.unit
    cos, sin = np.float32(np.cos(view.roll)), np.float32(np.sin(view.roll))
    x, y = cos * across + sin * down, cos * down - sin * across  # (side, side) face units
    depth = 0.85 * np.sqrt(np.maximum(1.1 - x * x - (y / HEAD_HEIGHT) ** 2, 0.03))
    u = (x - depth * np.float32(np.sin(view.yaw))) / np.float32(np.cos(view.yaw))
    v = y - depth * np.float32(np.sin(view.pitch))
    surface = depth
    for height, x0, y0, wide, high in RELIEF:
        surface = surface + height * np.exp(-(((u - x0) / wide) ** 2) - ((v - y0) / high) ** 2)
    slope_y, slope_x = np.gradient(surface, 1 / (side * view.unit))
    # The gradient runs along the image's axes, and so does the light.
    facing = (light[2] - light[0] * slope_x - light[1] * slope_y) / np.sqrt(
        1 + slope_x**2 + slope_y**2
    )
    shade = (ambient + 0.72 * np.maximum(facing, 0)).astype(np.float32)
    if side == size:
        return shade
    return np.asarray(Image.fromarray(shade).resize((size, size), Image.Resampling.BICUBIC))

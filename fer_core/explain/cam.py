"""From class attention maps to images: raw map -> heat map -> overlay on the photograph."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

# Black - purple - orange - yellow, rising in lightness, so that it reads in grey as well.
_STOPS = np.array(
    [[0, 0, 4], [59, 15, 112], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]],
    dtype=float,
)


def heat(attention: np.ndarray) -> np.ndarray:
    """Scale one raw map to [0, 1]: negative values are 0, the strongest positive point is 1.

    Args:
        attention: (h, w) raw class attention map.

    Returns:
        (h, w) float32; all 0 when nothing speaks for the class.
    """
    positive = np.maximum(attention, 0).astype(np.float32)
    peak = float(positive.max())
    return positive / peak if peak > 0 else positive


def colourise(heat_map: np.ndarray) -> np.ndarray:
    """(h, w) in [0, 1] to (h, w, 3) uint8 RGB."""
    position = np.clip(heat_map, 0, 1) * (len(_STOPS) - 1)
    channels = [np.interp(position, np.arange(len(_STOPS)), _STOPS[:, c]) for c in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


_PALETTE = colourise(np.linspace(0, 1, 256)[None])[0].tobytes()


def overlay(
    photo: Image.Image, attention: np.ndarray, to_photo: np.ndarray, opacity: float = 0.55
) -> Image.Image:
    """Draw one face's attention map on the photograph, at the place of its aligned crop.

    Args:
        photo: the photograph.
        attention: (h, w) raw class attention map of the crop.
        to_photo: (2, 3) matrix from crop coordinates in [0, 1] to photograph pixels.
        opacity: of the heat map where attention is strongest, in [0, 1].

    Raises:
        ValueError: for an opacity out of range.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be in [0, 1], got {opacity}")
    image = photo.convert("RGB")
    corners = to_photo[:, :2] @ np.array([[0, 1, 1, 0], [0, 0, 1, 1]]) + to_photo[:, 2:]
    left, top = np.maximum(np.floor(corners.min(1)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(1)).astype(int), image.size)
    if right <= left or bottom <= top:
        return image
    scaled = _smooth(heat(attention))
    values = _place(scaled, to_photo, (left, top, right, bottom))
    colours = values.copy()
    colours.putpalette(_PALETTE)
    inside = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(inside).polygon([(x - left, y - top) for x, y in corners.T], fill=255)
    feather = max(1.0, float(np.hypot(*to_photo[:, 0])) / 40)
    edge = inside.filter(ImageFilter.GaussianBlur(feather))
    veil = 0.25 if scaled.any() else 0.0  # nothing is drawn when nothing speaks for the class
    shares = 255 * opacity * (veil + (1 - veil) * np.linspace(0, 1, 256))
    alpha = ImageChops.multiply(edge, values.point(shares.round().astype(int).tolist()))
    result = image.copy() if image is photo else image
    result.paste(colours.convert("RGB"), (int(left), int(top)), alpha)
    return result


def _smooth(heat_map: np.ndarray, side: int = 128) -> np.ndarray:
    image = Image.fromarray(heat_map).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def _place(
    heat_map: np.ndarray, to_photo: np.ndarray, box: tuple[int, int, int, int]
) -> Image.Image:
    """The heat map in 0 to 255 at the photograph's pixels inside ``box``; 0 outside the crop."""
    left, top, right, bottom = box
    inverse = np.linalg.inv(to_photo[:, :2])
    offset = inverse @ (np.array([left, top]) - to_photo[:, 2])
    side = heat_map.shape[0]
    coefficients = np.column_stack([inverse, offset]) * side
    return Image.fromarray((255 * heat_map).round().astype(np.uint8)).transform(
        (int(right - left), int(bottom - top)),
        Image.Transform.AFFINE,
        tuple(coefficients.ravel()),
        resample=Image.Resampling.BILINEAR,
    )

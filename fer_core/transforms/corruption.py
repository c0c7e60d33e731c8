"""What cameras and photographs do to a face: noise, blur, compression, low resolution, light.

Training passes images through some of them (``--corruption``); ``fer-core evaluate --robustness``
measures a model under each, at five strengths. The kinds follow Hendrycks and Dietterich (ICLR
2019); the operations are torchvision's, blur and JPEG are Pillow's.
"""

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import numpy as np
import torch
import torchvision.transforms.v2.functional as F
from PIL import Image, ImageFilter
from torch import Generator, Tensor

LEAST_SIDE = 8  # pixels that a reduced face keeps


class Corruption(NamedTuple):
    """One way in which an image gets worse.

    Attributes:
        strength: what the strength is, with its unit.
        apply: from (C, H, W) float32 in [0, 1], a strength and a source of random numbers, to the
            corrupted image; it may leave [0, 1].
        levels: the five strengths that are measured, the mildest first.
        training: mildest and strongest of the strengths that training draws from; None: it does not
            take part in training.
    """

    strength: str
    apply: Callable[[Tensor, float, Generator], Tensor]
    levels: tuple[float, float, float, float, float]
    training: tuple[float, float] | None = None


def corrupt(image: Tensor, kind: str, strength: float, seed: int) -> Tensor:
    """One image, corrupted.

    Args:
        image: (C, H, W) float32 in [0, 1].
        kind: one of `CORRUPTIONS`.
        strength: in the unit of the kind.
        seed: of the noise; other kinds do not depend on it.

    Returns:
        (C, H, W) float32 in [0, 1].
    """
    generator = Generator().manual_seed(seed)
    return CORRUPTIONS[kind].apply(image, strength, generator).clamp(0, 1)


def corrupt_batch_(images: Tensor, rows: Tensor, kinds: tuple[str, ...]) -> Tensor:
    """Pass some images of a batch through a poor camera.

    The camera sees the face at its own resolution: the image is reduced to it, corrupted, and
    enlarged again.

    Args:
        images: (B, C, H, W) float32 in [0, 1], changed in place.
        rows: (B, 6) as `fer_core.transforms.sampling.draw_corruptions` gives them.
        kinds: those that the first and third columns count, in their order.

    Returns:
        The same images.
    """
    side = images.shape[-1]
    for index, (*drawn, share, seed) in enumerate(rows.tolist()):
        steps = [(int(drawn[at]), drawn[at + 1]) for at in (0, 2) if drawn[at] >= 0]
        if not steps:
            continue
        image = _resize(images[index], max(LEAST_SIDE, round(share * side)))
        for number, (kind, severity) in enumerate(steps):
            low, high = CORRUPTIONS[kinds[kind]].training or (0.0, 0.0)
            strength = low + (high - low) * severity
            image = corrupt(image, kinds[kind], strength, int(seed) + number)
        images[index] = _resize(image, side)
    return images


def _noise(image: Tensor, strength: float, generator: Generator) -> Tensor:
    noise = torch.randn(image.shape, generator=generator).to(image.device)
    return image + noise * (strength / 255)


def _blur(image: Tensor, strength: float, _: Generator) -> Tensor:
    return _by_pillow(image, lambda pixels: pixels.filter(ImageFilter.GaussianBlur(strength)))


def _compress(image: Tensor, strength: float, _: Generator) -> Tensor:
    def compressed(pixels: Image.Image) -> Image.Image:
        file = BytesIO()
        pixels.save(file, "JPEG", quality=round(strength))
        return Image.open(file)

    return _by_pillow(image, compressed)


def _by_pillow(image: Tensor, change: Callable[[Image.Image], Image.Image]) -> Tensor:
    """What Pillow makes of an image, grey or RGB, of eight bits."""
    pixels = image.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    if pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    changed = np.array(change(Image.fromarray(pixels)))  # (H, W) or (H, W, C)
    channels_last = torch.from_numpy(changed.reshape(*changed.shape[:2], -1))
    return channels_last.permute(2, 0, 1).to(image.device).float() / 255


def _reduce(image: Tensor, strength: float, _: Generator) -> Tensor:
    side, bicubic = image.shape[-1], F.InterpolationMode.BICUBIC  # as decoding enlarges
    reduced = _resize(image, max(LEAST_SIDE // 2, round(strength * side)), bicubic)
    return _resize(reduced.clamp(0, 1), side, bicubic)


def _light(image: Tensor, strength: float, _: Generator) -> Tensor:
    return image * strength


def _contrast(image: Tensor, strength: float, _: Generator) -> Tensor:
    return F.adjust_contrast(image.clamp(0, 1), strength)


def _rotate(image: Tensor, strength: float, _: Generator) -> Tensor:
    return _move(image, angle=strength)


def _shift(image: Tensor, strength: float, _: Generator) -> Tensor:
    return _move(image, shift=strength)


def _scale(image: Tensor, strength: float, _: Generator) -> Tensor:
    return _move(image, scale=strength)


def _move(image: Tensor, angle: float = 0.0, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    """Turn, shift and scale; what comes in from outside repeats the edge."""
    side = image.shape[-1]
    padded = F.pad(image, [side // 2] * 4, padding_mode="edge")
    pixels = round(shift * side)
    moved = F.affine(
        padded,
        angle,
        [pixels, pixels],
        scale,
        [0.0, 0.0],
        interpolation=F.InterpolationMode.BILINEAR,
    )
    return F.center_crop(moved, [side, side])


def _hide(top: float, bottom: float) -> Callable[[Tensor, float, Generator], Tensor]:
    """Grey over the rows from ``top`` to ``bottom``, shares of the height of an aligned face."""

    def hide(image: Tensor, strength: float, _: Generator) -> Tensor:
        height = image.shape[-2]
        hidden = image.clone()
        middle, half = (top + bottom) / 2, (bottom - top) / 2 * strength
        first, last = round((middle - half) * height), round((middle + half) * height)
        hidden[:, first:last] = image.mean()
        return hidden

    return hide


def _resize(
    image: Tensor,
    side: int,
    interpolation: F.InterpolationMode = F.InterpolationMode.BILINEAR,
) -> Tensor:
    if image.shape[-1] == side:
        return image
    return F.resize(image, [side, side], interpolation=interpolation, antialias=True)


# In shares of a face crop as the models see it: the eyes lie near 0.35 of its height, the mouth
# near 0.78.
CORRUPTIONS: dict[str, Corruption] = {
    "noise": Corruption("standard deviation, grey levels", _noise, (5, 10, 15, 25, 40), (2, 35)),
    "blur": Corruption("Gaussian radius, pixels", _blur, (0.5, 1, 1.5, 2, 3), (0.4, 2.6)),
    "jpeg": Corruption("JPEG quality", _compress, (50, 30, 20, 10, 5), (70, 5)),
    "resolution": Corruption(
        "share of the side", _reduce, (0.75, 0.5, 0.33, 0.25, 0.17), (0.8, 0.2)
    ),
    "brighter": Corruption("factor of light", _light, (1.2, 1.4, 1.6, 1.8, 2.2), (1.1, 2.0)),
    "darker": Corruption("factor of light", _light, (0.8, 0.6, 0.4, 0.25, 0.15), (0.9, 0.2)),
    "contrast": Corruption("factor of contrast", _contrast, (0.8, 0.6, 0.4, 0.25, 0.15)),
    "rotation": Corruption("degrees", _rotate, (5, 10, 15, 20, 30)),
    "shift": Corruption("share of the side", _shift, (0.03, 0.06, 0.1, 0.15, 0.2)),
    "closer": Corruption("factor of scale", _scale, (1.1, 1.2, 1.3, 1.4, 1.6)),
    "farther": Corruption("factor of scale", _scale, (0.95, 0.9, 0.8, 0.7, 0.6)),
    "eyes hidden": Corruption("share of the eyes' rows", _hide(0.2, 0.5), (0.2, 0.4, 0.6, 0.8, 1)),
    "mouth hidden": Corruption("share of the mouth's rows", _hide(0.6, 1), (0.2, 0.4, 0.6, 0.8, 1)),
    "half hidden": Corruption("share of the lower half", _hide(0.5, 1), (0.2, 0.4, 0.6, 0.8, 1)),
}

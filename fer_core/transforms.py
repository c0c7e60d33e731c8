"""Batch augmentation on the device: geometry, light, normalisation, erasing, mirroring.

All random numbers come from a CPU generator, so that a seed means the same on every device.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from fer_core.config import RunConfig


def augment(
    images: Tensor,
    config: RunConfig,
    mean: Tensor,
    std: Tensor,
    generator: Generator,
    out: Tensor | None = None,
) -> Tensor:
    """Random flip, rotation, zoom, shift and light, then normalisation.

    Args:
        images: (B, C, H, W) uint8.
        config: the run's augmentation settings.
        mean: (C, 1, 1) of pixels in [0, 1].
        std: (C, 1, 1) of pixels in [0, 1].
        generator: source of the random numbers, on the CPU.
        out: see `normalise`.

    Returns:
        (B, C, H, W) float32, channels last in memory, normalised; nothing is erased yet.
    """
    count = len(images)
    flips = torch.rand(count, generator=generator) < config.flip_probability
    moved = bool(config.rotation or config.zoom or config.shift)
    if moved:
        matrices = _random_affine(count, flips, config, generator).to(images.device)
        grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
        pixels = F.grid_sample(
            images.float() / 255, grid, padding_mode="border", align_corners=False
        )
    else:
        pixels = _flip(images, flips)
    if config.jitter:
        pixels = _jitter(pixels if moved else pixels.float() / 255, config.jitter, generator)
    return normalise(pixels, mean, std, out)


def to_tensor(images: np.ndarray) -> Tensor:
    """(N, H, W, C) array to (N, C, H, W) tensor, sharing memory."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def normalise(images: Tensor, mean: Tensor, std: Tensor, out: Tensor | None = None) -> Tensor:
    """Take the mean off and divide by the deviation.

    Args:
        images: (B, C, H, W) uint8, or float32 in [0, 1].
        mean: (C, 1, 1) of pixels in [0, 1].
        std: (C, 1, 1) of pixels in [0, 1].
        out: (B, H, W, C) float32 memory for the result, where it can be used again: new memory
            costs the CPU more than the arithmetic.

    Returns:
        (B, C, H, W) float32, channels last in memory.
    """
    count, channels, height, width = images.shape
    if out is None:
        out = torch.empty((count, height, width, channels), device=images.device)
    # One long row of pixels at a time: a mean and deviation for each channel would be slow to
    # repeat where channels are last.
    rows = out.view(count, height, width * channels)
    rows.copy_(images.permute(0, 2, 3, 1).reshape(rows.shape))
    if not images.is_floating_point():
        rows.div_(255)
    rows.sub_(mean.view(-1).repeat(width)).div_(std.view(-1).repeat(width))
    return out.permute(0, 3, 1, 2)


def mirror(images: Tensor) -> Tensor:
    """Mirror along the width: the last axis of images (B, C, H, W) or maps (B, K, h, w)."""
    return images.flip(-1)


def erase_(images: Tensor, holes: Tensor) -> Tensor:
    """Set the pixels of the holes to 0, the mean after normalisation, in the images themselves.

    Args:
        images: (B, C, H, W), changed in place.
        holes: (B, 4) as `sample_holes` gives them.

    Returns:
        The same images.
    """
    if images.device.type == "cpu":  # touch the holes alone
        for image, (top, left, height, width) in zip(images, holes.tolist(), strict=True):
            image[:, top : top + height, left : left + width] = 0.0
        return images
    height, width = images.shape[-2:]
    return images.masked_fill_(hole_masks(holes.to(images.device), height, width), 0.0)


def hole_masks(holes: Tensor, height: int, width: int) -> Tensor:
    """(B, 1, H, W) bool, True inside the holes, from (B, 4) holes on the same device."""
    top, left, tall, wide = holes[:, :, None].unbind(1)  # (B, 1) each
    rows = torch.arange(height, device=holes.device)
    columns = torch.arange(width, device=holes.device)
    inside_rows = (rows >= top) & (rows < top + tall)  # (B, H)
    inside_columns = (columns >= left) & (columns < left + wide)  # (B, W)
    return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]


def sample_holes(images: Tensor, config: RunConfig, generator: Generator) -> Tensor:
    """Draw one random rectangle per image (Random Erasing, Zhong et al., AAAI 2020).

    Each image is chosen with ``erase_probability``; area and aspect are drawn up to ten times until
    the rectangle fits, else the image stays whole.

    Args:
        images: (B, C, H, W), for its shape.
        config: erase_probability, erase_scale (share of the area), erase_ratio (height / width).
        generator: source of the random numbers, on the CPU.

    Returns:
        (B, 4) int64 on the CPU: top, left, height and width of the hole; zeros: no hole.
    """
    count, (height, width), tries = len(images), images.shape[-2:], 10
    uniform = torch.rand(tries, 2, count, generator=generator)
    place = torch.rand(2, count, generator=generator)
    chosen = torch.rand(count, generator=generator) < config.erase_probability
    low, high = config.erase_scale
    area = (low + (high - low) * uniform[:, 0]) * height * width  # (tries, B)
    log_low, log_high = (math.log(value) for value in config.erase_ratio)
    ratio = torch.exp(log_low + (log_high - log_low) * uniform[:, 1])
    tall, wide = torch.round(torch.sqrt(area * ratio)), torch.round(torch.sqrt(area / ratio))
    fits = (tall < height) & (wide < width)
    first = fits.int().argmax(0, keepdim=True)  # (1, B): first try that fits
    tall, wide = tall.gather(0, first)[0], wide.gather(0, first)[0]
    top = torch.floor(place[0] * (height - tall + 1))
    left = torch.floor(place[1] * (width - wide + 1))
    holes = torch.stack([top, left, tall, wide], 1).long()  # (B, 4)
    return holes * (chosen & fits.any(0))[:, None]


def _flip(images: Tensor, flips: Tensor) -> Tensor:
    """Mirror the images that ``flips`` (B,) names."""
    chosen = flips.nonzero()[:, 0].to(images.device)
    flipped = images.clone()
    flipped[chosen] = mirror(images[chosen])
    return flipped


def _random_affine(count: int, flips: Tensor, config: RunConfig, generator: Generator) -> Tensor:
    """(B, 2, 3) matrices from output to input coordinates in [-1, 1]."""
    draw = 2 * torch.rand(4, count, generator=generator) - 1  # in [-1, 1)
    angle = draw[0] * math.radians(config.rotation)
    scale = 1 + draw[1] * config.zoom
    shift_x, shift_y = 2 * draw[2] * config.shift, 2 * draw[3] * config.shift
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    side = torch.where(flips, -1.0, 1.0)
    top_row = torch.stack([side * cosine, -sine, shift_x], 1)
    bottom_row = torch.stack([side * sine, cosine, shift_y], 1)
    return torch.stack([top_row, bottom_row], 1)


def _jitter(pixels: Tensor, strength: float, generator: Generator) -> Tensor:
    """Brightness and contrast of each image, factors in [1 - strength, 1 + strength)."""
    factors = 1 + strength * (2 * torch.rand(2, len(pixels), 1, 1, 1, generator=generator) - 1)
    brightness, contrast = factors.to(pixels.device)
    centre = pixels.mean((1, 2, 3), keepdim=True)
    return ((pixels - centre) * contrast + centre * brightness).clamp(0, 1)

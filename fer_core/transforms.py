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
    images: Tensor, config: RunConfig, mean: Tensor, std: Tensor, generator: Generator
) -> Tensor:
    """Random flip, rotation, zoom, shift and light, then normalisation.

    Args:
        images: (B, C, H, W) uint8.
        config: the run's augmentation settings.
        mean: (C, 1, 1) of pixels in [0, 1].
        std: (C, 1, 1) of pixels in [0, 1].
        generator: source of the random numbers, on the CPU.

    Returns:
        (B, C, H, W) float32, normalised; nothing is erased yet.
    """
    count = len(images)
    pixels = images.float() / 255
    flips = torch.rand(count, generator=generator) < config.flip_probability
    if config.rotation or config.zoom or config.shift:
        matrices = _random_affine(count, flips, config, generator).to(pixels.device)
        grid = F.affine_grid(matrices, list(pixels.shape), align_corners=False)
        pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    else:
        chosen = flips.to(pixels.device)[:, None, None, None]
        pixels = torch.where(chosen, mirror(pixels), pixels)
    if config.jitter:
        pixels = _jitter(pixels, config.jitter, generator)
    return (pixels - mean) / std


def to_tensor(images: np.ndarray) -> Tensor:
    """(N, H, W, C) array to (N, C, H, W) tensor, sharing memory."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(B, C, H, W) uint8 to normalised float32."""
    return (images.float() / 255 - mean) / std


def mirror(images: Tensor) -> Tensor:
    """Mirror along the width: the last axis of images (B, C, H, W) or maps (B, K, h, w)."""
    return images.flip(-1)


def erase(images: Tensor, holes: Tensor) -> Tensor:
    """Set the pixels of ``holes`` (B, 1, H, W) bool to 0, the mean after normalisation."""
    return images.masked_fill(holes, 0.0)


def sample_holes(images: Tensor, config: RunConfig, generator: Generator) -> Tensor:
    """Draw one random rectangle per image (Random Erasing, Zhong et al., AAAI 2020).

    Each image is chosen with ``erase_probability``; area and aspect are drawn up to ten times until
    the rectangle fits, else the image stays whole.

    Args:
        images: (B, C, H, W), for its shape and device.
        config: erase_probability, erase_scale (share of the area), erase_ratio (height / width).
        generator: source of the random numbers, on the CPU.

    Returns:
        (B, 1, H, W) bool, True where the image is to be erased.
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
    rows, columns = torch.arange(height), torch.arange(width)
    inside_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])  # (B, H)
    inside_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])  # (B, W)
    erased = (chosen & fits.any(0))[:, None, None]
    holes = erased & inside_rows[:, :, None] & inside_columns[:, None, :]
    return holes[:, None].to(images.device)  # (B, 1, H, W)


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

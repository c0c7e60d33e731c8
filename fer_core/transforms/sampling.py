"""The random numbers of an epoch, drawn all at once on the CPU.

They follow from the seed and the place of an image in the epoch's order alone: the same on every
device and for any number of processes, and a step has nothing to draw, to move or to wait for.
"""

import math
from typing import NamedTuple, Self, cast

import numpy as np
import torch
from torch import Generator, Tensor

from fer_core.config import RunConfig

TRIES = 10  # of random erasing, to find a rectangle that fits


class Draws(NamedTuple):
    """Random numbers for B images, in the order of their steps.

    Attributes:
        order: (B,) int64 positions in the training set.
        flips: (B,) bool, which images are flipped.
        matrices: (B, 2, 3) from output to input coordinates in [-1, 1], the flip included; None
            when images are neither turned, zoomed nor shifted.
        light: (B, 2) factors of brightness and contrast, or None.
        regions: (B, 4) int64 top, left, height and width of the erased area; zeros: none.
        other_regions: (B, 4) a second region for each image.
        shares: (B,) mixup: the share of the image itself, in [0.5, 1]; or None.
        noisy: (B,) bool, which images get Gaussian pixel noise; or None.
        corruptions: (B, 6) as `draw_corruptions` gives them, always on the CPU; or None.
    """

    order: Tensor
    flips: Tensor
    matrices: Tensor | None
    light: Tensor | None
    regions: Tensor
    other_regions: Tensor
    shares: Tensor | None
    noisy: Tensor | None
    corruptions: Tensor | None

    def rows(self, start: int, stop: int) -> Self:
        """The draws of the images from ``start`` to ``stop``."""
        return self._make(None if column is None else column[start:stop] for column in self)

    def to(self, device: torch.device) -> Self:
        """The draws on a device; those that the host acts on stay with it."""
        moved = self._make(None if column is None else column.to(device) for column in self)
        return moved._replace(corruptions=self.corruptions)


def draw_epoch(
    config: RunConfig, targets: Tensor, height: int, width: int, generator: Generator
) -> Draws:
    """Draw order and augmentation of one epoch.

    Args:
        config: balance, and the run's augmentation settings.
        targets: (N,) int64 labels or (N, K) shares of votes of the training set, on the CPU.
        height: of the images in pixels.
        width: of the images in pixels.
        generator: source of the random numbers, on the CPU.
    """
    count = len(targets)
    order = _order(config, targets, generator)
    flips = torch.rand(count, generator=generator) < cast("float", config.flip_probability)
    moved = bool(config.rotation or config.zoom or config.shift)
    matrices = _affine(count, flips, config, generator) if moved else None
    light = None
    if config.jitter:
        light = 1 + config.jitter * (2 * torch.rand(count, 2, generator=generator) - 1)
    regions, other_regions = (
        draw_erased_regions(count, height, width, config, generator) for _ in range(2)
    )
    shares = _mixing_shares(count, config.mixup, generator) if config.mixup else None
    noisy = torch.rand(count, generator=generator) < 0.5 if config.pixel_noise else None
    corruptions = None
    if config.corruption:
        kinds = len(config.corruption_kinds)
        corruptions = draw_corruptions(count, kinds, config.corruption, generator)
    return Draws(order, flips, matrices, light, regions, other_regions, shares, noisy, corruptions)


def draw_corruptions(count: int, kinds: int, probability: float, generator: Generator) -> Tensor:
    """What a poor camera does to each image: one or two corruptions, at its own resolution.

    Args:
        count: number of images B.
        kinds: number of corruptions to choose from.
        probability: that an image is corrupted; half of these get a second corruption.
        generator: source of the random numbers, on the CPU.

    Returns:
        (B, 6) float64 on the CPU: kind and severity in [0, 1) of the first corruption and of the
        second, kinds below 0 for none; the camera's resolution, as a share of the image's side in
        [0.5, 1); the seed of its noise.
    """
    draw = torch.rand(count, 6, generator=generator, dtype=torch.float64)
    draw[:, [0, 2]] = (draw[:, [0, 2]] * kinds).floor()
    draw[:, 4] = 0.5 + draw[:, 4] / 2
    draw[:, 5] = (draw[:, 5] * 2**31).floor()
    chosen = torch.rand(count, 2, generator=generator)
    draw[chosen[:, 0] >= probability, 0] = -1.0
    draw[(chosen[:, 0] >= probability) | (chosen[:, 1] >= 0.5), 2] = -1.0
    return draw


def draw_erased_regions(
    count: int, height: int, width: int, config: RunConfig, generator: Generator
) -> Tensor:
    """One random rectangle per image (Random Erasing, Zhong et al., AAAI 2020).

    Each image is chosen with ``erase_probability``; area and aspect are drawn up to ten times
    until the rectangle fits, else the image stays whole.

    Args:
        count: number of images B.
        height: of the images in pixels.
        width: of the images in pixels.
        config: erase_probability, erase_scale (share of the area), erase_ratio (height / width).
        generator: source of the random numbers, on the CPU.

    Returns:
        (B, 4) int64 on the CPU: top, left, height and width of the region; zeros: none.
    """
    uniform = torch.rand(TRIES, 2, count, generator=generator)
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
    regions = torch.stack([top, left, tall, wide], 1).long()  # (B, 4)
    return regions * (chosen & fits.any(0))[:, None]


def _order(config: RunConfig, targets: Tensor, generator: Generator) -> Tensor:
    if config.balance != "sampling":
        return torch.randperm(len(targets), generator=generator)
    labels = targets if targets.ndim == 1 else targets.argmax(1)
    weights = 1 / torch.bincount(labels).double().clamp(min=1)
    return torch.multinomial(weights[labels], len(labels), replacement=True, generator=generator)


def _affine(count: int, flips: Tensor, config: RunConfig, generator: Generator) -> Tensor:
    draw = 2 * torch.rand(4, count, generator=generator) - 1  # in [-1, 1)
    angle = draw[0] * math.radians(config.rotation)
    scale = 1 + draw[1] * config.zoom
    shift_x, shift_y = 2 * draw[2] * config.shift, 2 * draw[3] * config.shift
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    side = torch.where(flips, -1.0, 1.0)
    top_row = torch.stack([side * cosine, -sine, shift_x], 1)
    bottom_row = torch.stack([side * sine, cosine, shift_y], 1)
    return torch.stack([top_row, bottom_row], 1)


def _mixing_shares(count: int, alpha: float, generator: Generator) -> Tensor:
    """The larger of each Beta(alpha, alpha) share and its rest: an image leads its own mixture."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    shares = np.random.default_rng(seed).beta(alpha, alpha, count)
    return torch.from_numpy(np.maximum(shares, 1 - shares)).float()

"""Batch augmentation on the device: geometry, light, normalisation, mixing, erasing, mirroring.

The random numbers come from `fer_core.transforms.sampling`; nothing here makes the host wait for a
GPU but simulated corruptions, which Pillow computes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.transforms.corruption import corrupt_batch_
from fer_core.transforms.sampling import Draws


def augment(
    images: Tensor,
    draws: Draws,
    mean: Tensor,
    std: Tensor,
    out: Tensor | None = None,
    corruptions: tuple[str, ...] = (),
) -> Tensor:
    """Flip, turn, zoom, shift, light and corrupt the images, normalise them, mix them in pairs.

    Args:
        images: (B, C, H, W) uint8.
        draws: for these B images, on their device.
        mean: (C, 1, 1) of pixels in [0, 1].
        std: (C, 1, 1) of pixels in [0, 1].
        out: see `normalise`.
        corruptions: that the draws count, in their order.

    Returns:
        (B, C, H, W) float32, channels last in memory, normalised; nothing is erased yet.
    """
    if draws.matrices is not None:
        grid = F.affine_grid(draws.matrices, list(images.shape), align_corners=False)
        pixels = F.grid_sample(
            images.float() / 255, grid, padding_mode="border", align_corners=False
        )
    else:
        pixels = _flip(images, draws.flips)
    if draws.light is not None:
        pixels = _light(_unit_range(pixels), draws.light)
    if draws.corruptions is not None:
        pixels = corrupt_batch_(_unit_range(pixels), draws.corruptions, corruptions)
    pixels = normalise(pixels, mean, std, out)
    return pixels if draws.shares is None else mix_pairs_(pixels, draws.shares)


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


def mix_pairs_(values: Tensor, shares: Tensor) -> Tensor:
    """Mixup (Zhang et al., ICLR 2018): mix neighbours, the 1st with the 2nd, the 3rd with the 4th.

    The order of an epoch is random, so a neighbour is as good as a random partner; in an odd batch
    the last one stays alone.

    Args:
        values: (B, ...) float images or label shares, changed in place.
        shares: (B,) share that each keeps of itself.

    Returns:
        The same values.
    """
    even = len(values) // 2 * 2
    share = shares.view(-1, *[1] * (values.ndim - 1))
    first, second = values[0:even:2], values[1:even:2]
    mixed = torch.lerp(second, first, share[0:even:2])
    second.lerp_(first, 1 - share[1:even:2])
    first.copy_(mixed)
    return values


def mix_labels(labels: Tensor, shares: Tensor, classes: int) -> Tensor:
    """The (B, K) label shares of images that `mix_pairs_` has mixed.

    Args:
        labels: (B,) int64, or (B, K) shares.
        shares: (B,) share that each image keeps of itself.
        classes: number of classes K.
    """
    if labels.ndim == 1:
        whole = torch.zeros(len(labels), classes, device=labels.device)
        whole.scatter_(1, labels[:, None], 1.0)
    else:
        whole = labels.clone()
    return mix_pairs_(whole, shares)


def erase_(images: Tensor, regions: Tensor) -> Tensor:
    """Set the pixels of the regions to 0, the mean after normalisation, in the images themselves.

    Args:
        images: (B, C, H, W), changed in place.
        regions: (B, 4) as `fer_core.transforms.sampling.draw_erased_regions` gives them, on
            the device of the images.

    Returns:
        The same images.
    """
    if images.device.type == "cpu":  # touch the erased regions alone
        for image, (top, left, height, width) in zip(images, regions.tolist(), strict=True):
            image[:, top : top + height, left : left + width] = 0.0
        return images
    return images.masked_fill_(region_masks(regions, *images.shape[-2:]), 0.0)


def region_masks(regions: Tensor, height: int, width: int) -> Tensor:
    """(B, 1, H, W) bool, True inside the regions, from (B, 4) regions on the same device."""
    top, left, tall, wide = regions[:, :, None].unbind(1)  # (B, 1) each
    rows = torch.arange(height, device=regions.device)
    columns = torch.arange(width, device=regions.device)
    inside_rows = (rows >= top) & (rows < top + tall)  # (B, H)
    inside_columns = (columns >= left) & (columns < left + wide)  # (B, W)
    return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]


def _flip(images: Tensor, flips: Tensor) -> Tensor:
    """Mirror the images that ``flips`` (B,) names."""
    if images.device.type != "cpu":  # the number of flips would have to come back to the host
        return torch.where(flips[:, None, None, None], mirror(images), images)
    chosen = flips.nonzero()[:, 0]
    flipped = images.clone()
    flipped[chosen] = mirror(images[chosen])
    return flipped


def _unit_range(pixels: Tensor) -> Tensor:
    return pixels if pixels.is_floating_point() else pixels.float() / 255


def _light(pixels: Tensor, factors: Tensor) -> Tensor:
    """Brightness and contrast of each image, by (B, 2) factors."""
    brightness, contrast = factors[:, :, None, None, None].unbind(1)  # (B, 1, 1, 1) each
    centre = pixels.mean((1, 2, 3), keepdim=True)
    return ((pixels - centre) * contrast + centre * brightness).clamp(0, 1)

"""What a model predicts when parts of an image are hidden.

A hidden patch has the mean of the training pixels, 0 after normalisation.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.models.attention_model import AttentionModel

GRID = 4  # patches along each side, for occlusion, deletion and insertion


def occlusion_map(model: AttentionModel, image: Tensor, index: int, patches: int = 8) -> Tensor:
    """How far the logit of a class falls when each patch of the image is hidden.

    This is evidence patch by patch: one patch is hidden in each copy, all copies are one batch.

    Args:
        model: in evaluation mode, on the device of the image.
        image: (C, H, W) normalised.
        index: number of the class.
        patches: along each side.

    Returns:
        (patches, patches) logit of the image minus the logit without the patch.
    """
    masks = patch_masks(image.shape[1], image.shape[2], patches).to(image.device)
    with torch.inference_mode():
        whole = model(image[None]).logits[0, index]
        hidden = model(image[None] * ~masks[:, None]).logits[:, index]
    return (whole - hidden).view(patches, patches)


def locality(model: AttentionModel, images: Tensor, maps: Tensor, predicted: Tensor) -> Tensor:
    """(B,) mean share of a map's change that lies inside the hidden quadrant."""
    height, width = images.shape[2:]
    grid = (maps.shape[1], maps.shape[2])
    rows = torch.arange(len(images), device=images.device)
    inside = patch_masks(height, width, 2).to(images.device)  # (4, H, W)
    shares = []
    for mask in inside:
        changed = model(images * ~mask).maps[rows, predicted]
        change = (changed - maps).abs()
        # A point of the map counts as inside by the part of its cell that the quadrant covers.
        cells = F.adaptive_avg_pool2d(mask[None, None].float(), grid)[0, 0]
        total = change.sum((1, 2))
        shares.append((change * cells).sum((1, 2)) / total.clamp(min=1e-12))
    return torch.stack(shares).mean(0)


def occlusion_drops(
    model: AttentionModel, images: Tensor, logits: Tensor, predicted: Tensor
) -> Tensor:
    """(B, patches) drop of the predicted logit when each of the 4 x 4 patches is hidden."""
    rows = torch.arange(len(images), device=images.device)
    own = logits[rows, predicted]
    masks = patch_masks(images.shape[2], images.shape[3], GRID).to(images.device)
    drops = [own - model(images * ~mask).logits[rows, predicted] for mask in masks]
    return torch.stack(drops, 1)


def deletion_and_insertion(
    model: AttentionModel, images: Tensor, predicted: Tensor, scores: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(B,) areas under the probability while patches are hidden, and while they are shown."""
    masks = patch_masks(images.shape[2], images.shape[3], GRID).to(images.device)  # (patches, H, W)
    order = scores.argsort(1, descending=True)  # (B, patches)
    rows = torch.arange(len(images), device=images.device)
    covered = torch.zeros(len(images), *images.shape[2:], dtype=torch.bool, device=images.device)
    curves: list[list[Tensor]] = [[], []]
    with torch.inference_mode():
        for step in range(order.shape[1] + 1):
            for curve, keep in zip(curves, (~covered, covered), strict=True):
                logits = model(images * keep[:, None]).logits
                curve.append(logits.softmax(1)[rows, predicted])
            if step < order.shape[1]:
                covered = covered | masks[order[:, step]]
    deletion, insertion = (
        torch.trapezoid(torch.stack(curve), dx=1 / order.shape[1], dim=0).cpu().numpy()
        for curve in curves
    )
    return deletion, insertion


def centre_prior() -> Tensor:
    """(patches,) minus the distance of each patch to the centre."""
    axis = torch.arange(GRID) - (GRID - 1) / 2
    return -(axis[:, None] ** 2 + axis**2).sqrt().flatten()


def patch_masks(height: int, width: int, patches: int) -> Tensor:
    """(patches * patches, H, W) bool, True inside each patch, row by row."""
    down = torch.arange(height) * patches // height
    across = torch.arange(width) * patches // width
    numbers = down[:, None] * patches + across
    return numbers[None] == torch.arange(patches * patches)[:, None, None]

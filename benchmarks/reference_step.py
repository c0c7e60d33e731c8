"""A straightforward EAC step, and the rungs that lead from it to ours one by one.

The straightforward step does what the equations say, one by one: every image is resized, made a
tensor, normalised and erased on its own on the CPU, and flipped; both views go through the
backbone in fp32, NCHW, in two passes; the attention maps are a broadcast product of size
N x K x D x h x w; the second view's maps are flipped back by grid_sample; the optimiser is a loop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms.functional import hflip

from fer_core.config import RunConfig
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import augment, erase_, to_tensor
from fer_core.transforms.sampling import draw_epoch

CLASSES = 7
WEIGHT = 5.0  # of the consistency loss
Views = tuple[Tensor, Tensor, Tensor]  # original, flipped, labels


@dataclass(frozen=True)
class Rung:
    """What a step does better than the straightforward one."""

    channels_last: bool = False
    short_maps: bool = False
    batched: bool = False
    fused: bool = False
    keeps_memory: bool = False
    bf16: bool = False


def prepare_image(model: AttentionModel, size: int) -> Callable[[Image.Image], Tensor]:
    """The usual transforms of one image, (C, H, W)."""
    config = RunConfig(image_size=size)
    return transforms.Compose(
        [
            transforms.Resize((size, size)),
            transforms.ToTensor(),
            transforms.Normalize(model.mean, model.std),
            transforms.RandomErasing(config.erase_probability, config.erase_scale),
        ]
    )


class ImageFiles(Dataset[tuple[Tensor, Tensor, int]]):
    """Both views of one image file at a time."""

    def __init__(self, files: Sequence[Path], labels: Sequence[int], model: AttentionModel,
                 size: int) -> None:  # fmt: skip
        """Remember files and labels."""
        self.files, self.labels = files, labels
        self.prepare = prepare_image(model, size)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Original, flipped view, label."""
        with Image.open(self.files[index]) as image:
            view = self.prepare(image.convert("RGB"))
        return view, hflip(view), self.labels[index]


def loader_of_files(
    files: Sequence[Path], labels: Sequence[int], model: AttentionModel, size: int, batch: int,
    workers: int, device: torch.device,
) -> "DataLoader[tuple[Tensor, Tensor, int]]":  # fmt: skip
    """The per-image pipeline; its workers stay from epoch to epoch."""
    data = ImageFiles(files, labels, model, size)
    return DataLoader(data, batch, shuffle=True, drop_last=True, num_workers=workers,
                      pin_memory=device.type == "cuda", persistent_workers=workers > 0)  # fmt: skip


def views_of_files(
    loader: "DataLoader[tuple[Tensor, Tensor, int]]", device: torch.device
) -> Iterator[Views]:
    """One epoch of the per-image pipeline."""
    for original, flipped, given in loader:
        yield original.to(device), flipped.to(device), given.to(device)


def views_of_arrays(
    images: np.ndarray, labels: Tensor, model: AttentionModel, rung: Rung, device: torch.device
) -> Iterator[Views]:
    """The same images again and again: one by one, or as a batch on the device."""
    size = images.shape[1]
    config = RunConfig(image_size=size)
    prepare = prepare_image(model, size)
    mean, std = model.statistics()
    pixels, labels = to_tensor(images).to(device), labels.to(device)
    generator = torch.Generator().manual_seed(0)
    while True:
        if rung.batched:
            draws = draw_epoch(config, labels.cpu(), size, size, generator).to(device)
            original = erase_(augment(pixels, draws, mean, std), draws.regions)
            yield original, original.flip(-1), labels
        else:
            views = [prepare(Image.fromarray(image)) for image in images]
            flipped = [hflip(view) for view in views]
            yield torch.stack(views).to(device), torch.stack(flipped).to(device), labels


def steps(model: AttentionModel, views: Iterator[Views], rung: Rung) -> Iterator[None]:
    """One training step for each item of ``views``."""
    device = model.classifier.weight.device
    if rung.channels_last:
        model.channels_last()
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, foreach=False, fused=rung.fused)
    layout = torch.channels_last if rung.channels_last else torch.contiguous_format
    for original, flipped, labels in views:
        with torch.autocast(device.type, torch.bfloat16, enabled=rung.bf16):
            features, flipped_features = (
                model.backbone(view.contiguous(memory_format=layout))
                for view in (original, flipped)
            )
        features, flipped_features = features.float(), flipped_features.float()
        logits = model.classifier(features.mean((2, 3)))
        weight = model.classifier.weight.detach()
        maps, flipped = (
            _short_maps(weight, features, flipped_features)
            if rung.short_maps
            else _broadcast_maps(weight, features, flipped_features)
        )
        loss = F.cross_entropy(logits, labels)
        loss = loss + WEIGHT * F.mse_loss(maps, flipped)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield


def _broadcast_maps(weight: Tensor, features: Tensor, flipped: Tensor) -> tuple[Tensor, Tensor]:
    maps, flipped_maps = (
        (weight[None, :, :, None, None] * view[:, None]).sum(2)  # (N, K, D, h, w) in between
        for view in (features, flipped)
    )
    identity = torch.tensor([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], device=maps.device)
    grid = F.affine_grid(identity.repeat(len(maps), 1, 1), list(maps.shape), align_corners=False)
    return maps, F.grid_sample(flipped_maps, grid, align_corners=False)


def _short_maps(weight: Tensor, features: Tensor, flipped: Tensor) -> tuple[Tensor, Tensor]:
    kernel = weight[:, :, None, None]
    return F.conv2d(features, kernel), F.conv2d(flipped, kernel).flip(-1)

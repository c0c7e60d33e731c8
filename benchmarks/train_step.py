"""Speed of our EAC training step against a straightforward one, same model and batch, in one run.

The straightforward step does what the equations say, one by one: every image is decoded from its
array, resized, made a tensor, normalised and erased on its own on the CPU; both views go through
the backbone in fp32, NCHW, in two passes; the attention maps are a broadcast product of size
N x K x D x h x w; the mirrored maps are flipped back by grid_sample.

    python -m benchmarks.train_step --backbone resnet50 --image-size 224 --batch-size 16
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from PIL import Image
from torch import Generator, Tensor
from torchvision import transforms

from fer_core.config import RunConfig
from fer_core.datasets import Decoding, load_data
from fer_core.methods import Batch, create_method
from fer_core.models import AttentionModel
from fer_core.transforms import augment, to_tensor

CLASSES = 7


@dataclass(frozen=True)
class Options:
    """What is measured."""

    backbone: str = "mobilenetv2_100"
    """timm model name."""
    image_size: int = 224
    """Side of the input."""
    batch_size: int = 16
    """Images a step."""
    steps: int = 5
    """Measured steps of each variant, after one warm-up step."""
    threads: int = 2
    """CPU threads."""
    compile: bool = False
    """Also measure the compiled step."""


def straightforward_steps(options: Options, images: np.ndarray, labels: Tensor) -> Iterator[None]:
    """EAC as written down in the paper, without any attention to speed."""
    config = RunConfig(image_size=options.image_size)
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size).train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    prepare = transforms.Compose(
        [
            transforms.Resize((options.image_size, options.image_size)),
            transforms.ToTensor(),
            transforms.Normalize(model.mean, model.std),
            transforms.RandomErasing(config.erase_probability, config.erase_scale),
        ]
    )
    count, size = options.batch_size, options.image_size
    identity = torch.tensor([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).repeat(count, 1, 1)
    while True:
        views = [prepare(Image.fromarray(image)) for image in images]
        original = torch.stack(views)
        mirrored = torch.stack([transforms.functional.hflip(view) for view in views])
        features, mirrored_features = (
            model.backbone(view.reshape(count, 3, size, size)) for view in (original, mirrored)
        )
        logits = model.classifier(features.mean((2, 3)))
        weight = model.classifier.weight.detach()[None, :, :, None, None]  # (1, K, D, 1, 1)
        maps = (weight * features[:, None]).sum(2)
        mirrored_maps = (weight * mirrored_features[:, None]).sum(2)
        grid = F.affine_grid(identity, list(maps.shape), align_corners=False)
        flipped = F.grid_sample(mirrored_maps, grid, align_corners=False)
        loss = F.cross_entropy(logits, labels)
        loss = loss + config.consistency_weight * F.mse_loss(maps, flipped)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield


def our_steps(
    options: Options, images: np.ndarray, labels: Tensor, precision: str, views: str, compiled: bool
) -> Iterator[None]:
    """The product's own step: batched augmentation, channels_last, autocast."""
    config = replace(RunConfig(image_size=options.image_size), views=views)
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size)
    model.channels_last()
    if compiled:
        model.speed_up_training()
    method = create_method(model, config).train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    generator = Generator().manual_seed(0)
    mean, std = model.statistics()
    pixels, indices = to_tensor(images), torch.arange(len(labels))
    while True:
        augmented = augment(pixels, config, mean, std, generator)
        augmented = augmented.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            output = method(Batch(augmented, labels, labels, indices), generator)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        yield


def seconds_a_step(make: Callable[[], Iterator[None]], steps: int) -> float:
    """Median wall time of a step, after one step of warm-up."""
    torch.manual_seed(0)
    running = make()
    next(running)
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        next(running)
        times.append(time.perf_counter() - started)
    return median(times)


def main() -> None:
    """Measure all variants and print images a second and ratios as JSON."""
    options = tyro.cli(Options)
    torch.set_num_threads(options.threads)
    uri = f"synthetic?train={max(options.batch_size, 7)}&test=7"
    split = load_data(uri, Decoding(options.image_size, 3)).train
    images = split.images[: options.batch_size]
    labels = torch.from_numpy(split.labels[: options.batch_size])
    reference = seconds_a_step(
        lambda: straightforward_steps(options, images, labels), options.steps
    )
    rows = {"straightforward, fp32": reference}
    for precision in ("fp32", "bf16"):
        for views in ("two_passes", "one_pass"):
            for compiled in (False, True) if options.compile else (False,):
                name = f"ours, {precision}, {views}{', compiled' if compiled else ''}"
                rows[name] = seconds_a_step(
                    lambda p=precision, v=views, c=compiled: our_steps(
                        options, images, labels, p, v, c
                    ),
                    options.steps,
                )
    table = {
        name: {
            "images_per_second": round(options.batch_size / seconds, 2),
            "ratio": round(reference / seconds, 2),
        }
        for name, seconds in rows.items()
    }
    print(json.dumps({"options": options.__dict__, "torch": torch.__version__, **table}, indent=1))


if __name__ == "__main__":
    main()

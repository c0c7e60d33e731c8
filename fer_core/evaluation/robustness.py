"""A model on corrupted images: every kind of `CORRUPTIONS` at five strengths (docs/evaluation.md).

After Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations (ICLR 2019): accuracy by kind and strength, beside that on the same images as they
are.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import SeedSequence, default_rng
from tqdm import tqdm

from fer_core.datasets import DataError, Decoding, Listing
from fer_core.datasets.cache.arrays import StreamedImages, WidenedImages
from fer_core.datasets.images import ImageSources, PixelRows
from fer_core.datasets.loading import SplitKind
from fer_core.datasets.prefetch import DeviceImages
from fer_core.evaluation.corruption_figures import (
    CorruptionFigures,
    Level,
    Robustness,
    accuracy_lost,
    corruption_figures,
)
from fer_core.evaluation.inference import EVALUATION_BATCH, predict_logits
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.foreign.model import ForeignModel
from fer_core.io.images import Images
from fer_core.models.pretrained import TrainedModel
from fer_core.transforms.corruption import CORRUPTIONS, corrupt
from fer_core.transforms.functional import to_tensor

IMAGES = 1000  # drawn by default
Condition = tuple[str, float] | None  # a kind and a strength; None: clean
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RobustnessPlan:
    """Which images are corrupted, and how.

    Attributes:
        images: that are drawn from the split at random; 0: all.
        kinds: of `fer_core.transforms.corruption.CORRUPTIONS`.
        seed: of the draw, the noise and the bootstrap; the same for every model.
        resamples: of the bootstrap.
    """

    images: int = IMAGES
    kinds: tuple[str, ...] = tuple(CORRUPTIONS)
    seed: int = 0
    resamples: int = 2000

    def __post_init__(self) -> None:
        """Refuse a negative number of images and an unknown kind.

        Raises:
            ValueError: naming the value and what is allowed.
        """
        if self.images < 0:
            raise ValueError(f"images to corrupt must be at least 0 (all), got {self.images}")
        if not self.kinds:
            raise ValueError(f"corruptions: name at least one of {', '.join(CORRUPTIONS)}")
        for kind in self.kinds:
            if kind not in CORRUPTIONS:
                near = difflib.get_close_matches(kind, CORRUPTIONS, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                allowed = ", ".join(map(repr, CORRUPTIONS))
                raise ValueError(f"corruption must be one of {allowed}, got {kind!r}{hint}")

    def draw(self, count: int) -> np.ndarray:
        """(n,) sorted positions of the images that are drawn from ``count``."""
        drawn = default_rng(self.seed).permutation(count)
        return np.sort(drawn[: self.images or count])


def measure_robustness(
    trained: TrainedModel | ForeignModel,
    listing: Listing,
    kind: SplitKind,
    predictions: SplitPredictions,
    plan: RobustnessPlan,
    *,
    mirror: bool,
    progress: bool = False,
) -> Robustness:
    """Corrupt images of a split and show them to a model.

    Images are read at the resolution of the model's training images, corrupted there, rounded to
    eight bits, and enlarged to the model's input as decoding does. Another project's model, whose
    training images are unknown, gets them at the resolution of the data, at most at that of its
    input, and prepares them itself.

    Args:
        trained: the model, on any device.
        listing: the data set.
        kind: which of its splits.
        predictions: of the model on this split: its classes and labels are used.
        plan: which images and corruptions.
        mirror: average over each image and its flipped copy.
        progress: show a bar.

    Raises:
        DataError: when the model knows the class of none of the images drawn.
    """
    listed = listing.split(kind)
    drawn = plan.draw(len(listed.names))
    numbers = zip(predictions.split.names, predictions.split.true_labels.tolist(), strict=True)
    known = dict(numbers)
    rows = np.array([row for row in drawn if listed.names[row] in known], np.int64)
    if not len(rows):
        raise DataError(
            f"of the {len(drawn)} images that seed {plan.seed} draws from {listing.name} "
            f"{listed.name} the model knows the class of none: corrupt more images, 0 for all"
        )
    labels = np.array([known[listed.names[row]] for row in rows])
    side, channels = _resolution(trained, listing, listed.images, rows)
    logits = _logits(
        StreamedImages(listed.images, Decoding(side, channels)),
        rows,
        _predictor(trained, predictions.classes, mirror=mirror),
        plan,
        progress=progress,
    )

    def level(name: str, strength: float) -> Level:
        of_these = logits[name, strength]
        return Level(
            strength,
            corruption_figures(of_these, labels, predictions.classes),
            accuracy_lost(logits[None], of_these, labels, resamples=plan.resamples, seed=plan.seed),
        )

    return Robustness(
        images=len(rows),
        drawn=len(drawn),
        available=len(listed.names),
        seed=plan.seed,
        side=side,
        clean=corruption_figures(logits[None], labels, predictions.classes),
        kinds={
            name: CorruptionFigures(
                CORRUPTIONS[name].strength,
                tuple(level(name, strength) for strength in CORRUPTIONS[name].levels),
            )
            for name in plan.kinds
        },
    )


def _logits(
    images: Images, rows: np.ndarray, predict: Predict, plan: RobustnessPlan, *, progress: bool
) -> dict[Condition, np.ndarray]:
    """Condition -> logits (N, K) of the images at the (N,) positions ``rows``."""
    conditions: list[Condition] = [None]
    conditions += [(name, level) for name in plan.kinds for level in CORRUPTIONS[name].levels]
    found: dict[Condition, list[np.ndarray]] = {condition: [] for condition in conditions}
    total = len(rows) * len(found)
    with tqdm(total=total, desc="corrupted images", unit=" images", disable=not progress) as bar:
        for start in range(0, len(rows), EVALUATION_BATCH):
            part = rows[start : start + EVALUATION_BATCH]
            originals, seeds = images[part], [_seed(plan.seed, row) for row in part.tolist()]
            for condition, logits in found.items():
                pixels = originals
                if condition is not None:
                    pixels = _corrupted(originals, *condition, seeds)
                logits.append(predict(pixels))
                bar.update(len(part))
    return {condition: np.concatenate(logits) for condition, logits in found.items()}


def _resolution(
    trained: TrainedModel | ForeignModel, listing: Listing, images: ImageSources, rows: np.ndarray
) -> tuple[int, int]:
    """Side and channels of the images that are corrupted."""
    spec = trained.input
    if not isinstance(trained, ForeignModel):
        return spec.source_size, 1 if spec.grey else spec.channels
    side = listing.source_size
    if side is None:
        side = int(np.median([min(images.open(int(row)).size) for row in rows]))
    return min(side, spec.size), spec.channels


def _predictor(
    trained: TrainedModel | ForeignModel, classes: tuple[str, ...], *, mirror: bool
) -> Predict:
    """From (B, s, s, C) uint8 images of any size to the logits (B, K) float32 of ``classes``."""
    kept = [trained.classes.index(name) for name in classes]
    if isinstance(trained, ForeignModel):
        return lambda pixels: trained.logits(_sources(pixels), mirror=mirror)[:, kept]
    model, spec = trained.model, trained.input
    device = model.classifier.weight.device

    def predict(pixels: np.ndarray) -> np.ndarray:
        images = StreamedImages(_sources(pixels), Decoding(spec.size, pixels.shape[-1]))
        if pixels.shape[-1] != spec.channels:
            images = WidenedImages(images)
        on_device = DeviceImages(images, device, "stream")
        rows = torch.arange(len(pixels))
        return predict_logits(model, on_device, rows, mirror=mirror).cpu().numpy()[:, kept]

    return predict


def _sources(pixels: np.ndarray) -> PixelRows:
    """Images in memory, (B, s, s, C), that can be opened."""
    return PixelRows(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _seed(seed: int, row: int) -> int:
    """Of the noise of one image, whatever else is drawn with it."""
    return int(SeedSequence([seed, row]).generate_state(1)[0])


def _corrupted(images: np.ndarray, kind: str, strength: float, seeds: list[int]) -> np.ndarray:
    """(B, s, s, C) uint8 images, corrupted; a grey image in three channels stays grey."""
    corrupted = np.empty_like(images)
    for row, (image, seed) in enumerate(zip(images, seeds, strict=True)):
        grey = (image == image[..., :1]).all()
        pixels = to_tensor(image[None, ..., :1] if grey else image[None])[0].float() / 255
        changed = corrupt(pixels, kind, strength, seed).mul(255).round().to(torch.uint8)
        corrupted[row] = changed.permute(1, 2, 0).numpy()
    return corrupted

"""What a model's attention maps are worth as explanations, on the images of a split."""

from typing import NamedTuple

import numpy as np

from fer_core.datasets import Split
from fer_core.explain.fidelity import ORDERS, Fidelity, fixed_share, measure_fidelity
from fer_core.metrics.intervals import Estimate, bootstrap_mean, jackknife
from fer_core.models.pretrained import TrainedModel
from fer_core.transforms.functional import normalise, to_tensor

LEAST_IMAGES = 2
IMAGES = 200  # measured by default: a minute on a CPU


class MapFidelity(NamedTuple):
    """The measures of `fer_core.explain.fidelity`, as means over images with 95 % intervals.

    Completeness is a maximum and has none; the interval of `fixed` is the jackknife's.

    Attributes:
        images: number of images, spread evenly over the split.
        seed: of the random order, the random weights and the bootstrap.
        completeness: the largest relative gap between a map's sum and its logit.
        locality: of a map that is not local 0.25.
        occlusion: rank correlation with the effect of hiding each region.
        deletion: order of the places -> area; lower is better.
        insertion: order of the places -> area; higher is better.
        mirror: correlation with the map of the mirror image, flipped back.
        randomisation: rank correlation with the map of random weights; near 0 is better.
        fixed: share of the spatial variance that is one pattern of the class, over the classes
            with at least two images; nan without such a class.
    """

    images: int
    seed: int
    completeness: float
    locality: Estimate
    occlusion: Estimate
    deletion: dict[str, Estimate]
    insertion: dict[str, Estimate]
    mirror: Estimate
    randomisation: Estimate
    fixed: Estimate


def assess_maps(
    trained: TrainedModel, split: Split, *, images: int = IMAGES, resamples: int, seed: int
) -> MapFidelity:
    """Measure the maps of the predicted class on some images of a split.

    Args:
        trained: the model, on any device.
        split: decoded for the model.
        images: how many, spread evenly over the split; all where it has fewer.
        resamples: of the bootstrap over images, for the intervals.
        seed: of the random order, the random weights and the bootstrap.

    Raises:
        ValueError: for fewer than two images.
    """
    count = min(images, len(split.true_labels))
    if count < LEAST_IMAGES:
        raise ValueError(f"the fidelity of maps needs at least {LEAST_IMAGES} images, got {count}")
    rows = np.unique(np.linspace(0, len(split.true_labels) - 1, count).round().astype(int))
    mean, std = trained.model.statistics()
    pixels = to_tensor(np.ascontiguousarray(split.images[rows])).to(mean.device)
    found = measure_fidelity(trained.model, normalise(pixels, mean, std), seed=seed)
    return _summary(found, len(rows), resamples, seed)


def _summary(found: Fidelity, images: int, resamples: int, seed: int) -> MapFidelity:
    def estimate(values: np.ndarray) -> Estimate:
        return bootstrap_mean(values, resamples, np.random.default_rng(seed))

    def fixed(rows: np.ndarray) -> float:
        return fixed_share(found.maps[rows], found.predicted[rows])

    return MapFidelity(
        images,
        seed,
        float(found.completeness.max()),
        estimate(found.locality),
        estimate(found.occlusion),
        {order: estimate(found.deletion[order]) for order in ORDERS},
        {order: estimate(found.insertion[order]) for order in ORDERS},
        estimate(found.mirror),
        estimate(found.randomisation),
        jackknife(fixed, images),
    )

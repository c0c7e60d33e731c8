"""What a class attention map is worth as an explanation, measured.

A map adds up to its logit exactly, for every backbone here: that is completeness. Whether a high
point of the map is evidence from that place of the face is another question, since the receptive
field of a deep network is larger than the face. Every measure is taken on the predicted class of
each image:

- completeness: the largest gap between the mean of a map plus the bias and the logit as pooled
  features and classifier give it, relative to the largest logit;
- locality: of all that changes in the map when one quadrant of the image is hidden, the share that
  lies inside the quadrant, over four quadrants. A map that does not know places has 0.25;
- occlusion: Spearman's correlation of the map, averaged over 4 x 4 places, with the drop of the
  logit when each place is hidden;
- deletion and insertion (Petsiuk et al., RISE, BMVC 2018): area under the probability of the class
  while places are hidden, or shown, in the order of the map; beside it the orders of Grad-CAM
  (Selvaraju et al., ICCV 2017) on the same feature map, of the distance to the centre, and random;
- class-fixed pattern: the share of the spatial variance of the maps that the mean map of the class
  explains: at 1 a map says which class, and nothing of the image;
- mirror agreement: Pearson's correlation of the map with the flipped map of the mirror image;
- randomisation (Adebayo et al., NeurIPS 2018): Spearman's correlation of the map with that of the
  same network with random weights: near 0 for a map that depends on what was learned.

A hidden place has the mean of the training pixels, 0 after normalisation.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor

from fer_core.metrics.intervals import LEVEL, Estimate
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import mirror

PLACES = 4  # along each side, for occlusion, deletion and insertion
ORDERS = ("map", "grad_cam", "centre", "random")
CHANCE = 0.25  # locality of a map that does not know places


class Fidelity(NamedTuple):
    """The measures, each (N,) over the images; see the module.

    Attributes:
        completeness: relative gaps.
        locality: shares.
        occlusion: correlations.
        deletion: order -> areas, lower is better.
        insertion: order -> areas, higher is better.
        mirror: correlations.
        randomisation: correlations.
        fixed: class number -> share of the variance that its mean map explains, of its images.
        predicted: (N,) the predicted classes.
    """

    completeness: np.ndarray
    locality: np.ndarray
    occlusion: np.ndarray
    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    mirror: np.ndarray
    randomisation: np.ndarray
    fixed: dict[int, float]
    predicted: np.ndarray


def measure_fidelity(
    model: AttentionModel, images: Tensor, *, seed: int = 0, batch: int = 64
) -> Fidelity:
    """Take every measure of a model's maps.

    Args:
        model: in evaluation mode, on the device of the images.
        images: (N, C, H, W) normalised; H and W at least twice `PLACES`.
        seed: of the random order and the random weights.
        batch: images at a time.

    Raises:
        ValueError: for no images.
    """
    if not len(images):
        raise ValueError("the fidelity of maps needs images, got none")
    generator = np.random.default_rng(seed)
    randomised = with_random_weights(model, seed)
    parts = [_measure(model, randomised, part, generator) for part in images.split(batch)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    maps = joined.pop("maps")
    predicted = joined["predicted"]
    return Fidelity(
        completeness=joined["completeness"],
        locality=joined["locality"],
        occlusion=joined["occlusion"],
        deletion={order: joined[f"deletion {order}"] for order in ORDERS},
        insertion={order: joined[f"insertion {order}"] for order in ORDERS},
        mirror=joined["mirror"],
        randomisation=joined["randomisation"],
        fixed=fixed_shares(maps, predicted),
        predicted=predicted,
    )


def interval(values: np.ndarray, resamples: int, generator: Generator) -> Estimate:
    """Mean over images with the percentile interval of a bootstrap over images.

    Args:
        values: (N,); nan (a flat map has no correlation) is left out.
        resamples: of the bootstrap.
        generator: source of the random numbers.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"))
    drawn = [known[generator.integers(0, len(known), len(known))].mean() for _ in range(resamples)]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(known.mean()), float(low), float(high))


def occlusion_map(model: AttentionModel, image: Tensor, index: int, places: int = 8) -> Tensor:
    """How far the logit of a class falls when each place of the image is hidden.

    This is evidence place by place: all places are hidden in one batch, one in each copy.

    Args:
        model: in evaluation mode, on the device of the image.
        image: (C, H, W) normalised.
        index: number of the class.
        places: along each side.

    Returns:
        (places, places) logit of the image minus the logit without the place.
    """
    masks = _place_masks(image.shape[1], image.shape[2], places).to(image.device)
    with torch.inference_mode():
        whole = model(image[None]).logits[0, index]
        hidden = model(image[None] * ~masks[:, None]).logits[:, index]
    return (whole - hidden).view(places, places)


def with_random_weights(model: AttentionModel, seed: int) -> AttentionModel:
    """A copy of the model whose weights are drawn anew, layer by layer; BatchNorm starts afresh."""
    other = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in other.modules():
            reset: Callable[[], None] | None = getattr(module, "reset_parameters", None)
            if reset is not None and not isinstance(module, AttentionModel):
                reset()
    return other.eval()


def fixed_shares(maps: np.ndarray, predicted: np.ndarray) -> dict[int, float]:
    """Share of the spatial variance of the maps that the mean map of each class explains.

    Args:
        maps: (N, h, w) of the predicted class of each image.
        predicted: (N,) the predicted classes; one with fewer than two images has no share.
    """
    centred = maps - maps.mean((1, 2), keepdims=True)
    shares: dict[int, float] = {}
    for label in np.unique(predicted):
        own = centred[predicted == label]
        total = float((own**2).mean())
        if len(own) > 1 and total > 0:
            shares[int(label)] = float((own.mean(0) ** 2).mean()) / total
    return shares


def _measure(
    model: AttentionModel, randomised: AttentionModel, images: Tensor, generator: Generator
) -> dict[str, np.ndarray]:
    with torch.no_grad():
        features = model.features(images)
        output = model.attend(features)
        # As any network with average pooling and a linear head has them, without maps.
        pooled_logits = model.classifier(features.float().mean((2, 3)))
        predicted = output.logits.argmax(1)
        rows = torch.arange(len(images), device=images.device)
        maps = output.maps[rows, predicted]  # (B, h, w)
        flipped = mirror(model(mirror(images)).maps[rows, predicted])
        random_maps = randomised(images).maps[rows, predicted]
        sums = output.maps.mean((2, 3)) + model.classifier.bias
        gaps = (sums - pooled_logits).abs().amax(1) / pooled_logits.abs().amax(1).clamp(min=1e-12)
        locality = _locality(model, images, maps, predicted)
        drops = _occlusion(model, images, output.logits, predicted)  # (B, places)
    grad_cam = _grad_cam(model, images, predicted)
    pooled = F.adaptive_avg_pool2d(maps[:, None], PLACES).flatten(1)  # (B, places)
    orders = {
        "map": pooled,
        "grad_cam": F.adaptive_avg_pool2d(grad_cam[:, None], PLACES).flatten(1),
        "centre": _centre_prior().to(images.device).expand_as(pooled),
        "random": torch.from_numpy(generator.random(tuple(pooled.shape))).to(images.device),
    }
    found: dict[str, np.ndarray] = {
        "completeness": gaps.cpu().numpy(),
        "locality": locality.cpu().numpy(),
        "occlusion": spearman(pooled, drops),
        "mirror": pearson(maps.flatten(1), flipped.flatten(1)),
        "randomisation": spearman(maps.flatten(1), random_maps.flatten(1)),
        "predicted": predicted.cpu().numpy(),
        "maps": maps.cpu().numpy(),
    }
    for name, scores in orders.items():
        deletion, insertion = _areas(model, images, predicted, scores)
        found[f"deletion {name}"], found[f"insertion {name}"] = deletion, insertion
    return found


def _locality(model: AttentionModel, images: Tensor, maps: Tensor, predicted: Tensor) -> Tensor:
    """(B,) mean share of a map's change that lies inside the hidden quadrant."""
    height, width = images.shape[2:]
    grid = (maps.shape[1], maps.shape[2])
    rows = torch.arange(len(images), device=images.device)
    inside = _place_masks(height, width, 2).to(images.device)  # (4, H, W)
    shares = []
    for mask in inside:
        changed = model(images * ~mask).maps[rows, predicted]
        change = (changed - maps).abs()
        # A point of the map counts as inside by the part of its cell that the quadrant covers.
        cells = F.adaptive_avg_pool2d(mask[None, None].float(), grid)[0, 0]
        total = change.sum((1, 2))
        shares.append((change * cells).sum((1, 2)) / total.clamp(min=1e-12))
    return torch.stack(shares).mean(0)


def _occlusion(model: AttentionModel, images: Tensor, logits: Tensor, predicted: Tensor) -> Tensor:
    """(B, places) drop of the predicted logit when each of the 4 x 4 places is hidden."""
    rows = torch.arange(len(images), device=images.device)
    own = logits[rows, predicted]
    masks = _place_masks(images.shape[2], images.shape[3], PLACES).to(images.device)
    drops = [own - model(images * ~mask).logits[rows, predicted] for mask in masks]
    return torch.stack(drops, 1)


def _areas(
    model: AttentionModel, images: Tensor, predicted: Tensor, scores: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(B,) areas under the probability while places are hidden, and while they are shown."""
    masks = _place_masks(images.shape[2], images.shape[3], PLACES).to(
        images.device
    )  # (places, H, W)
    order = scores.argsort(1, descending=True)  # (B, places)
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


def _grad_cam(model: AttentionModel, images: Tensor, predicted: Tensor) -> Tensor:
    """(B, h, w) Grad-CAM on the last feature map: the positive part of the CAM for a linear head.

    Taken by its own definition, from gradients, so that it is a check and not a copy.
    """
    with torch.no_grad():
        features = model.features(images)
    features = features.float().detach().requires_grad_()
    logits = model.attend(features).logits
    score = logits.gather(1, predicted[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, features)
    weights = gradient.mean((2, 3), keepdim=True)
    return (weights * features).sum(1).relu().detach()


def _place_masks(height: int, width: int, places: int) -> Tensor:
    """(places * places, H, W) bool, True inside each place, row by row."""
    down = torch.arange(height) * places // height
    across = torch.arange(width) * places // width
    numbers = down[:, None] * places + across
    return numbers[None] == torch.arange(places * places)[:, None, None]


def _centre_prior() -> Tensor:
    """(places,) minus the distance of each place to the centre."""
    axis = torch.arange(PLACES) - (PLACES - 1) / 2
    return -(axis[:, None] ** 2 + axis**2).sqrt().flatten()


def spearman(one: Tensor, other: Tensor) -> np.ndarray:
    """(B,) rank correlation of the rows of two (B, P) tensors; nan for a flat row."""
    from scipy.stats import rankdata  # slow to import

    ranks = [torch.from_numpy(rankdata(side.cpu().numpy(), axis=1)) for side in (one, other)]
    return pearson(ranks[0], ranks[1])


def pearson(one: Tensor, other: Tensor) -> np.ndarray:
    """(B,) correlation of the rows of two (B, P) tensors; nan for a flat row."""
    first, second = (side.double() - side.double().mean(1, keepdim=True) for side in (one, other))
    scale = first.norm(dim=1) * second.norm(dim=1)
    values = (first * second).sum(1) / torch.where(scale > 1e-12, scale, torch.nan)
    return values.cpu().numpy()

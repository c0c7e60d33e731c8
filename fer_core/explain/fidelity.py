"""What a class attention map is worth as an explanation, measured.

A map adds up to its logit exactly, for every backbone here: that is completeness. Whether a high
point of the map is evidence from that part of the face is another question, since the receptive
field of a deep network is larger than the face. Every measure is taken on the predicted class of
each image:

- completeness: the largest gap between the mean of a map plus the bias and the logit as pooled
  features and classifier give it, relative to the largest logit;
- locality: of all that changes in the map when one quadrant of the image is hidden, the share that
  lies inside the quadrant, over four quadrants. A map that is not local has 0.25;
- occlusion: Spearman's correlation of the map, averaged over 4 x 4 patches, with the drop of the
  logit when each patch is hidden;
- deletion and insertion (Petsiuk et al., RISE, BMVC 2018): area under the probability of the class
  while patches are hidden, or shown, in the order of the map; beside it the orders of Grad-CAM
  (Selvaraju et al., ICCV 2017) on the same feature map, of the distance to the centre, and random;
- class-fixed pattern: the share of the spatial variance of the maps that the mean map of the class
  explains: at 1 a map says which class, and nothing of the image;
- mirror agreement: Pearson's correlation of the map with that of the flipped image, flipped back;
- randomisation (Adebayo et al., NeurIPS 2018): Spearman's correlation of the map with that of the
  same network with random weights: near 0 for a map that depends on what was learned.

`fer_core.explain.occlusion` says what a hidden patch is.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor

from fer_core.explain.occlusion import (
    GRID,
    centre_prior,
    deletion_and_insertion,
    locality,
    occlusion_drops,
)
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import mirror

ORDERS = ("map", "grad_cam", "centre", "random")


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
        maps: (N, h, w) of the predicted classes, for `fixed_share`.
        predicted: (N,) the predicted classes.
    """

    completeness: np.ndarray
    locality: np.ndarray
    occlusion: np.ndarray
    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    mirror: np.ndarray
    randomisation: np.ndarray
    maps: np.ndarray
    predicted: np.ndarray


def measure_fidelity(
    model: AttentionModel, images: Tensor, *, seed: int = 0, batch: int = 64
) -> Fidelity:
    """Take every measure of a model's maps.

    Args:
        model: in evaluation mode, on the device of the images.
        images: (N, C, H, W) normalised; H and W at least twice `GRID`.
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
    return Fidelity(
        completeness=joined["completeness"],
        locality=joined["locality"],
        occlusion=joined["occlusion"],
        deletion={order: joined[f"deletion {order}"] for order in ORDERS},
        insertion={order: joined[f"insertion {order}"] for order in ORDERS},
        mirror=joined["mirror"],
        randomisation=joined["randomisation"],
        maps=joined["maps"],
        predicted=joined["predicted"],
    )


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


def fixed_share(maps: np.ndarray, predicted: np.ndarray) -> float:
    """Mean of `fixed_shares` over the images of their classes; nan where no class has a share."""
    shares = fixed_shares(maps, predicted)
    if not shares:
        return float("nan")
    weights = [int((predicted == label).sum()) for label in shares]
    return float(np.average(list(shares.values()), weights=weights))


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
        shares = locality(model, images, maps, predicted)
        drops = occlusion_drops(model, images, output.logits, predicted)  # (B, patches)
    grad_cam = _grad_cam(model, images, predicted)
    pooled = F.adaptive_avg_pool2d(maps[:, None], GRID).flatten(1)  # (B, patches)
    orders = {
        "map": pooled,
        "grad_cam": F.adaptive_avg_pool2d(grad_cam[:, None], GRID).flatten(1),
        "centre": centre_prior().to(images.device).expand_as(pooled),
        "random": torch.from_numpy(generator.random(tuple(pooled.shape))).to(images.device),
    }
    found: dict[str, np.ndarray] = {
        "completeness": gaps.cpu().numpy(),
        "locality": shares.cpu().numpy(),
        "occlusion": spearman(pooled, drops),
        "mirror": pearson(maps.flatten(1), flipped.flatten(1)),
        "randomisation": spearman(maps.flatten(1), random_maps.flatten(1)),
        "predicted": predicted.cpu().numpy(),
        "maps": maps.cpu().numpy(),
    }
    for name, scores in orders.items():
        deletion, insertion = deletion_and_insertion(model, images, predicted, scores)
        found[f"deletion {name}"], found[f"insertion {name}"] = deletion, insertion
    return found


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

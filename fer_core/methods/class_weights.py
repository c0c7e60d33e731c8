"""Weights of the classes in the classification loss, against rare classes."""

import torch
from torch import Tensor

from fer_core.config import RunConfig
from fer_core.config.model import WEIGHTED


def class_weights(config: RunConfig, targets: Tensor, classes: int) -> Tensor | None:
    """(K,) float32 weights of the classes in the classification loss; None: all alike.

    Args:
        config: balance and balance_beta.
        targets: (N,) int64 labels or (N, K) shares of the training set.
        classes: number of classes K.
    """
    if config.balance not in WEIGHTED:
        return None
    counts = class_counts(targets, classes)
    if config.balance == "root":
        return root_weights(counts)
    return balanced_weights(counts, config.balance_beta)


def class_counts(targets: Tensor, classes: int) -> Tensor:
    """(K,) float64 number of labels of each class, or sum of their shares.

    Args:
        targets: (N,) int64 labels or (N, K) shares.
        classes: number of classes K.
    """
    if targets.ndim == 1:
        return torch.bincount(targets, minlength=classes).double()
    return targets.double().sum(0)


def balanced_weights(counts: Tensor, beta: float) -> Tensor:
    """Class weights by the inverse effective number of labels (Cui et al., CVPR 2019, eq. 2 and 3).

    The effective number of n labels is (1 - beta^n) / (1 - beta). The weights are scaled so that
    their mean over the labels is 1: the size of the loss stays what it is without them.

    Args:
        counts: (K,) labels of each class.
        beta: in [0, 1); 0 gives equal weights.

    Returns:
        (K,) float32; 0 for a class without labels.
    """
    effective = (1 - beta ** counts.double()) / (1 - beta)
    return _mean_of_one(1 / effective.clamp(min=1e-12), counts)


def root_weights(counts: Tensor) -> Tensor:
    """Class weights by the inverse square root of the number of labels, scaled likewise.

    Args:
        counts: (K,) labels of each class.

    Returns:
        (K,) float32; 0 for a class without labels.
    """
    return _mean_of_one(counts.double().clamp(min=1e-12).rsqrt(), counts)


def _mean_of_one(weights: Tensor, counts: Tensor) -> Tensor:
    """(K,) float32 weights whose mean over the labels is 1; 0 for a class without labels."""
    weights = torch.where(counts > 0, weights, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()

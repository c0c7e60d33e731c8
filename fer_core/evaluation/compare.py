"""Two models on the same images: is one better, and by how much?"""

from typing import NamedTuple

import numpy as np
from numpy.random import default_rng

from fer_core.evaluation.predictions import SplitPredictions
from fer_core.metrics.intervals import (
    Estimate,
    McNemar,
    mcnemar,
    paired_difference,
    paired_mean_class_accuracy_difference,
)


class Comparison(NamedTuple):
    """Two models on the images whose class both know.

    Attributes:
        images: number of images.
        accuracies: of the first and the second model on these.
        mean_class_accuracies: the same for the mean class accuracy.
        difference: accuracy of the first minus that of the second, paired bootstrap interval.
        mean_class_accuracy_difference: the same of the mean class accuracy, bootstrap
            within each class.
        mcnemar: whether their error rates differ.
    """

    images: int
    accuracies: tuple[float, float]
    mean_class_accuracies: tuple[float, float]
    difference: Estimate
    mean_class_accuracy_difference: Estimate
    mcnemar: McNemar


def compare(
    first: SplitPredictions, second: SplitPredictions, *, resamples: int, seed: int
) -> Comparison:
    """Two models on the same images.

    Args:
        first: predictions of one model.
        second: predictions of another, or of the same.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: when no image has a class that both know, or one name stands for two images.
    """
    positions = {name: index for index, name in enumerate(second.split.names)}
    mine = np.array([i for i, name in enumerate(first.split.names) if name in positions], np.int64)
    if not len(mine):
        raise ValueError("the two models have no image in common whose class both know")
    theirs = np.array([positions[first.split.names[index]] for index in mine])
    same = (first.split.digests[mine] == second.split.digests[theirs]).all(1)
    if not same.all():
        name = first.split.names[mine[int(same.argmin())]]
        raise ValueError(f"the two models were shown different images under the name {name!r}")
    one, other, labels = first.correct[mine], second.correct[theirs], first.split.true_labels[mine]
    classes = len(first.classes)
    counts = np.bincount(labels, minlength=classes)

    def of_each_class(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(labels[chosen], minlength=classes)

    present = counts > 0
    mean_one, mean_other = (
        float(np.mean(of_each_class(right)[present] / counts[present])) for right in (one, other)
    )
    only_one, only_other = of_each_class(one & ~other), of_each_class(other & ~one)
    pairs = int(only_one.sum()), int(only_other.sum())
    return Comparison(
        len(mine),
        (float(one.mean()), float(other.mean())),
        (mean_one, mean_other),
        paired_difference(*pairs, len(mine), resamples, default_rng(seed)),
        paired_mean_class_accuracy_difference(
            only_one, only_other, counts, resamples, default_rng(seed)
        ),
        mcnemar(*pairs),
    )

"""The scores of cleanlab, computed by its own code: the package is an extra, ``audit``.

Confident learning: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels" (JAIR 2021).
"""

from importlib.util import find_spec

import numpy as np


def is_installed() -> bool:
    """Whether cleanlab can be asked."""
    return find_spec("cleanlab") is not None


def self_confidence(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) 1 minus the label quality score ``self_confidence``, 0 to 1.

    Args:
        probabilities: (N, K), best by a model that has not seen the image.
        labels: (N,) noisy labels.

    Raises:
        ModuleNotFoundError: when cleanlab is not installed.
    """
    from cleanlab.rank import get_label_quality_scores

    return 1 - get_label_quality_scores(labels, probabilities, method="self_confidence")


def confident_learning(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) label issues by the confident joint, from 1 to 2, above all others, below 1.

    Within both, images are ranked by self-confidence. The issues are the off-diagonal images of the
    confident joint: ``find_label_issues(filter_by="confident_learning")``.

    Labels of one class alone have no issues: every other class needs a threshold from images that
    are labelled with it. (cleanlab 2.9 refuses them, unless that class is the first.)

    Args:
        probabilities: (N, K), best by a model that has not seen the image.
        labels: (N,) noisy labels.

    Raises:
        ModuleNotFoundError: when cleanlab is not installed.
    """
    from cleanlab.filter import find_label_issues

    if len(np.unique(labels)) < 2:
        return self_confidence(probabilities, labels)
    issues = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    return issues + self_confidence(probabilities, labels)

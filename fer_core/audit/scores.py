"""Which training labels are probably wrong: scores of every image from a model's outputs.

A model that does not memorise noisy labels keeps a high loss on them. Trained once on the suspect
labels with EAC, and asked in evaluation mode, its losses rank injected noise with an AUROC of 0.909
(RAF-DB) and 0.882 (FERPlus); those of a cross-entropy baseline do no better than chance (Open-Set
Facial Expression Recognition, AAAI 2024). No cross-validation is needed. docs/experiments.md has
what each score here finds among real errors.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from fer_core.audit.cleanlab_scores import confident_learning, is_installed, self_confidence
from fer_core.audit.folder import AuditError
from fer_core.audit.neighbours import neighbour_disagreement
from fer_core.audit.outputs import Outputs
from fer_core.audit.result import SCORES

TINY = float(np.finfo(np.float32).tiny)
CLEANLAB = "cleanlab"  # with which its scores' names begin
NEEDS_CLEANLAB = "needs cleanlab, which is not installed: pip install 'fer-core[audit]'"
# Mean rank of these, as far as they are there: chosen in docs/experiments.md.
COMBINATION = ("tta_cross_entropy", "knn", "class_doubt")


class Scored(NamedTuple):
    """The scores that a model's outputs allow.

    Attributes:
        scores: name -> (N,) float32, in the order of `SCORES`.
        missing: name -> why it is not there.
        seconds: name -> how long it took.
    """

    scores: dict[str, np.ndarray]
    missing: dict[str, str]
    seconds: dict[str, float]


def score_outputs(
    outputs: Outputs, noisy_labels: np.ndarray, *, combination: Sequence[str] = COMBINATION
) -> Scored:
    """Every score that the outputs allow.

    Args:
        outputs: of one model on N images.
        noisy_labels: (N,) the labels under audit.
        combination: names of the scores whose mean rank is the combined one; those that are
            missing are left out.

    Raises:
        AuditError: for labels that the outputs have no probability of, or no image.
    """
    count, classes = outputs.probabilities.shape
    if not count or len(noisy_labels) != count:
        raise AuditError(f"{len(noisy_labels):,} labels do not fit outputs on {count:,} images")
    if not (noisy_labels.min() >= 0 and noisy_labels.max() < classes):
        raise AuditError(
            f"labels must be in [0, {classes}), the classes of the outputs, got "
            f"{noisy_labels.min()} to {noisy_labels.max()}"
        )
    missing = _missing(outputs)
    makers = {
        "cross_entropy": lambda: cross_entropy(outputs.probabilities, noisy_labels),
        "margin": lambda: margin(outputs.probabilities, noisy_labels),
        "tta_cross_entropy": lambda: cross_entropy(outputs.averaged, noisy_labels),
        "flip_disagreement": lambda: jensen_shannon(outputs.probabilities, _known(outputs.flipped)),
        "knn": lambda: neighbour_disagreement(_known(outputs.features), noisy_labels),
        "class_doubt": lambda: class_doubt(outputs.averaged, noisy_labels),
        "out_of_fold": lambda: cross_entropy(_known(outputs.out_of_fold), noisy_labels),
        "cleanlab_self_confidence": lambda: self_confidence(_unseen(outputs), noisy_labels),
        "cleanlab_confident_learning": lambda: confident_learning(_unseen(outputs), noisy_labels),
    }
    scored = Scored({}, missing, {})
    for name, make in makers.items():
        if name not in missing:
            start = time.perf_counter()
            scored.scores[name] = make().astype(np.float32)
            scored.seconds[name] = time.perf_counter() - start
    parts = [name for name in combination if name in scored.scores]
    if "tta_cross_entropy" in missing or not parts:
        parts = ["cross_entropy", *parts]
    scored.scores["combined"] = combine([scored.scores[name] for name in parts])
    return scored


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) cross-entropy of the labels in nats: high where the model doubts them.

    Args:
        probabilities: (N, K).
        labels: (N,).
    """
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINY))


def margin(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) probability of the strongest other class minus that of the label, in [-1, 1].

    With one class there is no other: its probability counts as 0.

    Args:
        probabilities: (N, K).
        labels: (N,).
    """
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = 0
    return others.max(1) - probabilities[rows, labels]


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) Jensen-Shannon divergence of two predictions in bits, 0 to 1; it needs no label.

    Lin, "Divergence Measures Based on the Shannon Entropy" (IEEE Trans. Inf. Theory 1991).

    Args:
        one: (N, K) probabilities.
        other: (N, K) probabilities, of the flipped images.
    """
    mean = np.maximum((one + other) / 2, TINY)

    def gain(part: np.ndarray) -> np.ndarray:
        return (part * np.log2(np.maximum(part, TINY) / mean)).sum(1)

    return np.clip((gain(one) + gain(other)) / 2, 0, 1)


def class_doubt(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) share of the images with the same label that the model predicts as another class.

    People err on some classes far more often than on others. A model that has learned the errors
    doubts a single label too little; how often it doubts the class makes up for some of that.

    Args:
        probabilities: (N, K).
        labels: (N,).
    """
    differs = probabilities.argmax(1) != labels
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    doubted = np.bincount(labels, differs, minlength=len(counts))
    return (doubted / np.maximum(counts, 1))[labels]


def combine(scores: Sequence[np.ndarray]) -> np.ndarray:
    """(N,) mean of the ranks of several scores, each scaled to (0, 1); ties share their rank.

    Args:
        scores: (N,) arrays, at least one.
    """
    ranks = [(rankdata(values) - 0.5) / len(values) for values in scores]
    return np.mean(ranks, axis=0).astype(np.float32)


def _missing(outputs: Outputs) -> dict[str, str]:
    needs = {
        "tta_cross_entropy": (outputs.flipped, "probabilities of the flipped images"),
        "flip_disagreement": (outputs.flipped, "probabilities of the flipped images"),
        "knn": (outputs.features, "features of the model"),
        "out_of_fold": (outputs.out_of_fold, "out-of-fold probabilities: ask for --folds 3"),
    }
    missing = {name: f"needs {what}" for name, (there, what) in needs.items() if there is None}
    if not is_installed():
        missing |= {name: NEEDS_CLEANLAB for name in SCORES if name.startswith(CLEANLAB)}
    return missing


def _unseen(outputs: Outputs) -> np.ndarray:
    """What cleanlab gets: out-of-fold probabilities, as it asks for, where there are some."""
    return outputs.probabilities if outputs.out_of_fold is None else outputs.out_of_fold


def _known(values: np.ndarray | None) -> np.ndarray:
    if values is None:
        raise AuditError("outputs that a score needs are missing")
    return values

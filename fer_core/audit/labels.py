"""The audit of a data set's labels, from a model or from its outputs to the finished result."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fer_core.audit.copies import contradicting_copies
from fer_core.audit.flags import flag_labels
from fer_core.audit.folder import AuditError
from fer_core.audit.measure import FIRSTS, RESAMPLES, measure
from fer_core.audit.outputs import Outputs, model_outputs
from fer_core.audit.result import SCORES, Audit
from fer_core.audit.scores import score_outputs
from fer_core.datasets import Split
from fer_core.models.attention_model import AttentionModel
from fer_core.noise.generate import NoisyLabels

logger = logging.getLogger(__name__)


def audit_labels(
    model: AttentionModel,
    split: Split,
    noisy: NoisyLabels,
    classes: tuple[str, ...],
    *,
    truth_known: bool,
) -> Audit:
    """Rank the images of a training split by how likely their label is wrong.

    Args:
        model: trained on these labels; left in evaluation mode.
        split: decoded at the model's input size and channels, with the labels before noise.
        noisy: the labels that the model was trained on.
        classes: names of the labels.
        truth_known: whether the split's labels are the truth that noise was added to.
    """
    outputs = model_outputs(model, split)
    return audit_outputs(outputs, split, noisy.noisy_labels, classes, truth_known=truth_known)


def audit_outputs(
    outputs: Outputs,
    split: Split,
    noisy_labels: np.ndarray,
    classes: tuple[str, ...],
    *,
    truth_known: bool,
    ranking: str = "combined",
    flag: int | None = None,
    firsts: tuple[int, ...] = FIRSTS,
    resamples: int = RESAMPLES,
    facts: Mapping[str, Any] | None = None,
) -> Audit:
    """Score, rank, flag and, where true labels are known, measure.

    Args:
        outputs: of a model on the images of the split.
        split: N training images.
        noisy_labels: (N,) the labels under audit.
        classes: names of the labels.
        truth_known: whether the split's own labels are true ones, better than the noisy labels.
        ranking: name of the score that ranks.
        flag: how many images to flag; None: as `flag_labels` decides.
        firsts: as for `measure`.
        resamples: as for `measure`.
        facts: where the outputs come from.

    Raises:
        AuditError: for labels that do not fit the outputs, or a ranking by a score that the outputs
            do not allow.
    """
    scored = score_outputs(outputs, noisy_labels)
    if ranking not in scored.scores:
        reason = scored.missing.get(ranking, f"unknown: use one of {', '.join(SCORES)}")
        raise AuditError(f"ranking by {ranking} is not possible: {reason}")
    _remark(noisy_labels, classes)
    order = np.argsort(-scored.scores[ranking], kind="stable")
    flags = flag_labels(outputs.averaged, noisy_labels, order, flag)
    audit = Audit(
        classes,
        split.names,
        noisy_labels,
        split.true_labels if truth_known else None,
        flags.suggested,
        outputs.averaged,
        scored.scores,
        ranking,
        flags.flagged,
        None if split.votes is None else votes_against(split.votes, noisy_labels, len(classes)),
        contradicting_copies(split, noisy_labels),
        scored.missing,
        facts={"data": None, "run": None, "seconds": scored.seconds} | dict(facts or {}),
    )
    return replace(audit, measured=measure(audit, firsts=firsts, resamples=resamples))


def votes_against(votes: np.ndarray, noisy_labels: np.ndarray, classes: int) -> np.ndarray:
    """(N,) float32 share of the annotator votes for the strongest class other than the label.

    Args:
        votes: (N, V) counts, the first K columns being the classes.
        noisy_labels: (N,).
        classes: K; votes for anything else (contempt of seven classes, unknown, not a face) count
            in the total alone.
    """
    others = votes[:, :classes].astype(np.float32)
    others[np.arange(len(votes)), noisy_labels] = 0
    return others.max(1) / np.maximum(votes.sum(1), 1)


def _remark(noisy_labels: np.ndarray, classes: tuple[str, ...]) -> None:
    present = np.unique(noisy_labels)
    if len(present) == 1:
        logger.warning(
            "all %d labels are %s: a model that has seen one class alone can doubt none of them",
            *(len(noisy_labels), classes[present[0]]),
        )

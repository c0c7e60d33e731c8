"""How well the scores of an audit find the labels that are known to be wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from fer_core.audit.result import Audit
from fer_core.audit.scores import combine
from fer_core.metrics.intervals import check_resamples
from fer_core.metrics.ranking import (
    Curve,
    RankingFigures,
    auroc,
    precision_recall_curve,
    ranking_figures,
)

FIRSTS = (500, 1000)
CLEAR = 0.8  # least share of the annotators on one other class
RESAMPLES = 200
GAIN = 0.0005  # least AUROC that one more score must add to a combination


def subsets(audit: Audit) -> dict[str, np.ndarray]:
    """Which images are measured, (N,) bool: ``all``, and ``clear`` where there are votes.

    Clear cases are all right labels, and the wrong ones against which at least 80 % of the
    annotators agree on one other class.
    """
    everything = np.ones(len(audit.names), bool)
    if audit.wrong is None or audit.votes_against is None:
        return {"all": everything}
    # float32: 8 of 10 votes are 0.8 and no less
    return {"all": everything, "clear": ~audit.wrong | (audit.votes_against >= CLEAR - 1e-6)}


def measure(
    audit: Audit, *, firsts: Sequence[int] = FIRSTS, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any] | None:
    """The figures of every score, as plain JSON values: `Audit.measured`.

    Args:
        audit: with known true labels.
        firsts: numbers of images whose precision is wanted.
        resamples: number of bootstrap resamples of the intervals.
        seed: of the resamples.

    Returns:
        None where true labels are not known. In a set of right or wrong labels only, ``scores``
        and ``curves`` are empty: there is nothing to tell apart.

    Raises:
        ValueError: for a number of resamples that says nothing.
    """
    check_resamples(resamples)
    wrong = audit.wrong
    if wrong is None:
        return None
    measured = {}
    for subset, kept in subsets(audit).items():
        generator, scores, curves = default_rng(seed), {}, {}
        for name, values in audit.scores.items():
            part = values[kept], wrong[kept]
            figures = ranking_figures(*part, firsts, resamples, generator)
            curve = precision_recall_curve(*part, resamples, generator)
            if figures is not None and curve is not None:
                scores[name], curves[name] = _figures_json(figures), _curve_json(curve)
        measured[subset] = {
            "images": int(kept.sum()),
            "wrong": int(wrong[kept].sum()),
            "scores": scores,
            "curves": curves,
            "per_class": _per_class(audit, kept, wrong, resamples, generator),
        }
    return measured


def choose_combination(scores: Mapping[str, np.ndarray], wrong: np.ndarray) -> tuple[str, ...]:
    """Names of the scores whose mean rank finds wrong labels best, added one by one.

    The first is the best alone; another one is added as long as the AUROC grows by it. What is
    chosen on some images is to be measured on others.

    Args:
        scores: name -> (N,).
        wrong: (N,) bool.

    Returns:
        Nothing where all or none are wrong.
    """
    names: tuple[str, ...] = ()
    best = 0.0
    while True:
        areas = {
            name: auroc(combine([scores[n] for n in (*names, name)]), wrong)
            for name in scores
            if name not in names
        }
        known = {name: area for name, area in areas.items() if area is not None}
        if not known or max(known.values()) < best + GAIN:
            return names
        name = max(known, key=known.__getitem__)
        names, best = (*names, name), known[name]


def _per_class(
    audit: Audit, kept: np.ndarray, wrong: np.ndarray, resamples: int, generator: Generator
) -> dict[str, Any]:
    """Images, wrong labels and AUROCs among the images of each noisy label."""
    found = {}
    for number, name in enumerate(audit.classes):
        own = kept & (audit.noisy_labels == number)
        areas = {}
        for score, values in audit.scores.items():
            figures = ranking_figures(values[own], wrong[own], (), resamples, generator)
            areas[score] = None if figures is None else list(figures.auroc)
        found[name] = {"images": int(own.sum()), "wrong": int(wrong[own].sum()), "auroc": areas}
    return found


def _figures_json(figures: RankingFigures) -> dict[str, Any]:
    return {
        "auroc": list(figures.auroc),
        "average_precision": list(figures.average_precision),
        "precision": {str(first): list(value) for first, value in figures.precision.items()},
    }


def _curve_json(curve: Curve) -> dict[str, list[float]]:
    return {name: np.round(values, 5).tolist() for name, values in curve._asdict().items()}

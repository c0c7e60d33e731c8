"""How well a score ranks: areas, precision among the first, and their bootstrap intervals.

Positives are what the ranking should find, such as wrong labels. Images that tie come in no order:
they count half in the area under the ROC curve, and as evenly mixed elsewhere.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from fer_core.metrics.intervals import LEVEL, Estimate

POINTS = 101  # of a curve
CELLS = 2_000_000  # resamples times images at once: 16 MB an array


class RankingFigures(NamedTuple):
    """How well a score finds the positives.

    Attributes:
        auroc: how probably a positive scores above a negative, ties half.
        average_precision: area under the precision-recall curve, as a sum over the positives.
        precision: n -> share of positives among the first n; of the n asked for those that the
            images allow.
    """

    auroc: Estimate
    average_precision: Estimate
    precision: dict[int, Estimate]


class Curve(NamedTuple):
    """Precision by recall.

    Attributes:
        recall: (P,) from above 0 to 1, share of the positives that are found.
        precision: (P,) share of positives among the images up to there.
        low: (P,) lower end of the 95 % interval of the precision.
        high: (P,) upper end.
    """

    recall: np.ndarray
    precision: np.ndarray
    low: np.ndarray
    high: np.ndarray


def auroc(scores: np.ndarray, positives: np.ndarray) -> float | None:
    """Area under the ROC curve: how probably a positive scores above a negative, ties half.

    Args:
        scores: (N,) numbers.
        positives: (N,) bool.

    Returns:
        The area in [0, 1]; None when all or none are positive.
    """
    if positives.all() or not positives.any():
        return None
    ranking = _ranked(scores, positives)
    return float(_figures(ranking, np.ones((1, len(scores))), ())[0, 0])


def average_precision(scores: np.ndarray, positives: np.ndarray) -> float | None:
    """Mean, over the positives, of the precision among the images down to each; None without any.

    Args:
        scores: (N,) numbers.
        positives: (N,) bool.
    """
    if not positives.any():
        return None
    ranking = _ranked(scores, positives)
    return float(_figures(ranking, np.ones((1, len(scores))), ())[1, 0])


def precision_among_first(order: np.ndarray, positives: np.ndarray, first: int) -> float:
    """Share of positives among the first images of a ranking.

    Args:
        order: (N,) positions, the first of the ranking first.
        positives: (N,) bool.
        first: how many, from 1 to N.

    Raises:
        ValueError: for another number of images.
    """
    if not 1 <= first <= len(order):
        raise ValueError(f"first must be 1 to {len(order)} images, got {first}")
    return float(positives[order[:first]].mean())


def ranking_figures(
    scores: np.ndarray,
    positives: np.ndarray,
    firsts: Sequence[int],
    resamples: int,
    generator: Generator,
) -> RankingFigures | None:
    """The figures with the percentile intervals of resampled images.

    Args:
        scores: (N,) numbers.
        positives: (N,) bool.
        firsts: numbers of images whose precision is wanted.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.

    Returns:
        None when all or none are positive: there is nothing to tell apart.
    """
    if positives.all() or not positives.any():
        return None
    ranking, count = _ranked(scores, positives), len(scores)
    firsts = [first for first in firsts if first <= count]
    values = _figures(ranking, np.ones((1, count)), firsts)[:, 0]
    drawn = np.concatenate(
        [_figures(ranking, weights, firsts) for weights in _draws(count, resamples, generator)], 1
    )
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    area, average, *shares = (
        Estimate(*map(float, row)) for row in zip(values, low, high, strict=True)
    )
    return RankingFigures(area, average, dict(zip(firsts, shares, strict=True)))


def precision_recall_curve(
    scores: np.ndarray, positives: np.ndarray, resamples: int, generator: Generator
) -> Curve | None:
    """Precision at even steps of recall, with pointwise percentile intervals; None as above.

    Args:
        scores: (N,) numbers.
        positives: (N,) bool.
        resamples: number of bootstrap resamples.
        generator: source of the random numbers.
    """
    if positives.all() or not positives.any():
        return None
    ranking = _ranked(scores, positives)
    total = int(positives.sum())
    targets = np.unique(np.ceil(np.linspace(0, 1, POINTS)[1:] * total).astype(np.int64))
    recalls = targets / total

    def at_recalls(weights: np.ndarray) -> np.ndarray:
        seen = np.cumsum(weights, 1)
        hits = np.cumsum(_mixed(ranking, weights, seen), 1)
        rows = []
        for hit, all_seen in zip(hits, seen, strict=True):
            place = np.searchsorted(hit, recalls * hit[-1] - 1e-6)
            rows.append(hit[place] / np.maximum(all_seen[place], 1))
        return np.stack(rows)

    precision = at_recalls(np.ones((1, len(scores))))[0]
    drawn = [at_recalls(weights) for weights in _draws(len(scores), resamples, generator)]
    low, high = np.quantile(np.concatenate(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Curve(recalls, precision, low, high)


class _Ranking(NamedTuple):
    """Images in descending order of a score.

    Attributes:
        found: (N,) bool, the positives in this order.
        starts: (N,) first place of the tie that each place belongs to.
        ends: (N,) last place of it.
    """

    found: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def _ranked(scores: np.ndarray, positives: np.ndarray) -> _Ranking:
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    changes = np.flatnonzero(ordered[1:] != ordered[:-1])
    last = np.append(changes, len(ordered) - 1)
    first = np.insert(changes + 1, 0, 0)
    tie = np.searchsorted(last, np.arange(len(ordered)))
    return _Ranking(positives[order], first[tie], last[tie])


def _figures(ranking: _Ranking, weights: np.ndarray, firsts: Sequence[int]) -> np.ndarray:
    """(2 + F, R) AUROC, average precision and precisions of R weightings (R, N) of the images."""
    seen = np.cumsum(weights, 1)
    positive = _mixed(ranking, weights, seen)
    hits = np.cumsum(positive, 1)
    misses = seen - hits  # (R, N) negatives up to and with each place
    total, others = hits[:, -1], misses[:, -1]
    # Below a positive are the negatives after its tie; half of those within it count.
    beaten = others[:, None] - (misses[:, ranking.ends] + _before(misses, ranking)) / 2
    with np.errstate(invalid="ignore"):
        areas = (positive * beaten).sum(1) / (total * others)
        averages = (positive * hits / np.maximum(seen, 1)).sum(1) / total
        shares = positive / np.maximum(weights, 1)  # of positives at each place
    taken = [np.clip(first - (seen - weights), 0, weights) for first in firsts]
    precisions = [(part * shares).sum(1) / n for part, n in zip(taken, firsts, strict=True)]
    return np.stack([areas, averages, *precisions])


def _mixed(ranking: _Ranking, weights: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(R, N) weights of the positives, those of a tie spread evenly over its places."""
    positive = weights * ranking.found
    if (ranking.starts == ranking.ends).all():
        return positive
    hits = np.cumsum(positive, 1)
    held = hits[:, ranking.ends] - _before(hits, ranking)
    size = seen[:, ranking.ends] - _before(seen, ranking)
    return weights * held / np.maximum(size, 1)


def _before(sums: np.ndarray, ranking: _Ranking) -> np.ndarray:
    """(R, N) cumulative sums up to the place before each place's tie."""
    return np.where(ranking.starts > 0, sums[:, ranking.starts - 1], 0)


def _draws(count: int, resamples: int, generator: Generator) -> Iterator[np.ndarray]:
    """(R, N) how often each image is in each of some resamples, until there are enough."""
    step = max(1, CELLS // count)
    for start in range(0, resamples, step):
        rows = range(start, min(start + step, resamples))
        yield np.stack(
            [np.bincount(generator.integers(0, count, count), minlength=count) for _ in rows]
        ).astype(np.float64)

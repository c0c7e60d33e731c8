"""The headline of the noise page: EAC and the baseline, paired by seed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import ACCURACY, FIGURES, TIE, SeedGroup, by_evidence, find_pairs
from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.compare import with_clean_pair
from fer_core.records.trials import LabelNoise

CHANGE = "change_points"
NO_PAIR = (
    "There is no comparison yet: it needs a finished EAC run and a finished baseline run with the "
    "same data, backbone, options and seed."
)
NO_CHANGE = (
    "There is no comparison of this measure yet: it needs EAC and the baseline with clean and with "
    "noisy labels, with the same seed."
)


def headline(points: pd.DataFrame, column: str = ACCURACY) -> str:
    """One sentence on EAC and the baseline, from the pair that `by_evidence` puts first.

    The two differ only in the method; runs are paired by seed, and both means are over the seeds
    that both have. A second sentence gives the figures of both with clean labels, over the seeds
    for which both have a clean run.

    Args:
        points: of `noise_points`, of one comparison.
        column: the figure, one of `FIGURES`; seeds without it are ignored.
    """
    known = points.dropna(subset=column)
    pairs = find_pairs(known)
    if column == CHANGE:
        pairs = [pair for pair in pairs if pair[1].noise.percent]
    if not pairs:
        return NO_CHANGE if column == CHANGE else NO_PAIR
    best = min(pairs, key=by_evidence)
    values = dict(zip(known["run"], known[column], strict=True))
    baseline, eac = (_values(group, values) for group in best)
    asked = dict(zip(known["run"], known["noise_asked_percent"], strict=True))
    noise, backbone = best[1].noise, best[1].setting.backbone
    where = noise_text(noise, asked[best[1].trials[0].record])
    gap = _difference(mean_interval(eac - baseline))
    if column == CHANGE:
        return (
            f"From clean labels to {where}, {backbone} trained with EAC changes by "
            f"{eac.mean():+z.1f} points of accuracy, the cross-entropy baseline by "
            f"{baseline.mean():+z.1f}: a difference of {gap}"
        )
    text = (
        f"{f'At {where}' if noise.percent else 'With clean labels'}, {backbone} trained with EAC "
        f"reaches {eac.mean():.1f} % {FIGURES[column]}, the cross-entropy baseline "
        f"{baseline.mean():.1f} %: {gap}"
    )
    return text + _clean_figures(best, pairs, values) if noise.percent else text


def noise_text(noise: LabelNoise, asked: float) -> str:
    """Share and kind of the noise; the share that was asked for where it is another.

    Args:
        noise: its share is the realised one, except of symmetric noise.
        asked: in percent; nan if nobody asked for a share.
    """
    text = f"{noise.percent:g} % {noise.kind} label noise"
    same = np.isnan(asked) or round(asked, 1) == noise.percent
    return text if same else f"{text} ({asked:g} % nominal)"


def _values(group: SeedGroup, values: Mapping[str, float]) -> np.ndarray:
    return np.array([values[trial.record] for trial in group.trials])


def _clean_figures(
    noisy: tuple[SeedGroup, SeedGroup],
    pairs: Sequence[tuple[SeedGroup, SeedGroup]],
    values: Mapping[str, float],
) -> str:
    """The pair's figures with clean and noisy labels; empty if no seed has all four runs."""
    four = with_clean_pair(noisy, pairs)
    if not four:
        return ""
    baseline, eac, baseline_clean, eac_clean = (
        f"{_values(one, values).mean():.1f}" for one in four
    )
    return (
        f" From clean to noisy labels, EAC goes from {eac_clean} to {eac} %, the baseline from "
        f"{baseline_clean} to {baseline} % ({_which(len(four[0].trials), len(noisy[1].trials))})."
    )


def _which(clean: int, noisy: int) -> str:
    """The seeds with clean runs, among those of the noisy pair."""
    if clean == noisy:
        return f"the same {clean} seeds" if clean > 1 else "the same seed"
    return f"{clean} of {noisy} seeds: those with clean runs of both"


def _difference(gap: Interval) -> str:
    """The paired difference with its interval."""
    seeds = f"{gap.n} seeds" if gap.n > 1 else "one seed"
    text = f"{gap.mean:+z.1f} points ({seeds}"
    if gap.n == 1:
        return f"{text}, so it may be chance)."
    low, high = gap.mean - gap.half, gap.mean + gap.half
    text += f", paired; 95 % interval {low:+z.1f} to {high:+z.1f})"
    return f"{text}; {TIE}." if low <= 0 <= high else f"{text}."

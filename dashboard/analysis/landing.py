"""The figures of the landing page: what EAC gains and costs, from run records alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import ACCURACY, SeedGroup, by_evidence, find_pairs
from dashboard.analysis.run_pairs import pair_tests
from dashboard.data.names import Runs, data_name
from fer_core.metrics.student_t import mean_interval
from fer_core.records.run import read_run

SYNTHETIC = "synthetic"
Pair = tuple[SeedGroup, SeedGroup]  # baseline, EAC


class LandingFigure(NamedTuple):
    """EAC minus baseline in points, with what it was measured on.

    Attributes:
        name: what is compared.
        gap: EAC minus baseline, in points.
        low, high: 95 % interval; nan when there is none.
        over: what the interval is over, such as ``3 seeds``.
        baseline, eac: percent of each.
        where: data, split and backbone.
    """

    name: str
    gap: float
    low: float
    high: float
    over: str
    baseline: float
    eac: float
    where: str

    @property
    def value(self) -> str:
        """The difference, rounded."""
        return f"{self.gap:+.1f} points"

    @property
    def interval(self) -> str:
        """The interval in words."""
        if np.isnan(self.low):
            return f"no interval: {self.over}"
        return f"95 % interval {self.low:+.1f} to {self.high:+.1f} ({self.over})"

    @property
    def detail(self) -> str:
        """Both sides, and where they were measured."""
        return f"EAC {self.eac:.1f} %, baseline {self.baseline:.1f} %; {self.where}"


def landing_figures(runs: Runs) -> list[LandingFigure]:
    """Accuracy and memorised labels under the most label noise, and accuracy on clean labels.

    The pair of EAC and baseline on photographs that `by_evidence` puts first, and the clean pair
    with the same options. Seeds are paired; a single seed is compared image by image.

    Args:
        runs: records, such as the shipped ones.

    Returns:
        Up to three figures; fewer where the records do not have them.
    """
    finished = runs.table[runs.table["status"] == "finished"]
    pairs = sorted(find_pairs(finished), key=_photographs_first)
    noisy = [pair for pair in pairs if pair[1].noise.percent]
    if not noisy:
        return []
    first = noisy[0]
    rate = f"{first[1].noise.percent:g} % wrong labels"
    table = finished.set_index("run")
    figures = [_over_seeds(f"Accuracy with {rate}", first, dict(table[ACCURACY]))]
    memorised = _memorised(runs, first)
    if memorised:
        figures.append(_over_seeds("Wrong labels memorised", first, memorised))
    clean = [
        pair
        for pair in pairs
        if not pair[1].noise.percent
        and all(
            (one.setting, one.approach) == (other.setting, other.approach)
            for one, other in zip(pair, first, strict=True)
        )
    ]
    return [*figures, *[_on_clean_labels(runs, pair, table) for pair in clean[:1]]]


def _on_clean_labels(runs: Runs, pair: Pair, table: pd.DataFrame) -> LandingFigure:
    name = "Accuracy with clean labels"
    if len(pair[1].trials) > 1:
        return _over_seeds(name, pair, dict(table[ACCURACY]))
    baseline, eac = (group.trials[0].record for group in pair)
    records = {run: read_run(runs.folders[run]) for run in (baseline, eac)}
    test = pair_tests(records).iloc[0]
    figure = _over_seeds(name, pair, dict(table[ACCURACY]))
    if test["reason"]:
        return figure
    final = {run: 100 * float(record.result["final_accuracy"]) for run, record in records.items()}
    return figure._replace(
        gap=test["difference"],
        low=test["low"],
        high=test["high"],
        over=f"{test['images']:,} images, one seed, last epoch",
        baseline=final[baseline],
        eac=final[eac],
    )


def _over_seeds(name: str, pair: Pair, values: Mapping[str, float]) -> LandingFigure:
    baseline, eac = (
        np.array([float(values[trial.record]) for trial in group.trials]) for group in pair
    )
    gap = mean_interval(eac - baseline)
    setting = pair[1].setting
    return LandingFigure(
        name,
        gap.mean,
        gap.mean - gap.half,
        gap.mean + gap.half,
        f"{gap.n} seeds" if gap.n > 1 else "one seed",
        float(baseline.mean()),
        float(eac.mean()),
        f"{data_name(setting.data)} {setting.eval_split}, {setting.backbone}",
    )


def _memorised(runs: Runs, pair: Pair) -> dict[str, float]:
    """Percent of the noisy labels that each run memorised; nothing where one has none."""
    names = [trial.record for group in pair for trial in group.trials]
    last = runs.epochs.groupby("run")["memorised"].last().reindex(names)
    return {} if last.isna().any() else (100 * last).to_dict()


def _photographs_first(pair: Pair) -> tuple[object, ...]:
    return (pair[1].setting.data == SYNTHETIC, *by_evidence(pair))

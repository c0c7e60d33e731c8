"""The figures of the landing page: what EAC gains and costs, from run records alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dashboard.analysis.comparison import ACCURACY, SeedGroup, by_evidence, find_pairs
from dashboard.data.names import Runs, data_name
from fer_core.metrics.student_t import mean_interval
from fer_core.reporting.eac_variants import eac_name

MEAN_CLASS = "mean_class_accuracy_percent"
CHOSEN, CHOSEN_COLUMN = "Accuracy, flip TTA", "chosen_tta_percent"
CHOSEN_HOW = ", at the epoch chosen on held-out images"
Pair = tuple[SeedGroup, SeedGroup]  # baseline, EAC


class LandingFigure(NamedTuple):
    """EAC minus baseline in points, with what it was measured on.

    Attributes:
        name: what is compared.
        noise: of both, in words.
        gap: EAC minus baseline, in points.
        low, high: 95 % interval; nan when there is none.
        over: what the interval is over, such as ``3 seeds``.
        baseline, eac: percent of each.
        where: data, split, backbone and epochs; which EAC it is.
    """

    name: str
    noise: str
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
        return f"{self.gap:+z.1f} points"

    @property
    def interval(self) -> str:
        """The interval in words."""
        if np.isnan(self.low):
            return f"no interval: {self.over}"
        return f"95 % interval {self.low:+z.1f} to {self.high:+z.1f} ({self.over})"

    @property
    def detail(self) -> str:
        """Both sides, and where they were measured."""
        return f"EAC {self.eac:.1f} %, baseline {self.baseline:.1f} %; {self.where}"


def landing_figures(runs: Runs) -> list[LandingFigure]:
    """Accuracy by two measures, mean class accuracy and memorised labels under label noise.

    Of the pair of EAC and baseline on photographs that `by_evidence` puts first; seeds are paired.

    Args:
        runs: records, such as the shipped ones.

    Returns:
        Up to four figures; fewer where the records do not have them.
    """
    finished = runs.table[runs.table["status"] == "finished"]
    pairs = sorted(find_pairs(finished), key=by_evidence)
    noisy = [pair for pair in pairs if pair[1].noise.percent]
    if not noisy:
        return []
    first = noisy[0]
    table = finished.set_index("run")
    columns = {"Accuracy": ACCURACY, CHOSEN: CHOSEN_COLUMN, "Mean class accuracy": MEAN_CLASS}
    names = [trial.record for group in first for trial in group.trials]
    known = {name: table.loc[names, column] for name, column in columns.items()}
    named = {name: dict(values) for name, values in known.items() if values.notna().all()}
    named["Wrong labels memorised"] = _memorised(runs, names)
    return [_over_seeds(name, first, values) for name, values in named.items() if values]


def _over_seeds(name: str, pair: Pair, values: Mapping[str, float]) -> LandingFigure:
    baseline, eac = (
        np.array([float(values[trial.record]) for trial in group.trials]) for group in pair
    )
    gap = mean_interval(eac - baseline)
    setting, epoch = pair[1].setting, CHOSEN_HOW if name == CHOSEN else ""
    return LandingFigure(
        name,
        f"{pair[1].noise.percent:g} % wrong labels",
        gap.mean,
        gap.mean - gap.half,
        gap.mean + gap.half,
        f"{gap.n} seeds" if gap.n > 1 else "one seed",
        float(baseline.mean()),
        float(eac.mean()),
        f"{data_name(setting.data)} {setting.eval_split}, {setting.backbone}, "
        f"{setting.epochs} epochs{epoch}. EAC {eac_name(setting, pair[1].approach)}",
    )


def _memorised(runs: Runs, names: list[str]) -> dict[str, float]:
    """Percent of the noisy labels that each run memorised; nothing where one has none."""
    last = runs.epochs.groupby("run")["memorised"].last().reindex(names)
    return {} if last.isna().any() else (100 * last).to_dict()

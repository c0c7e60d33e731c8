"""The figures of the landing page: what EAC and its rivals gain, from run records alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import ACCURACY, SeedGroup, by_evidence, find_pairs
from dashboard.analysis.seed_groups import group_facts, told_facts
from dashboard.data.names import Runs, data_name, method_name
from dashboard.data.tables import trials_of
from fer_core.io.wording import counted
from fer_core.metrics.student_t import mean_interval
from fer_core.records.compare import EAC, pair_with_baseline, with_shared_seeds
from fer_core.records.groups import group_trials
from fer_core.records.trials import Setting
from fer_core.reporting.eac_variants import eac_name

MEAN_CLASS = "mean_class_accuracy_percent"
CHOSEN, CHOSEN_COLUMN = "Accuracy, flip TTA", "chosen_tta_percent"
CHOSEN_HOW = ", at the epoch chosen on held-out images"
NAMED_APART = ("method", "epochs")  # facts that a rival's name does not repeat
Pair = tuple[SeedGroup, SeedGroup]  # baseline, other approach


class LandingFigure(NamedTuple):
    """An approach minus the baseline in points, with what it was measured on.

    Attributes:
        name: what is compared.
        noise: of both, in words.
        gap: the approach minus the baseline, in points.
        low, high: 95 % interval; nan when there is none.
        over: what the interval is over, such as ``3 seeds``.
        baseline, other: percent of each.
        where: data, split, backbone, image size and epochs; which EAC it is.
    """

    name: str
    noise: str
    gap: float
    low: float
    high: float
    over: str
    baseline: float
    other: float
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
    def short(self) -> str:
        """The difference without its unit, and its interval in brackets."""
        bounds = "" if np.isnan(self.low) else f" ({self.low:+z.1f} to {self.high:+z.1f})"
        return f"{self.gap:+z.1f}{bounds}"

    @property
    def detail(self) -> str:
        """Both sides, and where they were measured."""
        return f"EAC {self.other:.1f} %, baseline {self.baseline:.1f} %; {self.where}"


def landing_figures(runs: Runs) -> list[LandingFigure]:
    """Accuracy by two measures, mean class accuracy and memorised labels under label noise.

    Of the pair of EAC and baseline on photographs that `by_evidence` puts first; seeds are paired.

    Args:
        runs: records, such as the shipped ones.

    Returns:
        Up to four figures; fewer where the records do not have them.
    """
    first = _first_pair(runs)
    return _figures(runs, first) if first else []


def rival_figures(runs: Runs) -> dict[str, list[LandingFigure]]:
    """The same figures of the other approaches that were trained on all seeds of that pair.

    An EAC with other options, or with an average of its weights, is one of them.

    Args:
        runs: records, such as the shipped ones.

    Returns:
        By name of the approach, its figures.
    """
    return {name: _figures(runs, pair) for name, pair in _rivals(runs).items()}


def figures_elsewhere(runs: Runs) -> dict[str, list[LandingFigure]]:
    """The figures of the pair's EAC and of its rivals with other networks, image sizes or epochs.

    Under the same noise on the same evaluation images, on two seeds or more.

    Args:
        runs: records, such as the shipped ones.

    Returns:
        By name of the approach and its setting, its figures; the most seeds first.
    """
    first = _first_pair(runs)
    if not first:
        return {}
    eac = first[1]
    named = {pair[1].approach: name for name, pair in _rivals(runs).items()}
    named[eac.approach] = method_name(EAC)
    found = {}
    for baseline, other in sorted(_approaches(runs), key=lambda pair: -len(pair[1].trials)):
        here, there = (
            (group.noise, group.setting.data, group.setting.eval_split, group.setting.classes)
            for group in (eac, other)
        )
        shown = here == there and other.approach in named and len(other.trials) > 1
        if shown and other.setting != eac.setting:
            name = f"{_place(other.setting)}: {named[other.approach]}"
            name += f" ({len(other.trials)} seeds)"
            found[name] = _figures(runs, (baseline, other))
    return found


def _rivals(runs: Runs) -> dict[str, Pair]:
    """By name: each other approach on all seeds of the first pair, with its baseline."""
    first = _first_pair(runs)
    if not first:
        return {}
    eac = first[1]
    found = {}
    for baseline, other in _approaches(runs):
        alike = (other.setting, other.noise) == (eac.setting, eac.noise)
        if not alike or other.approach == eac.approach:
            continue
        *pair, shared = with_shared_seeds(baseline, other, eac)
        if len(shared.trials) == len(eac.trials):
            plain = eac if other.approach.method == EAC else baseline
            found[_rival_name(plain, other)] = (pair[0], pair[1])
    return found


def _approaches(runs: Runs) -> list[Pair]:
    return pair_with_baseline(group_trials(trials_of(_finished(runs))))


def _finished(runs: Runs) -> pd.DataFrame:
    return runs.table[runs.table["status"] == "finished"]


def _first_pair(runs: Runs) -> Pair | None:
    """Baseline and EAC under noise, the pair that `by_evidence` puts first."""
    noisy = [pair for pair in find_pairs(_finished(runs)) if pair[1].noise.percent]
    return min(noisy, key=by_evidence, default=None)


def _rival_name(plain: SeedGroup, other: SeedGroup) -> str:
    """The method, and what tells it apart from a plain approach besides its defaults."""
    facts = [group_facts(group) for group in (plain, other)]
    _, told = told_facts(facts, other.approach.method, apart=NAMED_APART)
    return ", ".join([method_name(other.approach.method), *told])


def _figures(runs: Runs, pair: Pair) -> list[LandingFigure]:
    table = _finished(runs).set_index("run")
    columns = {"Accuracy": ACCURACY, CHOSEN: CHOSEN_COLUMN, "Mean class accuracy": MEAN_CLASS}
    names = [trial.record for group in pair for trial in group.trials]
    known = {name: table.loc[names, column] for name, column in columns.items()}
    named = {name: dict(values) for name, values in known.items() if values.notna().all()}
    named["Wrong labels memorised"] = _memorised(runs, names)
    return [_over_seeds(name, pair, values) for name, values in named.items() if values]


def _over_seeds(name: str, pair: Pair, values: Mapping[str, float]) -> LandingFigure:
    baseline, other = (
        np.array([float(values[trial.record]) for trial in group.trials]) for group in pair
    )
    gap = mean_interval(other - baseline)
    setting, approach = pair[1].setting, pair[1].approach
    epoch = CHOSEN_HOW if name == CHOSEN else ""
    which = f". EAC {eac_name(setting, approach)}" if approach.method == EAC else ""
    return LandingFigure(
        name,
        f"{pair[1].noise.percent:g} % wrong labels",
        gap.mean,
        gap.mean - gap.half,
        gap.mean + gap.half,
        f"{gap.n} seeds" if gap.n > 1 else "one seed",
        float(baseline.mean()),
        float(other.mean()),
        f"{data_name(setting.data)} {setting.eval_split}, {_place(setting)}{epoch}{which}",
    )


def _place(setting: Setting) -> str:
    return f"{setting.backbone}, {setting.image_size} px, {counted(setting.epochs, 'epoch')}"


def _memorised(runs: Runs, names: list[str]) -> dict[str, float]:
    """Percent of the noisy labels that each run memorised; nothing where one has none."""
    last = runs.epochs.groupby("run")["memorised"].last().reindex(names)
    return {} if last.isna().any() else (100 * last).to_dict()

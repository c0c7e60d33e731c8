"""The headline of the cost page: how much longer EAC trains than the baseline, and its gain."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import ACCURACY, FIGURES, TIE, by_evidence, find_pairs
from dashboard.analysis.run_times import GeometricMean, time_ratio
from dashboard.analysis.sets import with_comparison
from fer_core.metrics.student_t import mean_interval
from fer_core.records.groups import Group
from fer_core.reporting.eac_variants import eac_changes, eac_name

MACHINE = ["device", "precision"]
NO_TIME = "No EAC run has its baseline's device and precision, so run times are not compared."
NO_PAIR = "There is no pair here of an EAC run and a baseline run that differ only in the method."


class Headline(NamedTuple):
    """What a page says first, and which runs it rests on."""

    text: str
    basis: str


def cost_headline(runs: pd.DataFrame, accuracy: str = ACCURACY) -> Headline:
    """The cost and gain of EAC over the baseline, from pairs that differ only in the method.

    The cost is that of the pair whose interval of it is narrowest: runs that shared their machine
    with other work say little about it, whatever their number. Only seeds whose two runs have the
    same device and precision are timed; the gain has all of them. The gain is that of the pair that
    `by_evidence` puts first, as on the other pages.

    Args:
        runs: of `with_sets`, of one set of evaluation images and one noise.
        accuracy: column of the accuracy, one of `comparison.FIGURES`; runs without it are left out.
    """
    known = runs.dropna(subset=["seconds", accuracy])
    timed = with_comparison(known).set_index("run", drop=False)
    pairs = find_pairs(timed)
    if not pairs:
        return Headline(NO_PAIR, "")

    def rows_of(pair: tuple[Group[str], Group[str]]) -> list[pd.DataFrame]:
        return [timed.loc[[trial.record for trial in group.trials]] for group in pair]

    def timed_of(pair: tuple[Group[str], Group[str]]) -> list[pd.DataFrame]:
        baseline, eac = rows_of(pair)
        alike = (baseline[MACHINE].to_numpy() == eac[MACHINE].to_numpy()).all(axis=1)
        return [baseline[alike], eac[alike]]

    def cost(pair: tuple[Group[str], Group[str]]) -> GeometricMean:
        baseline, eac = timed_of(pair)
        return time_ratio(eac, baseline)

    def uncertainty(pair: tuple[Group[str], Group[str]]) -> tuple[object, ...]:
        _, eac = pair
        ratio, name = cost(pair), timed.loc[eac.trials[0].record, "comparison"]
        options = (eac_changes(eac.approach), eac.setting.options, eac.approach.options)
        width = float(np.nan_to_num(ratio.high / ratio.low, nan=np.inf))  # nan: one seed
        return (np.isnan(ratio.mean), width, name, eac.setting.backbone, *options)

    clearest, strongest = min(pairs, key=uncertainty), min(pairs, key=by_evidence)
    ratio, (_, costing) = cost(clearest), timed_of(clearest)
    baseline, gaining = rows_of(strongest)
    gain = mean_interval(gaining[accuracy].to_numpy() - baseline[accuracy].to_numpy())
    low, high = gain.mean - gain.half, gain.mean + gain.half
    tie = f": {TIE}" if low <= 0 <= high else ""
    gains = f"{gain.mean:+z.1f} points{_between(low, high, '+z.1f')}{tie}"
    changes = f"changes {FIGURES[accuracy]} by {gains}."
    basis = f"{_circumstances(strongest, gaining)}."
    if np.isnan(ratio.mean):
        return Headline(f"Training with EAC {changes} {NO_TIME}", basis)
    if clearest != strongest or len(costing) < len(gaining):
        basis = f"Time: {_circumstances(clearest, costing)}. Accuracy: {basis}"
    costs = f"{ratio.mean:.2f} times as long as the cross-entropy baseline"
    costs += _between(ratio.low, ratio.high, ".2f")
    return Headline(f"Training with EAC takes {costs} and {changes}", basis)


def _circumstances(pair: tuple[Group[str], Group[str]], rows: pd.DataFrame) -> str:
    """What the runs of a pair share, how many seeds they are, and which EAC it is."""
    _, eac = pair
    seeds = "one seed" if len(rows) == 1 else f"{len(rows)} seeds, paired"
    shared = f"{rows['comparison'].iloc[0]} · {eac.setting.backbone}"
    return f"{shared} ({seeds}). EAC here: {eac_name(eac.setting, eac.approach)}"


def _between(low: float, high: float, form: str) -> str:
    return "" if np.isnan(low) else f" (95 % interval {low:{form}} to {high:{form}})"

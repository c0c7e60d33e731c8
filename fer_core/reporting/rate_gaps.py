"""Differences to the baseline over the rate of symmetric noise, clean labels among them.

Knows no matplotlib; the differences are those of `fer_core.reporting.baseline_gaps`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fer_core.config.methods import method_title
from fer_core.records.groups import Group, RunGroup
from fer_core.records.trials import Approach, Setting, trial_of
from fer_core.reporting.baseline_gaps import ApproachGaps, BaselineGaps
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.figure_data import RATED_KINDS
from fer_core.reporting.tables import differing_options


class RateGaps(NamedTuple):
    """The approaches that have a baseline at two noise rates or more, in one setting.

    Attributes:
        setting: that all runs share.
        approaches: name -> noise rate in percent -> differences, in the order of the tables.
        which_eac: a sentence on the views of EAC, or nothing without EAC.
    """

    setting: Setting
    approaches: dict[str, dict[float, ApproachGaps]]
    which_eac: str


def find_rate_gaps(found: Sequence[BaselineGaps]) -> list[RateGaps]:
    """What can be drawn over the noise rate; a setting without such an approach is left out.

    Args:
        found: of `find_baseline_gaps`.
    """
    by_setting: dict[Setting, list[BaselineGaps]] = {}
    for gaps in found:
        if gaps.noise.kind in RATED_KINDS:
            by_setting.setdefault(gaps.setting, []).append(gaps)
    rated = [_of_setting(setting, several) for setting, several in by_setting.items()]
    return [one for one in rated if one.approaches]


def _of_setting(setting: Setting, several: Sequence[BaselineGaps]) -> RateGaps:
    rates: dict[Approach, dict[float, ApproachGaps]] = {}
    # Names tell approaches of one noise apart, so that the noise with the most has those for all.
    for gaps in sorted(several, key=lambda gaps: -len(gaps.approaches)):
        for row in gaps.approaches:
            approach = trial_of(row.runs[0][1]).approach
            rates.setdefault(approach, {})[gaps.noise.percent] = row
    several_rates = {approach: rows for approach, rows in rates.items() if len(rows) > 1}
    firsts = [next(iter(rows.values())) for rows in several_rates.values()]
    groups: list[RunGroup] = []
    for approach, first in zip(several_rates, firsts, strict=True):
        trials = tuple(trial_of(run) for _, run in first.runs)
        groups.append(Group(setting, trials[0].noise, approach, trials))
    names = [first.name for first in firsts]
    if len({*names}) < len(names):  # approaches that never met under one noise
        names = [
            method_title(group.approach.method) + differing_options(group, groups)
            for group in groups
        ]
    lines = zip(names, several_rates.values(), strict=True)
    named = {name: dict(sorted(rows.items())) for name, rows in lines}
    return RateGaps(setting, named, which_eac(groups).strip())

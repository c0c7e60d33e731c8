"""The order in which tables and figures list approaches beside their baseline."""

from collections.abc import Iterable

from fer_core.records.compare import BASELINE, EAC
from fer_core.records.groups import RunGroup
from fer_core.reporting.eac_variants import eac_changes

Pair = tuple[RunGroup, RunGroup]  # baseline, other approach


def in_reading_order(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs by setting and noise; in each the baseline's variants, EAC, then other methods by name.

    Of a method the approach with the most seeds comes first, then the one with the fewest options
    off their defaults: EAC as published before its variants.

    Args:
        pairs: of `fer_core.records.compare.pair_with_baseline`.
    """
    return sorted(pairs, key=_place)


def _place(pair: Pair) -> tuple[object, ...]:
    _, other = pair
    approach = other.approach
    changes = eac_changes(approach) if approach.method == EAC else 0
    changes += len(approach.treatments)
    method = (approach.method != BASELINE, approach.method != EAC, approach.method)
    return (other.setting, other.noise, *method, -len(other.trials), changes, approach.options)

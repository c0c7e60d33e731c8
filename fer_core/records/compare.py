"""Which groups of runs are compared with each other, and the differences between them.

`fer_core.records.trials` says what a run is a repetition of, `fer_core.records.groups` puts the
seeds together. Two groups are compared when they differ in the approach alone, seed by seed; under
growing noise of one kind they make a line, which their own clean runs start. Tables, figures and
the dashboard show these groups and pairs.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, NamedTuple

from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.groups import Group, RunGroup
from fer_core.records.trials import CLEAN, NO_NUMBER, Approach, R, Setting

BASELINE, EAC = "cross_entropy", "eac"
SHARED_TREATMENTS = ("ema_decay", "label_smoothing")  # by EAC and the baseline of a figure


class NoiseLine(NamedTuple, Generic[R]):
    """Groups that differ in their share of noisy labels alone, by that share.

    Attributes:
        kind: of the noise; ``CLEAN`` where all labels are clean.
        groups: the clean one first, where there is one.
    """

    kind: str
    groups: tuple[Group[R], ...]

    @property
    def clean(self) -> Group[R] | None:
        """The group without noise, from which a loss of accuracy is counted, seed by seed."""
        return None if self.groups[0].noise.percent else self.groups[0]


def noise_lines(groups: Iterable[Group[R]]) -> list[NoiseLine[R]]:
    """The groups of each setting and approach, a line for each kind of noise.

    Clean runs start every line of their setting and approach. Groups whose noise or seed nobody
    stated have no place on a line.
    """
    alike: dict[tuple[Setting, Approach], list[Group[R]]] = {}
    for group in groups:
        if group.comparable:
            alike.setdefault((group.setting, group.approach), []).append(group)
    lines = []
    for found in alike.values():
        found.sort(key=lambda group: group.noise.percent)
        for kind in sorted({group.noise.kind for group in found} - {CLEAN}) or [CLEAN]:
            kept = (CLEAN, kind)
            lines.append(
                NoiseLine(kind, tuple(group for group in found if group.noise.kind in kept))
            )
    return lines


def pair_with_baseline(groups: Sequence[Group[R]]) -> list[tuple[Group[R], Group[R]]]:
    """Every approach with the cross-entropy baseline of its setting and noise, over shared seeds.

    The baseline is the cross-entropy group with the fewest treatments; the others, with an average
    of the weights for example, are approaches like any method.

    Returns:
        (baseline, other) for each group whose baseline has at least one of its seeds.
    """
    return _pair(groups, groups, shared=())


def pair_eac_with_baseline(groups: Sequence[Group[R]]) -> list[tuple[Group[R], Group[R]]]:
    """Baseline and EAC that differ in what makes an EAC alone: its options and its views.

    An average of the weights or label smoothing must be on both sides, or on neither.
    """
    others = [group for group in groups if group.approach.method == EAC]
    return _pair(groups, others, shared=SHARED_TREATMENTS)


def _pair(
    groups: Sequence[Group[R]], others: Sequence[Group[R]], shared: Sequence[str]
) -> list[tuple[Group[R], Group[R]]]:
    """The others with their baselines among the groups, which share the named treatments."""

    def key(group: Group[R]) -> tuple[Any, ...]:
        treatments = group.approach.treatments
        return (*group[:2], *(str(treatments.get(name)) for name in shared))

    found = [group for group in groups if group.approach.method == BASELINE and group.comparable]
    found.sort(key=lambda group: len(group.approach.treatments), reverse=True)
    baselines = {key(group): group for group in found}  # the last one of a key is kept
    pairs = [
        with_shared_seeds(baselines[key(group)], group)
        for group in others
        if group.comparable and key(group) in baselines and group is not baselines[key(group)]
    ]
    return [(first, second) for first, second in pairs if first.trials]


def with_clean_pair(
    pair: tuple[Group[R], Group[R]], pairs: Iterable[tuple[Group[R], Group[R]]]
) -> list[Group[R]]:
    """A noisy pair and its clean one: [baseline, other, clean baseline, clean other].

    Args:
        pair: of `pair_with_baseline` or `pair_eac_with_baseline`.
        pairs: among which the pair without noise is, that differs in nothing else.

    Returns:
        The four over the seeds that all of them have; nothing where there is no such seed.
    """
    for clean in pairs:
        if all(
            (one.setting, one.approach) == (other.setting, other.approach) and not one.noise.percent
            for one, other in zip(clean, pair, strict=True)
        ):
            four = with_shared_seeds(*pair, *clean)
            return list(four) if four[0].trials else []
    return []


def with_shared_seeds(*groups: Group[R]) -> tuple[Group[R], ...]:
    """The groups with the seeds alone that all of them have, in order; perhaps none."""
    seeds = [{trial.seed for trial in group.trials} for group in groups]
    shared = set.intersection(*seeds) - {NO_NUMBER}
    return tuple(
        group._replace(trials=tuple(trial for trial in group.trials if trial.seed in shared))
        for group in groups
    )


def paired_gap(one: RunGroup, other: RunGroup, figure: str = "accuracy_last5") -> Interval | None:
    """Mean of ``one`` minus ``other`` over the seeds that both have, in points.

    Args:
        one: a group.
        other: a group of the same setting.
        figure: a final figure of the records.

    Returns:
        The difference with its paired interval; None when no seed is in both.
    """
    ours, theirs = (
        [float(trial.record.result[figure]) for trial in group.trials]
        for group in with_shared_seeds(one, other)
    )
    gaps = [100 * (first - second) for first, second in zip(ours, theirs, strict=True)]
    return mean_interval(gaps) if gaps else None

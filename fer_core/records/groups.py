"""Groups of runs that differ in their seed alone, and their means."""

import math
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple

from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.run import RunRecord
from fer_core.records.trials import NO_NUMBER, Approach, LabelNoise, R, Setting, Trial, trial_of


class Group(NamedTuple, Generic[R]):
    """The seeds of one approach in one setting under one noise, by their seed."""

    setting: Setting
    noise: LabelNoise
    approach: Approach
    trials: tuple[Trial[R], ...]

    @property
    def comparable(self) -> bool:
        """Whether noise and seeds are stated: those of an imported run may not be."""
        return not math.isnan(self.noise.percent) and self.trials[0].seed != NO_NUMBER

    def over_seeds(self: "RunGroup", figure: str) -> Interval | None:
        """Mean in percent of a final figure (``result``); None where a run lacks it."""
        return _mean([trial.record.result.get(figure) for trial in self.trials])

    def last_epoch(self: "RunGroup", figure: str) -> Interval | None:
        """Mean in percent of a figure of the last epoch; None where a run lacks it."""
        ends = [trial.record.epochs[-1:] for trial in self.trials]
        return _mean([end[0].get(figure) if end else None for end in ends])


RunGroup = Group[RunRecord]


def group_runs(records: Iterable[RunRecord]) -> list[RunGroup]:
    """The finished runs by setting, noise and approach, in that order: see `group_trials`."""
    return group_trials(trial_of(record) for record in records if record.status == "finished")


def repeats(records: Sequence[RunRecord]) -> list[RunRecord]:
    """The finished runs that `group_runs` leaves out, since a later one repeats their seed."""
    groups = group_runs(records)
    kept = {trial.record.path for group in groups for trial in group.trials}
    return [run for run in records if run.status == "finished" and run.path not in kept]


def group_trials(trials: Iterable[Trial[R]]) -> list[Group[R]]:
    """Trials by setting, noise and approach, in that order.

    Of trials that repeat a seed only the latest counts, so that a copy is not evidence: the latest
    finished one where there is one. A run whose seed nobody stated may repeat any: it has
    its own group.
    """
    latest: dict[tuple[object, ...], Trial[R]] = {}
    for place, trial in enumerate(sorted(trials, key=lambda one: (one.finished, one.started))):
        alone = place if trial.seed == NO_NUMBER else None
        latest[(*trial[:4], alone)] = trial
    grouped: dict[tuple[object, ...], list[Trial[R]]] = {}
    for (*_, alone), trial in sorted(latest.items(), key=lambda item: item[1][:4]):
        grouped.setdefault((*trial[:3], alone), []).append(trial)
    return [
        Group(first.setting, first.noise, first.approach, (first, *others))
        for first, *others in grouped.values()
    ]


def _mean(values: Iterable[float | None]) -> Interval | None:
    percents = [None if value is None else 100 * float(value) for value in values]
    known = [percent for percent in percents if percent is not None]
    return mean_interval(known) if len(known) == len(percents) else None

"""Run records -> every approach's difference to the baseline, by each measure of accuracy.

Knows no matplotlib. `fer_core.records.compare` says which runs may be compared, and
`fer_core.records.measures` what the measures are.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fer_core.config.methods import method_title
from fer_core.metrics.intervals import Estimate
from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import RunGroup, group_runs
from fer_core.records.measures import MEASURES, gap_over_seeds_and_images, has_all_measures
from fer_core.records.run import RecordError, RunRecord
from fer_core.records.trials import LabelNoise, Setting
from fer_core.reporting.approach_order import in_reading_order
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.tables import differing_options


class ApproachGaps(NamedTuple):
    """An approach minus the baseline, over the seeds of both, in points.

    Attributes:
        method: as readers know it.
        options: in which it differs from others of the method here, or nothing.
        runs: one for each seed, baseline and approach.
        accuracy: by the name of the measure; the intervals count seeds and images.
        mean_class_accuracy: likewise.
    """

    method: str
    options: str
    runs: tuple[tuple[RunRecord, RunRecord], ...]
    accuracy: dict[str, Estimate]
    mean_class_accuracy: dict[str, Estimate]

    @property
    def name(self) -> str:
        """The method with its options, on one line."""
        return ", ".join(filter(None, (self.method, self.options)))


class BaselineGaps(NamedTuple):
    """The approaches that have a baseline in one setting, under one label noise.

    Attributes:
        setting: that all runs share.
        noise: likewise.
        approaches: in the order of the tables.
        which_eac: a sentence on the views of EAC, or nothing without EAC.
    """

    setting: Setting
    noise: LabelNoise
    approaches: tuple[ApproachGaps, ...]
    which_eac: str


def find_baseline_gaps(records: Iterable[RunRecord]) -> tuple[list[BaselineGaps], list[str]]:
    """Finished runs with all measures, paired with their baselines.

    Returns:
        What compares, and a sentence for each approach whose predictions cannot be read, or are of
        other images than the baseline's.
    """
    measured = [group for group in group_runs(records) if has_all_measures(group)]
    pairs: dict[tuple[Setting, LabelNoise], list[tuple[RunGroup, RunGroup]]] = {}
    for pair in in_reading_order(pair_with_baseline(measured)):
        pairs.setdefault(pair[1][:2], []).append(pair)
    found: list[BaselineGaps] = []
    problems: list[str] = []
    for (setting, noise), alike in pairs.items():
        shown = [group for pair in alike for group in pair]
        approaches: list[ApproachGaps] = []
        for pair in alike:
            try:
                gaps = _gaps(*pair, shown)
            except RecordError as error:
                problems.append(str(error))
            else:
                approaches += [] if gaps is None else [gaps]
        if approaches:
            words = which_eac(shown).strip()
            found.append(BaselineGaps(setting, noise, tuple(approaches), words))
    return found, problems


def _gaps(baseline: RunGroup, other: RunGroup, shown: Sequence[RunGroup]) -> ApproachGaps | None:
    """Of one approach; None where a run has no predictions of its images."""
    by_figure: list[dict[str, Estimate]] = []
    for mean_class in (False, True):
        gaps = {
            measure.name: gap_over_seeds_and_images(
                other, baseline, measure, mean_class_accuracy=mean_class
            )
            for measure in MEASURES.values()
        }
        by_figure.append({name: gap for name, gap in gaps.items() if gap is not None})
        if len(by_figure[-1]) < len(MEASURES):
            return None
    runs = zip(baseline.trials, other.trials, strict=True)
    records = tuple((one.record, two.record) for one, two in runs)
    options = differing_options(other, shown).removeprefix(", ")
    return ApproachGaps(method_title(other.approach.method), options, records, *by_figure)

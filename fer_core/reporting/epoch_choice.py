"""Which epoch a run is measured in: chosen on held-out images by either measure, or the last."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.compare import with_shared_seeds
from fer_core.records.groups import RunGroup, group_runs
from fer_core.records.run import RunRecord
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.measures import (
    counts_text,
    first_titles,
    held_out_text,
    pairs_to_show,
    rows_of,
    runs_of,
)
from fer_core.reporting.tables import gap_text, mean_text, provenance, table

ACCURACY, MEAN_CLASS_ACCURACY = "eval_accuracy_tta", "eval_mean_class_accuracy_tta"
RULES = {  # by name, the figure of an epoch whose first maximum chooses; the last epoch has none
    "held-out accuracy": "holdout_accuracy",
    "held-out mean class accuracy": "holdout_mean_class_accuracy",
    "last epoch": None,
}
EXPLANATION = (
    "All figures with flip TTA, ± the standard deviation over the seeds. In brackets: the "
    "difference from the baseline by the same rule, with the 95 % interval of Student's t over the "
    "seeds. Never predicted correctly: classes for which a run gets no evaluation image right in "
    "its last epoch, without flip TTA unless the run has `tta_flip`, with the number of such runs."
)


def selection_table(records: Sequence[RunRecord]) -> str:
    """A row for each approach: accuracy and mean class accuracy in the epoch of each of RULES.

    Raises:
        ReportError: when no approach has a baseline with held-out images.
    """
    pairs = pairs_to_show(group for group in group_runs(records) if _has_figures(group))
    shown = [group for pair in pairs for group in pair]
    header = first_titles(shown)
    for name, figure in RULES.items():
        by = f"by {name}" if figure else name
        header += [f"{by}: epochs"] if figure else []
        header += [f"{by}: accuracy", "mean class accuracy"]
    header += ["never predicted correctly"]
    runs = runs_of(shown)
    facts = f"{held_out_text(runs)} {EXPLANATION} {which_eac(shown)}{provenance(runs)}"
    return f"{table(header, rows_of(pairs, _figures))}\n\n{facts}"


def chosen_epoch(record: RunRecord, figure: str | None) -> int:
    """The first epoch, from 1, with the highest figure; the last one without a figure."""
    if figure is None:
        return len(record.epochs)
    return int(np.argmax([epoch[figure] for epoch in record.epochs])) + 1


def _has_figures(group: RunGroup) -> bool:
    names = (ACCURACY, MEAN_CLASS_ACCURACY, *filter(None, RULES.values()))
    epochs = [epoch for trial in group.trials for epoch in trial.record.epochs or ({},)]
    return all(epoch.get(name) is not None for epoch in epochs for name in names)


def _figures(group: RunGroup, baseline: RunGroup | None) -> list[str]:
    cells = []
    for rule in RULES.values():
        if rule is not None:
            epochs = [chosen_epoch(trial.record, rule) for trial in group.trials]
            cells.append(", ".join(map(str, epochs)))
        for figure in (ACCURACY, MEAN_CLASS_ACCURACY):
            text = mean_text(mean_interval(_values(group, rule, figure)))
            if baseline is not None:
                text += f" [{gap_text(_gap(group, baseline, rule, figure))}]"
            cells.append(text)
    missing: dict[str, int] = {}
    for trial in group.trials:
        for name in _never_right(trial.record):
            missing[name] = missing.get(name, 0) + 1
    cells.append(counts_text(missing))
    return cells


def _values(group: RunGroup, rule: str | None, figure: str) -> list[float]:
    """In percent, of each run."""
    records = [trial.record for trial in group.trials]
    return [100 * float(one.epochs[chosen_epoch(one, rule) - 1][figure]) for one in records]


def _gap(group: RunGroup, baseline: RunGroup, rule: str | None, figure: str) -> Interval | None:
    ours, theirs = (_values(one, rule, figure) for one in with_shared_seeds(group, baseline))
    gaps = [first - second for first, second in zip(ours, theirs, strict=True)]
    return mean_interval(gaps) if gaps else None


def _never_right(record: RunRecord) -> list[str]:
    confusion: Sequence[Sequence[Any]] = record.result["confusion"]
    return [
        name
        for number, name in enumerate(record.classes)
        if sum(confusion[number]) and not confusion[number][number]
    ]

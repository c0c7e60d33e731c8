"""Every approach against the baseline, by three measures: the table of the study."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fer_core.metrics.intervals import Estimate
from fer_core.records.compare import pair_with_baseline, paired_gap
from fer_core.records.groups import RunGroup, group_runs
from fer_core.records.measures import (
    MEASURES,
    Measure,
    gap_over_seeds_and_images,
    has_all_measures,
    unanswered,
)
from fer_core.records.run import RunRecord
from fer_core.reporting.approach_order import in_reading_order
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.tables import (
    approach_name,
    gap_text,
    mean_text,
    model_cells,
    model_header,
    noise_name,
    provenance,
    seeds_text,
    table,
)

BEST_KNOWN = "chosen_tta"  # the measure that a practitioner gets, and whose interval counts images
EXPLANATION = (
    "In brackets: the difference from the baseline, with the 95 % interval of Student's t over the "
    "seeds; in the last columns, of the chosen epoch with flip TTA, that of a hierarchical "
    "bootstrap over seeds and images, "
    "which with fewer than five seeds understates the variation between seeds: read both. "
    "Never predicted correctly: classes for which a run gets no evaluation image right, with the "
    "number of such runs."
)


def measures_table(records: Sequence[RunRecord]) -> str:
    """A row for each approach and noise: three measures, differences to the baseline, classes.

    Raises:
        ReportError: when no approach has a baseline with held-out images.
    """
    pairs = pairs_to_show(group for group in group_runs(records) if has_all_measures(group))
    shown = [group for pair in pairs for group in pair]
    header = first_titles(shown)
    header += [measure.title for measure in MEASURES.values()]
    header += ["difference (seeds and images)", "mean class accuracy", "difference"]
    header += ["never predicted correctly"]
    runs = runs_of(shown)
    facts = f"{held_out_text(runs)} {EXPLANATION} {which_eac(shown)}{provenance(runs)}"
    return f"{table(header, rows_of(pairs, _figures))}\n\n{facts}"


def held_out_text(records: Sequence[RunRecord]) -> str:
    """What the held-out images of these runs are."""
    shares = sorted({float(record.config["holdout"]) for record in records})
    share = " or ".join(f"{100 * one:g} %" for one in shares)
    return f"Held-out: {share} of the training images, with their noisy labels."


def pairs_to_show(groups: Iterable[RunGroup]) -> list[tuple[RunGroup, RunGroup]]:
    """Each approach with its baseline, in the order of a table.

    Args:
        groups: of runs that held images out.

    Raises:
        ReportError: when no approach has a baseline.
    """
    pairs = in_reading_order(pair_with_baseline(list(groups)))
    if not pairs:
        raise ReportError(
            "no finished cross_entropy run with --holdout has another method of the same data, "
            "options, noise and seed"
        )
    return list(pairs)


def rows_of(
    pairs: Sequence[tuple[RunGroup, RunGroup]],
    figures: Callable[[RunGroup, RunGroup | None], list[str]],
) -> list[list[str]]:
    """A row for each baseline, once, and below it those of its approaches.

    Args:
        pairs: of `pairs_to_show`.
        figures: the cells after `first_cells`, of a group beside its baseline; a baseline has none.
    """
    shown = [group for pair in pairs for group in pair]
    rows: list[list[str]] = []
    for baseline, other in pairs:
        first = [*first_cells(baseline, shown), *figures(baseline, None)]
        if first not in rows:
            rows.append(first)
        rows.append([*first_cells(other, shown), *figures(other, baseline)])
    return rows


def runs_of(groups: Sequence[RunGroup]) -> list[RunRecord]:
    """Every run of some groups, once."""
    runs = [trial.record for group in groups for trial in group.trials]
    return list({run.path: run for run in runs}.values())


def first_titles(shown: Sequence[RunGroup]) -> list[str]:
    """The titles of `first_cells`."""
    return [*model_header(shown), "noise", "method", "seeds"]


def first_cells(group: RunGroup, shown: Sequence[RunGroup]) -> list[str]:
    """What a row is of.

    Args:
        group: of the row.
        shown: all groups of the table.
    """
    name = approach_name(group, shown)
    return [*model_cells(group, shown), noise_name(group.noise), name, seeds_text(group)]


def _figures(group: RunGroup, baseline: RunGroup | None) -> list[str]:
    cells = []
    for measure in MEASURES.values():
        text = mean_text(group.over_seeds(measure.accuracy))
        if baseline is not None:
            text += f" [{gap_text(paired_gap(group, baseline, measure.accuracy))}]"
        cells.append(text)
    best = MEASURES[BEST_KNOWN]
    cells.append(_gap(group, baseline, best, mean_class_accuracy=False))
    cells.append(mean_text(group.over_seeds(best.mean_class_accuracy)))
    cells.append(_gap(group, baseline, best, mean_class_accuracy=True))
    cells.append(counts_text(unanswered(group, best)))
    return cells


def counts_text(runs: Mapping[str, int]) -> str:
    """Classes, each with its number of runs."""
    return ", ".join(f"{name} ({count})" for name, count in runs.items()) or "none"


def _gap(
    group: RunGroup, baseline: RunGroup | None, measure: Measure, *, mean_class_accuracy: bool
) -> str:
    if baseline is None:
        return "-"
    gap = gap_over_seeds_and_images(
        group, baseline, measure, mean_class_accuracy=mean_class_accuracy
    )
    return "-" if gap is None else estimate_text(gap)


def estimate_text(gap: Estimate) -> str:
    """A difference in points with its interval."""
    return f"{gap.value:+z.2f} ({gap.low:+z.2f} to {gap.high:+z.2f})"

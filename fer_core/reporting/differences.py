"""Every approach minus its baseline by every measure, with intervals over seeds and images."""

from collections.abc import Sequence

from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import group_runs
from fer_core.records.measures import MEASURES, gap_over_seeds_and_images, has_all_measures
from fer_core.records.run import RunRecord
from fer_core.reporting.approach_order import in_reading_order
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.measures import estimate_text, held_out_text
from fer_core.reporting.tables import (
    approach_name,
    model_cells,
    model_header,
    noise_name,
    provenance,
    seeds_text,
    table,
)

EXPLANATION = (
    "Method minus cross-entropy baseline over the seeds that both have, in points, with the 95 % "
    "interval of a hierarchical bootstrap over seeds and images; with one seed it counts the "
    "images alone, with fewer than five it understates the variation between seeds."
)


def differences_table(records: Sequence[RunRecord]) -> str:
    """A row for each approach and noise: differences in accuracy and mean class accuracy.

    Raises:
        ReportError: when no approach has a baseline with held-out images.
    """
    pairs = in_reading_order(
        pair_with_baseline([group for group in group_runs(records) if has_all_measures(group)])
    )
    if not pairs:
        raise ReportError(
            "no finished cross_entropy run with --holdout has another method of the same data, "
            "options, noise and seed"
        )
    shown = [group for pair in pairs for group in pair]
    rows = []
    for baseline, other in pairs:
        name = approach_name(other, shown)
        row = [*model_cells(other, shown), noise_name(other.noise), name, seeds_text(other)]
        for measure in MEASURES.values():
            for classes in (False, True):
                gap = gap_over_seeds_and_images(
                    other, baseline, measure, mean_class_accuracy=classes
                )
                row.append("-" if gap is None else estimate_text(gap))
        rows.append(row)
    header = [*model_header(shown), "noise", "method", "seeds"]
    for measure in MEASURES.values():
        header += [f"{measure.title}: accuracy", "mean class accuracy"]
    unique = {trial.record.path: trial.record for group in shown for trial in group.trials}
    runs = list(unique.values())
    facts = f"{EXPLANATION} {held_out_text(runs)} {which_eac(shown)}{provenance(runs)}"
    return f"{table(header, rows)}\n\n{facts}"

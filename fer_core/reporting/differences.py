"""Every approach minus its baseline by every measure, with intervals over seeds and images."""

from collections.abc import Sequence

from fer_core.records.groups import group_runs
from fer_core.records.measures import MEASURES, gap_over_seeds_and_images, has_all_measures
from fer_core.records.run import RunRecord
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.measures import (
    estimate_text,
    first_cells,
    first_titles,
    held_out_text,
    pairs_to_show,
    runs_of,
)
from fer_core.reporting.tables import provenance, table

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
    pairs = pairs_to_show(group for group in group_runs(records) if has_all_measures(group))
    shown = [group for pair in pairs for group in pair]
    rows = []
    for baseline, other in pairs:
        row = first_cells(other, shown)
        for measure in MEASURES.values():
            for classes in (False, True):
                gap = gap_over_seeds_and_images(
                    other, baseline, measure, mean_class_accuracy=classes
                )
                row.append("-" if gap is None else estimate_text(gap))
        rows.append(row)
    header = first_titles(shown)
    for measure in MEASURES.values():
        header += [f"{measure.title}: accuracy", "mean class accuracy"]
    runs = runs_of(shown)
    facts = f"{EXPLANATION} {held_out_text(runs)} {which_eac(shown)}{provenance(runs)}"
    return f"{table(header, rows)}\n\n{facts}"

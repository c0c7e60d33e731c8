"""Our runs and the published results of the same data, classes, noise and backbone."""

from collections.abc import Sequence
from pathlib import Path

from fer_core.records.groups import RunGroup, group_runs
from fer_core.records.published import Conditions, architecture, read_published_results
from fer_core.records.run import RunRecord
from fer_core.records.trials import LabelNoise, Setting
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.tables import (
    ACCURACY,
    approach_name,
    mean_text,
    noise_name,
    provenance,
    selection,
    table,
)


def published_table(records: Sequence[RunRecord], file: Path | None = None) -> str:
    """A row for each approach of ours, then what was published under the same conditions.

    Raises:
        ReportError: when no run is finished, or the table of published results cannot be read.
    """
    groups = group_runs(records)
    if not groups:
        raise ReportError("none of the runs is finished")
    known = _read(file)
    ours: dict[tuple[Setting, LabelNoise], list[RunGroup]] = {}
    for group in sorted(groups, key=lambda one: (one.setting.backbone, one.noise.percent)):
        ours.setdefault(group[:2], []).append(group)
    rows = []
    for (setting, noise), alike in ours.items():
        rows += [
            [
                noise_name(noise),
                setting.backbone,
                approach_name(group, alike),
                f"**{mean_text(group.over_seeds(ACCURACY))}**",
                f"these records, n = {len(group.trials)}",
                "mean of last 5 epochs",
                "",
            ]
            for group in alike
        ]
        rows += [
            [
                noise_name(noise),
                row["backbone"],
                row["method"],
                row["value"],
                row["source"] or row["venue"],
                row["selection"] or "not stated",
                row["trust"],
            ]
            for row in known
            if Conditions.of_published(row).alike(Conditions.of_runs(setting, noise))
            and row["backbone"] == architecture(setting.backbone)
        ]
    header = ["noise", "backbone", "method", "accuracy", "source", "selection", "trust"]
    facts = f"{selection(records)} {which_eac(groups)}{provenance(records)}"
    return f"{table(header, rows)}\n\n{facts}"


def _read(file: Path | None) -> list[dict[str, str]]:
    try:
        return read_published_results(file)
    except OSError as error:
        raise ReportError(f"no table of published results: {error}") from error

"""Audits of training labels in the HTML report; no image of a face is in it."""

from dashboard.analysis.audit import (
    figures_table,
    headline,
    origin,
    ranking_table,
    reliability_table,
    subset_names,
)
from dashboard.charts.audit import reliability_figure
from dashboard.data.audits import AuditFolder, find_audits
from dashboard.data.names import Runs
from dashboard.report.part import Part, number
from fer_core.audit.folder import AuditError, read_audit
from fer_core.taxonomy import taxonomy_of

MOST_AUDITS = 3  # the latest
MOST_IMAGES = 25  # of a ranking
RANKING = {
    **{"rank": number("Rank", 0), "image": "Image", "noisy_label": "Label"},
    **{"suggested_label": "Suggested", "true_label": "True label"},
    "probability": number("P(label) (%)", 1),
    "votes_against": number("Raters on another class (%)", 0),
}
SCORES = {
    **{"score": "Score", "auroc": number("AUROC", 3), "auroc_low": number("95 % from", 3)},
    **{"auroc_high": number("95 % to", 3), "average_precision": number("Average precision", 3)},
}


def audit_parts(runs: Runs) -> list[Part]:
    """The latest audits below the sources of the runs."""
    sources = dict.fromkeys(runs.sources.values())
    return [part for folder in find_audits(sources)[:MOST_AUDITS] for part in _parts(folder)]


def _parts(folder: AuditFolder) -> list[Part]:
    if folder.problem:
        return [Part(folder.name, f"{folder.problem}.")]
    try:
        audit = read_audit(folder.path)
    except AuditError as error:
        return [Part(folder.name, f"{error}.")]
    taxonomy = taxonomy_of(audit.classes)
    tints = {name: taxonomy.colour_of(name) for name in audit.classes}
    trust = reliability_table(audit)
    text = f"{headline(audit)} {origin(audit)}."
    parts = [Part(folder.name, text, reliability_figure(trust, tints), trust)]
    for subset, name in subset_names(audit).items():
        table = figures_table(audit, subset)
        parts.append(Part(f"{folder.name}: scores on {name}", table=table, columns=SCORES))
    ranking = ranking_table(audit).head(MOST_IMAGES)
    shown = ranking[[name for name in RANKING if name in ranking.columns]]
    heading = f"{folder.name}: the {len(shown)} most suspicious labels"
    return [*parts, Part(heading, table=shown, columns=RANKING)]

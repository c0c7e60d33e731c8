"""What `fer-core audit` prints of an audit."""

from fer_core.audit.measure import CLEAR
from fer_core.audit.result import Audit
from fer_core.audit.summary import class_reliability
from fer_core.reporting.data_text import printable, table

SHOWN = 10  # images, and groups of copies
TITLES = {"all": "all images", "clear": f"clear cases: {CLEAR:.0%} of the raters on another class"}


def summary(audit: Audit) -> str:
    """The most suspicious images, each class, copies, what is missing, and the figures."""
    disagrees = int((audit.predicted != audit.noisy_labels).sum())
    parts = [
        _first_rows(audit),
        f"the model predicts another class on {disagrees:,} of {len(audit.names):,}; "
        f"{int(audit.flagged.sum()):,} are flagged",
        _classes(audit),
        *([_copies(audit)] if audit.duplicates else []),
        *(["\n".join(f"no {name}: {why}" for name, why in audit.missing.items())]),
        *(_measured(audit)),
    ]
    return "\n\n".join(part for part in parts if part)


def _first_rows(audit: Audit) -> str:
    rows: list[tuple[str, ...]] = [
        ("rank", "image", "noisy label", "suggested", audit.ranking, "p(label)")
    ]
    for rank, row in enumerate(audit.order[:SHOWN], start=1):
        label = audit.noisy_labels[row]
        rows.append(
            (
                *(str(rank), printable(audit.names[row]), audit.classes[label]),
                audit.classes[audit.suggested_labels[row]],
                f"{audit.scores[audit.ranking][row]:.3f}",
                f"{audit.probabilities[row, label]:.3f}",
            )
        )
    return table(rows)


def _classes(audit: Audit) -> str:
    known = audit.wrong is not None
    rows: list[tuple[str, ...]] = [
        ("noisy label", "images", "flagged", "P(right), estimated", *(["known"] if known else []))
    ]
    for one in class_reliability(audit):
        shares = [one.estimated, *([one.true] if known else [])]
        cells = ("-" if share is None else f"{share:.3f}" for share in shares)
        rows.append((printable(one.name), f"{one.images:,}", f"{one.flagged:,}", *cells))
    return table(rows)


def _copies(audit: Audit) -> str:
    lines = [
        "  "
        + ", ".join(
            f"{printable(audit.names[row])} ({audit.classes[audit.noisy_labels[row]]})"
            for row in group
        )
        for group in audit.duplicates[:SHOWN]
    ]
    more = ["  ..."] if len(audit.duplicates) > SHOWN else []
    head = f"copies of one image with different labels, groups: {len(audit.duplicates):,}"
    return "\n".join([head, *lines, *more])


def _measured(audit: Audit) -> list[str]:
    if audit.measured is None:
        return ["true labels are not known: look at the first images yourself"]
    return [_figures(TITLES[name], part) for name, part in audit.measured.items()]


def _figures(title: str, part: dict) -> str:
    share = part["wrong"] / max(1, part["images"])
    head = f"{title}: {part['wrong']:,} of {part['images']:,} labels are wrong ({share:.1%})"
    if not part["scores"]:
        return f"{head}: all or none, so there is no AUROC"
    firsts = list(next(iter(part["scores"].values()))["precision"])
    rows: list[tuple[str, ...]] = [
        ("score", "AUROC", "95 %", "average precision", *(f"first {n}" for n in firsts))
    ]
    for name, figures in part["scores"].items():
        value, low, high = figures["auroc"]
        shares = (f"{figures['precision'][first][0]:.3f}" for first in firsts)
        average = f"{figures['average_precision'][0]:.3f}"
        rows.append((name, f"{value:.3f}", f"{low:.3f}-{high:.3f}", average, *shares))
    return f"{head}\n{table(rows)}"

"""Tables of the page Label audit: ranking, trust in each label, what the scores find."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from dashboard.analysis.classes import confusion_frame
from dashboard.data.names import Confusion, data_name
from fer_core.audit.folder import PROBABILITY, SCORE
from fer_core.audit.result import Audit
from fer_core.audit.summary import class_reliability, transitions
from fer_core.io.wording import counted
from fer_core.taxonomy import taxonomy_of

SUBSETS = {"all": "all images", "clear": "clear cases"}
SHOWN_ROWS = 1000  # of the ranking


def headline(audit: Audit) -> str:
    """What the audit found, in a sentence or two; Markdown-free."""
    count, flagged = len(audit.names), int(audit.flagged.sum())
    are = "is" if flagged == 1 else "are"
    text = f"{flagged:,} of {counted(count, 'label')} {are} flagged ({_percent(flagged / count)})."
    if audit.wrong is None:
        return f"{text} The true labels are not known: look at the images before you train."
    wrong, hits = int(audit.wrong.sum()), int((audit.flagged & audit.wrong).sum())
    known = counted(wrong, "label is", "labels are")
    known += f" known to be wrong ({_percent(wrong / count)})"
    if flagged:
        known += f", and {_percent(hits / flagged)} of the flagged ones"
    figures = (audit.measured or {}).get("all", {}).get("scores", {}).get(audit.ranking)
    if figures is None:
        return f"{text} {known}."
    area, low, high = figures["auroc"]
    return (
        f"{text} {known}. The ranking finds them with an AUROC of {area:.3f} ({low:.3f} to "
        f"{high:.3f}; 0.5 is chance)."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def origin(audit: Audit) -> str:
    """Data set, and the model that was asked."""
    data, run = audit.facts.get("data") or {}, audit.facts.get("run")
    text = f"{data_name(str(data.get('name', 'unknown data')))}, {data.get('split', 'train')} split"
    if run is None:
        return f"{text}; predictions from a file"
    epochs = counted(run["epochs"], "epoch")
    return f"{text}; run {run['name']} ({run['method']}, {run['backbone']}, {epochs})"


def ranking_table(
    audit: Audit, labels: Collection[str] = (), *, flagged: bool = False
) -> pd.DataFrame:
    """A row for each image, the most suspicious first.

    Args:
        audit: what was found.
        labels: noisy labels to show; empty: all.
        flagged: show flagged images alone.
    """
    order, classes = audit.order, np.array(audit.classes)
    own = audit.probabilities[np.arange(len(order)), audit.noisy_labels]
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(order) + 1),
        "image": np.array(audit.names, dtype=object)[order],
        "noisy_label": classes[audit.noisy_labels[order]],
        "suggested_label": classes[audit.suggested_labels[order]],
        "flagged": audit.flagged[order],
        "probability": 100 * own[order],
        "rank_in_class": audit.class_ranks[order],
    }
    if audit.true_labels is not None:
        columns["true_label"] = classes[audit.true_labels[order]]
    if audit.votes_against is not None:
        columns["votes_against"] = 100 * audit.votes_against[order]
    columns |= {f"{SCORE}{name}": values[order] for name, values in audit.scores.items()}
    columns |= {
        f"{PROBABILITY}{name}": 100 * audit.probabilities[order, number]
        for number, name in enumerate(audit.classes)
    }
    table = pd.DataFrame(columns)
    if labels:
        table = table[table["noisy_label"].isin(labels)]
    return table[table["flagged"]] if flagged else table


def reliability_table(audit: Audit) -> pd.DataFrame:
    """A row for each class: images, flagged ones, and P(label is right) in percent."""
    rows = pd.DataFrame(class_reliability(audit)).rename(columns={"name": "class"})
    rows[["estimated", "true"]] = 100 * rows[["estimated", "true"]].astype(float)
    return rows


def transition_frame(audit: Audit, *, true: bool = False) -> pd.DataFrame:
    """(K, K) percent of each noisy label (row) that becomes another (column).

    Args:
        audit: what was found.
        true: the true labels instead of the corrected ones; they must be known.
    """
    moved = transitions(audit)
    counts = moved.true if true else moved.suggested
    if counts is None:
        raise ValueError("the true labels are not known")
    rows = tuple(map(tuple, counts.tolist()))
    colours = taxonomy_of(audit.classes).colours
    return confusion_frame(Confusion(audit.classes, rows, colours), normalise=True)


def figures_table(audit: Audit, subset: str) -> pd.DataFrame:
    """A row for each score: AUROC, average precision and precision among the first, with intervals.

    Args:
        audit: with figures.
        subset: one of `subset_names`.
    """
    rows = []
    for name, figures in (audit.measured or {})[subset]["scores"].items():
        row: dict[str, Any] = {"score": name}
        row |= dict(zip(("auroc", "auroc_low", "auroc_high"), figures["auroc"], strict=True))
        row["average_precision"] = figures["average_precision"][0]
        for first, values in figures["precision"].items():
            row[f"first_{first}"] = 100 * values[0]
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.sort_values("auroc", ascending=False, ignore_index=True) if rows else table


def subset_names(audit: Audit) -> dict[str, str]:
    """Name -> what is measured on it, of the subsets that have figures."""
    measured = audit.measured or {}
    return {name: SUBSETS[name] for name in SUBSETS if measured.get(name, {}).get("scores")}


def curve_points(audit: Audit, subset: str, scores: Collection[str]) -> pd.DataFrame:
    """Precision by recall of some scores, in percent, with 95 % intervals."""
    curves = (audit.measured or {})[subset]["curves"]
    parts = [
        (100 * pd.DataFrame(curves[name])).assign(score=name) for name in scores if name in curves
    ]
    empty = pd.DataFrame(columns=["recall", "precision", "low", "high", "score"])
    return pd.concat(parts, ignore_index=True) if parts else empty

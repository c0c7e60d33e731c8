"""How well audits find the labels that are known to be wrong: tables of docs/experiments.md.

    fer-core audit RUN --out EAC; fer-core audit OTHER_RUN --folds 3 --out BASELINE
    python -m benchmarks.audit EAC BASELINE

The audits are of the same images and noisy labels. The best combination of all their scores is
chosen on one half of the images and measured on the other.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from fer_core.audit.folder import AuditError, read_audit
from fer_core.audit.measure import FIRSTS, choose_combination, subsets
from fer_core.audit.result import Audit
from fer_core.audit.scores import combine
from fer_core.metrics.intervals import Estimate
from fer_core.metrics.ranking import auroc, ranking_figures

STREAM = 19  # the noise of a run is a permutation by the seed alone, which must not come again


@dataclass(frozen=True)
class Command:
    """Measure the scores of one or more audits of the same noisy labels."""

    audits: tyro.conf.Positional[tuple[Path, ...]]
    """Folders that fer-core audit has written, with true labels."""
    bootstrap: int = 1000
    """Resamples of the intervals."""
    seed: int = 0
    """Seed of the halves and the resamples."""


def main() -> None:
    """Parse the command line, and print tables in Markdown."""
    command = tyro.cli(Command, prog="python -m benchmarks.audit")
    try:
        audits = {folder.name: read_audit(folder) for folder in command.audits}
        for line in tables(audits, command.bootstrap, command.seed):
            print(line)
    except (AuditError, ValueError) as error:
        sys.exit(f"error: {error}")


def tables(audits: dict[str, Audit], resamples: int, seed: int) -> list[str]:
    """Lines of the tables: all scores and their combination, then the areas of each class.

    Raises:
        AuditError: when the audits are not of the same labels, or true labels are not known.
    """
    if not audits:
        raise AuditError("name at least one folder of an audit")
    first, wrong = next(iter(audits.values())), None
    rows = {name: row for row, name in enumerate(first.names)}
    scores: dict[tuple[str, str], np.ndarray] = {}
    for name, audit in audits.items():
        if set(audit.names) != set(rows):
            raise AuditError(f"{name} is an audit of other images")
        order = np.argsort([rows[image] for image in audit.names])
        if (audit.noisy_labels[order] != first.noisy_labels).any():
            raise AuditError(f"{name} is an audit of other labels")
        scores |= {(name, score): values[order] for score, values in audit.scores.items()}
    wrong = first.wrong
    if wrong is None:
        raise AuditError("true labels are not known: audit a run with --noise")
    return [
        f"{len(wrong):,} images, {wrong.mean():.1%} of the labels wrong",
        "",
        *_overall(first, scores, wrong, audits, resamples, seed),
        "",
        *_by_class(first, scores, wrong),
    ]


def _overall(
    audit: Audit,
    scores: dict[tuple[str, str], np.ndarray],
    wrong: np.ndarray,
    audits: dict[str, Audit],
    resamples: int,
    seed: int,
) -> list[str]:
    parts = subsets(audit)
    head = ["audit", "score"]
    for part in parts:
        head += [f"AUROC, {part}", f"average precision, {part}"]
        head += [f"first {first:,}, {part}" for first in FIRSTS]
    lines = [_row([*head, "seconds"]), _row(["---"] * (len(head) + 1))]

    def figures(values: np.ndarray, images: np.ndarray) -> list[str]:
        cells = []
        for kept in parts.values():
            both, generator = kept & images, np.random.default_rng(seed)
            found = ranking_figures(values[both], wrong[both], FIRSTS, resamples, generator)
            if found is None:
                cells += ["-"] * (2 + len(FIRSTS))
                continue
            cells += [_estimate(found.auroc), _estimate(found.average_precision)]
            cells += [
                _estimate(found.precision[n]) if n in found.precision else "-" for n in FIRSTS
            ]
        return cells

    everything = np.ones(len(wrong), bool)
    for (name, score), values in scores.items():
        seconds = audits[name].facts["seconds"].get(score)
        time = "-" if seconds is None else f"{seconds:.1f}"
        lines.append(_row([name, score, *figures(values, everything), time]))
    half = np.random.default_rng([seed, STREAM]).permutation(len(wrong)) < len(wrong) // 2
    alone = {f"{name} {score}": v for (name, score), v in scores.items() if score != "combined"}
    names = choose_combination({name: v[half] for name, v in alone.items()}, wrong[half])
    if names:
        combined = np.zeros(len(wrong))
        combined[~half] = combine([alone[name][~half] for name in names])
        cells = figures(combined, ~half)
        lines.append(_row(["best on one half", " + ".join(names), *cells, "-"]))
    return lines


def _by_class(
    audit: Audit, scores: dict[tuple[str, str], np.ndarray], wrong: np.ndarray
) -> list[str]:
    classes = [audit.noisy_labels == number for number in range(len(audit.classes))]
    lines = [
        _row(["AUROC by noisy label", "", *audit.classes]),
        _row(["---"] * (2 + len(classes))),
        _row(["images", "", *(f"{own.sum():,}" for own in classes)]),
        _row(["wrong", "", *(f"{wrong[own].mean():.1%}" if own.any() else "-" for own in classes)]),
    ]
    for (name, score), values in scores.items():
        areas = [auroc(values[own], wrong[own]) if own.any() else None for own in classes]
        lines.append(_row([name, score, *("-" if a is None else f"{a:.3f}" for a in areas)]))
    return lines


def _estimate(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f}-{value.high:.3f})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

"""What `fer-core evaluate --robustness` prints: accuracy by kind and strength of corruption."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from fer_core.evaluation.corruption_figures import ConditionFigures, Robustness
from fer_core.reporting.data_text import columns_of, printable, table
from fer_core.reporting.evaluation_json import Measured

WIDTH = 100  # columns
LONGEST_NAME = 10  # columns of a model's name in the table
SHIFT = 0.2  # by which the share of one class must rise to be told


def robustness_parts(measured: Sequence[Measured]) -> list[str]:
    """The models beside each other in one table, and what it does not show; empty without any."""
    both = [(one, one.robustness) for one in measured if one.robustness is not None]
    if not both:
        return []
    names = _names([one.subject.name for one, _ in both])
    found = dict(zip(names, (robustness for _, robustness in both), strict=True))
    return [
        "\n".join(
            _title(one.subject.name, name, robustness)
            for (one, robustness), name in zip(both, names, strict=True)
        ),
        table(_rows(found)),
        "\n".join(_wrapped(line) for line in _remarks(found)),
    ]


def _title(name: str, column: str, found: Robustness) -> str:
    called = name if column in ("", name) else f"{name} ({column})"
    chosen = f"all {found.available:,}" if found.drawn == found.available else f"{found.drawn:,}"
    how = (
        "images"
        if found.drawn == found.available
        else f"of {found.available:,} images, drawn at random by seed {found.seed}"
    )
    excluded = found.drawn - found.images
    without = f", without {excluded:,} of classes it does not know" if excluded else ""
    return _wrapped(
        f"{called} under corruption: {chosen} {how}{without}, corrupted at {found.side} x "
        f"{found.side} pixels"
    )


def _rows(found: dict[str, Robustness]) -> list[Sequence[str]]:
    several = len(found) > 1
    first = next(iter(found.values()))

    def row(kind: str, place: int, name: str, cells: Sequence[str], ece: str) -> Sequence[str]:
        label = kind if not place else ""
        return (label, name, *cells, ece) if several else (label, *cells, ece)

    rows = [row("accuracy, %", 0, "model", list("12345"), "worst ECE")]
    for place, (name, one) in enumerate(found.items()):
        cells = [f"{100 * one.clean.accuracy.value:.1f}", *[""] * 4]
        rows.append(row("clean", place, name, cells, f"{100 * one.clean.ece:.1f}"))
    for kind in first.kinds:
        for place, (name, one) in enumerate(found.items()):
            levels = one.kinds[kind].levels
            cells = [
                f"{100 * level.figures.accuracy.value:.1f}"
                + ("" if place else f" ({level.strength:g})")
                for level in levels
            ]
            worst = max(level.figures.ece for level in levels)
            rows.append(row(kind, place, name, cells, f"{100 * worst:.1f}"))
    if len(first.kinds) > 1:
        for place, (name, one) in enumerate(found.items()):
            accuracies = [
                [level.figures.accuracy.value for level in kind.levels]
                for kind in one.kinds.values()
            ]
            cells = [f"{share:.1f}" for share in 100 * np.mean(accuracies, axis=0)]
            rows.append(row("mean", place, name, cells, ""))
    return rows


def _remarks(found: dict[str, Robustness]) -> Iterator[str]:
    first = next(iter(found.values()))
    units = [f"{kind}: {of.strength}" for kind, of in first.kinds.items()]
    yield f"in brackets the strength: {'; '.join(units)}"
    widest = max(
        (of.accuracy.high - of.accuracy.low) / 2 for one in found.values() for of in _figures(one)
    )
    yield f"95 % intervals of these accuracies: at most {100 * widest:.1f} points to either side"
    for name, one in found.items():
        whose = f"{name}: " if name else ""
        for kind, of in one.kinds.items():
            level = max(of.levels, key=lambda level: level.figures.commonest_share)
            share, clean = level.figures.commonest_share, one.clean.commonest_share
            if share - clean >= SHIFT:
                confidence = level.figures.confidence
                yield (
                    f"{whose}{kind} {level.strength:g}: {100 * share:.0f} % of the predictions are "
                    f"{level.figures.commonest} (clean: {100 * clean:.0f} % "
                    f"{one.clean.commonest}), mean confidence {100 * confidence:.0f} %"
                )


def _figures(found: Robustness) -> list[ConditionFigures]:
    levels = [level for kind in found.kinds.values() for level in kind.levels]
    return [found.clean, *(level.figures for level in levels)]


def _names(names: Sequence[str]) -> list[str]:
    """For the rows of the table; one model needs none, long or equal names are counted."""
    if len(names) == 1:
        return [""]
    shown = [printable(name) for name in names]
    if len({*shown}) == len(shown) and max(map(columns_of, shown)) <= LONGEST_NAME:
        return shown
    return ["first", "second"]


def _wrapped(text: str) -> str:
    return textwrap.fill(printable(text), WIDTH, subsequent_indent="  ")

"""What `fer-core data` prints: tables and sentences as plain text."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_core.config import RATED_NOISE, RunConfig
from fer_core.datasets.base import Problem
from fer_core.datasets.cache.folder import Entry
from fer_core.datasets.checks.report import CheckReport, NamedImage, Size, SplitReport, figures
from fer_core.datasets.dividing import DIVIDED
from fer_core.datasets.loading import passed_over_text, untrained_text
from fer_core.io.files import displayed

FIRST = 3  # names that are shown of many
FEW = 10  # images of a class, below which its figures say little
IMBALANCE = 100  # times as many images of the most frequent class, from which it is said


def report_text(report: CheckReport) -> str:
    """Counts, sizes, problems and duplicates of a data set."""
    parts = [_counts(report), _sizes(report), *_problems(report), "\n".join(_remarks(report))]
    return "\n\n".join(part for part in parts if part)


def noise_text(
    title: str, classes: Sequence[str], config: RunConfig, facts: Mapping[str, Any]
) -> str:
    """Rates, hash and transition matrix of label noise; ``facts`` as in the run record."""
    rated = config.noise in RATED_NOISE
    asked = f"requested {100 * (config.noise_rate or 0):g} %" if rated else "no rate requested"
    rows = [("true \\ noisy, %", "images", "noisy", *(name[:4] for name in classes))]
    for index, (name, counts) in enumerate(zip(classes, facts["transition"], strict=True)):
        total = sum(counts)
        shares = (f"{100 * count / max(1, total):.1f}" for count in counts)
        rows.append((name, f"{total:,}", f"{total - counts[index]:,}", *shares))
    total = sum(map(sum, facts["transition"]))
    columns = (sum(column) for column in zip(*facts["transition"], strict=True))
    noisy = (f"{100 * count / max(1, total):.1f}" for count in columns)
    rows.append(("all", f"{total:,}", f"{facts['noisy_label_count']:,}", *noisy))
    return (
        f"{printable(title)}, {len(classes)} classes, noise {config.noise}, seed {config.seed}\n"
        f"{asked}, realised {100 * facts['realised_rate']:.2f} %: "
        f"{facts['noisy_label_count']:,} of {total:,} labels noisy\n"
        f"noisy_labels_sha256 {facts['noisy_labels_sha256']}\n\n{table(rows)}"
    )


def cache_text(folder: Path, entries: Sequence[Entry]) -> str:
    """The entries of a cache folder and their total."""
    where = printable(displayed(folder))
    if not entries:
        return f"no decoded images in {where}: fer-core train puts them there"
    rows = [("entry", "MB", "images", "side", "channels")]
    for entry in entries:
        count, side, _, channels = entry.shape or ("unfinished", "", "", "")
        images = f"{count:,}" if isinstance(count, int) else count
        name = entry.path.name[: 17 if entry.path.name.startswith("part-") else 12]
        rows.append((name, f"{entry.bytes / 1e6:,.1f}", images, str(side), str(channels)))
    rows.append(("total", f"{sum(entry.bytes for entry in entries) / 1e6:,.1f}", "", "", ""))
    return f"{where}\n\n{table(rows)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned text: the first column to the left, the others to the right."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            " " * (width - columns_of(cell)) + cell
            if place
            else cell + " " * (width - columns_of(cell))
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def columns_of(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide letter, none for a combining one."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def printable(text: str) -> str:
    r"""A text on one line: line breaks and other control characters become ``\n``, ``\x1b``."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _counts(report: CheckReport) -> str:
    splits = (report.train, report.eval)
    rows = [(report.name, *(split.name for split in splits))]
    rows += [(name, *(f"{split.counts[name]:,}" for split in splits)) for name in report.classes]
    rows.append(("total", *(f"{sum(split.counts.values()):,}" for split in splits)))
    if any(split.unusable for split in splits):
        rows.append(("cannot be read", *(f"{split.unusable:,}" for split in splits)))
    return table([[printable(cell) for cell in row] for row in rows])


def _sizes(report: CheckReport) -> str:
    rows = [("size in pixels", "smallest", "median", "largest", "most common")]
    for split in (report.train, report.eval):
        if split.sizes is not None:
            size, count = split.sizes.commonest[0]
            most = f"{_size(size)} ({100 * count / sum(split.counts.values()):.1f} %)"
            small, middle, large, _ = split.sizes
            rows.append((printable(split.name), _size(small), _size(middle), _size(large), most))
    return table(rows) if len(rows) > 1 else ""


def _size(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _problems(report: CheckReport) -> list[str]:
    kinds: dict[str, list[Problem]] = {}
    for problem in report.problems:
        kinds.setdefault(problem.kind, []).append(problem)
    lines = [
        f"  {kind}: {len(found):,} ({_first(problem.name for problem in found)})\n"
        f"    {printable(found[0].detail)}"
        for kind, found in kinds.items()
    ]
    empty = [
        f"  split {printable(split.name)} has no images: a run needs both; {DIVIDED}"
        for split in (report.train, report.eval)
        if not any(split.counts.values())
    ]
    if report.untrained:
        empty.append(
            f"  {untrained_text(report.name, printable(report.train.name), report.untrained)}"
        )
    if not report.refused:
        return ["no problems: a run can train on this data set"]
    count = f", problems: {len(report.problems):,}" if report.problems else ":"
    head = f"a run refuses this data set{count}"
    return ["\n".join([head, *lines, *empty])]


def _remarks(report: CheckReport) -> Iterable[str]:
    counts, splits = figures(report), (report.train, report.eval)
    missing = [name for name, count in report.eval.counts.items() if not count]
    if missing:
        yield f"{printable(report.eval.name)} has no images of {', '.join(missing)}"
    yield from _imbalance(report.train)
    if report.passed_over:
        yield printable(passed_over_text(report.passed_over))
    shared = [face for group in report.identical if group.train for face in group.eval]
    if shared:
        yield _line(
            f"also in {report.train.name}, pixel by pixel",
            f"{_of_eval(report.eval, counts['eval_in_train'])} (--dedup drops them)",
            counts["eval_in_train_relabelled"],
            (face.name for face in shared),
        )
    for key, split in zip(("train", "eval"), splits, strict=True):
        groups = [faces for group in report.identical if len(faces := getattr(group, key)) > 1]
        groups.sort(key=lambda faces: len({face.label for face in faces}) < 2)  # stable
        if groups:
            yield _line(
                f"identical within {split.name}",
                f"{counts[f'{key}_copies']:,} images, {len(groups):,} distinct",
                counts[f"{key}_contradicting"],
                (_pair(*faces[:2]) for faces in groups),
            )
    if report.near is not None:
        yield _line(
            f"altered copies of images in {report.train.name} (similarity from "
            f"{report.near_threshold:.3f})",
            _of_eval(report.eval, counts["near"]),
            counts["near_relabelled"],
            (
                f"{_pair(pair.eval, pair.train)} {pair.similarity:.3f}"
                f"{' mirrored' if pair.mirrored else ''}"
                for pair in report.near
            ),
        )


def _imbalance(train: SplitReport) -> Iterable[str]:
    """What a run will not refuse and yet can hardly learn: rare classes."""
    counts = {printable(name): count for name, count in train.counts.items() if count}
    few = [f"{name} ({count})" for name, count in counts.items() if count < FEW]
    if few:
        yield (
            f"{printable(train.name)} has fewer than {FEW} images of {', '.join(few)}: figures of "
            "these classes will be chance"
        )
    if counts and max(counts.values()) >= IMBALANCE * min(counts.values()):
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        yield (
            f"imbalance in {printable(train.name)}: {counts[most]:,} images of {most}, "
            f"{counts[least]:,} of {least}; --balance weighs or draws rare classes more"
        )


def _line(what: str, count: str, relabelled: int, names: Iterable[str]) -> str:
    shown = _first(names)
    return f"{printable(what)}: {printable(count)}" + (
        f", {relabelled:,} with different labels: {shown}" if shown else ""
    )


def _of_eval(split: SplitReport, count: int) -> str:
    return f"{count:,} of {sum(split.counts.values()):,} images of {split.name}"


def _pair(one: NamedImage, other: NamedImage) -> str:
    labels = f" ({one.label}, {other.label})" if one.label != other.label else ""
    return f"{one.name} = {other.name}{labels}"


def _first(names: Iterable[str]) -> str:
    names = [printable(name) for name in names]
    more = ", ..." if len(names) > FIRST else ""
    return ", ".join(names[:FIRST]) + more

"""What a check of a data set found: a report, its figures, and both as JSON."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from fer_core.datasets.base import Problem

Size = tuple[int, int]


class NamedImage(NamedTuple):
    """One image: its name in the data set, and its class."""

    name: str
    label: str


class Sizes(NamedTuple):
    """Width and height of images in pixels, ordered by area; the commonest with their count."""

    smallest: Size
    median: Size
    largest: Size
    commonest: tuple[tuple[Size, int], ...]


class SplitReport(NamedTuple):
    """One split.

    Attributes:
        name: its own name, for example ``val``.
        counts: class -> images that can be read.
        unusable: listed images that are missing or cannot be read.
        sizes: of those that can be read; None: there are none.
    """

    name: str
    counts: dict[str, int]
    unusable: int
    sizes: Sizes | None


class Identical(NamedTuple):
    """Two or more images that are equal pixel by pixel, by the splits they are in."""

    train: tuple[NamedImage, ...]
    eval: tuple[NamedImage, ...]


class Near(NamedTuple):
    """An evaluation image that seems to be a changed copy of a training one; see `NearPair`."""

    train: NamedImage
    eval: NamedImage
    similarity: float
    mirrored: bool


class CheckReport(NamedTuple):
    """What a data set holds.

    Attributes:
        name: of the data set.
        classes: class names.
        train: the training split.
        eval: the split that is evaluated.
        problems: all that a run refuses.
        identical: groups of equal images, within and across the splits.
        near: near-duplicates across the splits, the most similar first; None: not looked for.
        near_threshold: their least similarity; None: not looked for.
        passed_over: files that are not read, see `fer_core.datasets.base.ListedSplit`.
    """

    name: str
    classes: tuple[str, ...]
    train: SplitReport
    eval: SplitReport
    problems: tuple[Problem, ...]
    identical: tuple[Identical, ...]
    near: tuple[Near, ...] | None
    near_threshold: float | None = None
    passed_over: tuple[str, ...] = ()

    @property
    def untrained(self) -> tuple[str, ...]:
        """Classes without a training image, where there are training images at all."""
        counts = self.train.counts
        return tuple(n for n in self.classes if not counts[n]) if any(counts.values()) else ()

    @property
    def refused(self) -> bool:
        """Whether a run refuses it: for a problem, an empty split, or a class without images."""
        empty = not (any(self.train.counts.values()) and any(self.eval.counts.values()))
        return bool(self.problems) or empty or bool(self.untrained)


def figures(report: CheckReport) -> dict[str, int]:
    """Counts of duplicates.

    An evaluation image is in train when an equal one is there, ``eval_in_train_relabelled`` when
    one of these has another label. ``*_groups`` are groups of equal images within a split,
    ``*_copies`` the images in them, ``contradicting`` the groups with more than one label.
    """
    both = [group for group in report.identical if group.train and group.eval]
    relabelled = [
        sum(any(twin.label != face.label for twin in group.train) for face in group.eval)
        for group in both
    ]
    counts = {
        "eval_in_train": sum(len(group.eval) for group in both),
        "eval_in_train_relabelled": sum(relabelled),
    }
    for split in ("train", "eval"):
        groups = [found for group in report.identical if len(found := getattr(group, split)) > 1]
        counts[f"{split}_groups"] = len(groups)
        counts[f"{split}_copies"] = sum(map(len, groups))
        counts[f"{split}_contradicting"] = sum(
            len({face.label for face in group}) > 1 for group in groups
        )
    if report.near is not None:
        counts["near"] = len(report.near)
        counts["near_relabelled"] = sum(p.train.label != p.eval.label for p in report.near)
    return counts


def to_json(report: CheckReport) -> dict[str, Any]:
    """The report as plain JSON values."""

    def faces(group: Iterable[NamedImage]) -> list[dict[str, str]]:
        return [face._asdict() for face in group]

    def split(part: SplitReport) -> dict[str, Any]:
        sizes = None
        if part.sizes is not None:
            commonest = [{"size": size, "images": count} for size, count in part.sizes.commonest]
            sizes = part.sizes._asdict() | {"commonest": commonest}
        return part._asdict() | {"sizes": sizes}

    near = report.near
    pairs = (
        None
        if near is None
        else [
            pair._asdict()
            | {"train": pair.train._asdict(), "eval": pair.eval._asdict()}
            | {"similarity": round(pair.similarity, 4)}
            for pair in near
        ]
    )
    return {
        "name": report.name,
        "refused": report.refused,
        "untrained": list(report.untrained),
        "classes": list(report.classes),
        "train": split(report.train),
        "eval": split(report.eval),
        "figures": figures(report),
        "problems": [problem._asdict() for problem in report.problems],
        "passed_over": list(report.passed_over),
        "identical": [
            {"train": faces(group.train), "eval": faces(group.eval)} for group in report.identical
        ],
        "near": pairs,
        "near_threshold": report.near_threshold and round(report.near_threshold, 4),
    }

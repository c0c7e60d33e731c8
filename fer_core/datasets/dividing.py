"""A set without splits, divided into a training and an evaluation part by groups of images."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_core.datasets.base import DataError, ListedSplit, Source
from fer_core.datasets.exclude import chosen_columns

logger = logging.getLogger(__name__)
OPTIONS = {"split": "", "folds": "", "fold": "", "by": "", "seed": "0"}
BY = ("", "image", "subject")
DIVIDED = "?split=0.2 takes a fifth of a folder or table without splits for evaluation"


def is_divided(options: dict[str, str]) -> bool:
    """Whether a URI's options ask for a division; see `divide`."""
    return bool(options["split"] or options["folds"])


def refuse_idle(source: Source, options: dict[str, str]) -> None:
    """Refuse options of a division where none is asked for: they would have no effect.

    Args:
        source: of the data set, for messages.
        options: its options.

    Raises:
        DataError: naming the first such option.
    """
    if is_divided(options):
        return
    for name in ("fold", "by", "seed"):
        if options[name] != OPTIONS[name]:
            raise DataError(
                f"{source.kind} {name}={options[name]} has no effect without a division: add "
                f"split=0.2 or folds=5, or leave {name} out"
            )


def divide(
    source: Source,
    options: dict[str, str],
    whole: ListedSplit,
    subjects: Sequence[str] | None,
    *,
    needed: str,
) -> tuple[ListedSplit, ListedSplit]:
    """Two parts of a set: no group is in both, and each has about the same share of every class.

    ``split=0.2`` takes a fifth of each class for evaluation; ``folds=5&fold=0`` the first of five
    parts. ``by=subject`` keeps the images of a person together, ``by=image`` those whose files are
    equal byte by byte; without it, by subject where the set has subjects. ``seed`` draws.

    Args:
        source: of the data set, for messages.
        options: its options.
        whole: all images; a URI with the same options gives the same parts.
        subjects: N names; None: the set has none.
        needed: what a set of this kind must have for ``by=subject``, for messages.

    Returns:
        The training part, called ``train``, and the evaluation part, called ``eval``.

    Raises:
        DataError: for options that are not allowed, or parts that lack a class.
    """
    fold, folds, share = _wanted(source, options)
    by = options["by"] or ("subject" if subjects is not None else "image")
    if by == "subject" and subjects is None:
        raise DataError(f"{source.kind} by=subject needs {needed}; without it, use by=image")
    kept_together = _contents(whole) if by == "image" or subjects is None else list(subjects)
    groups = np.unique(np.array(kept_together), return_inverse=True)[1]
    if options["by"] == "":
        logger.info("%s is divided by %s", source.path, by)
    order = np.random.default_rng(int(options["seed"])).permutation(int(groups.max()) + 1)
    taken = np.zeros(len(groups), dtype=bool)
    labels = np.array(whole.true_labels)
    classes = int(labels.max()) + 1
    totals = np.bincount(labels, minlength=classes)
    members = [np.flatnonzero(groups == group) for group in order]
    parts = np.zeros((folds, classes))
    for rows in members:
        counts = np.bincount(labels[rows], minlength=classes)
        place = _emptiest(parts, counts, totals, share)
        parts[place] += counts
        if place == fold:
            taken[rows] = True
    for name, kept in (("train", ~taken), ("eval", taken)):
        if not kept.any():
            raise DataError(
                f"{source.kind}: its {len(members)} groups by {by} leave no image for {name}"
            )
    if by == "image":
        logger.debug("%d images in %d groups of equal files", len(groups), len(members))
    train, held = (_part(name, whole, kept) for name, kept in (("train", ~taken), ("eval", taken)))
    return train, held


def _emptiest(parts: np.ndarray, counts: np.ndarray, totals: np.ndarray, share: float) -> int:
    """The part that lacks most of the classes of a group; the first one takes ``share`` of all.

    Args:
        parts: (P, K) images that each part has.
        counts: (K,) of the group.
        totals: (K,) of the set.
        share: of the first of two parts; the parts of more are equal.
    """
    shares = [share, 1 - share] if len(parts) == 2 else [1 / len(parts)] * len(parts)
    wanted = np.array(shares)[:, None] * totals
    lack = ((wanted - parts) / np.maximum(wanted, 1e-9) * counts).sum(1)
    return len(parts) - 1 - int(lack[::-1].argmax())  # of equals the last, which is trained on


def _wanted(source: Source, options: dict[str, str]) -> tuple[int, int, float]:
    """Which of how many parts is evaluated, and the share of the first."""
    if options["by"] not in BY:
        raise DataError(f"{source.kind} by must be image or subject, got {options['by']!r}")
    if not options["seed"].isdecimal():
        raise DataError(f"{source.kind} seed must be a whole number, got {options['seed']!r}")
    if options["split"] and options["folds"]:
        raise DataError(f"{source.kind} takes split or folds, got both")
    if options["split"]:
        if options["fold"]:
            raise DataError(f"{source.kind} fold belongs to folds, got split")
        try:
            share = float(options["split"])
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise DataError(
                f"{source.kind} split must be the share to evaluate on, above 0 and below 1, got "
                f"{options['split']!r}"
            )
        return 0, 2, share
    folds, fold = options["folds"], options["fold"] or "0"
    if not folds.isdecimal() or not 2 <= int(folds) <= 100:
        raise DataError(f"{source.kind} folds must be 2 to 100, got {folds!r}")
    if not fold.isdecimal() or int(fold) >= int(folds):
        raise DataError(f"{source.kind} fold must be 0 to {int(folds) - 1}, got {fold!r}")
    return int(fold), int(folds), 1 / int(folds)


def _contents(whole: ListedSplit) -> list[str]:
    """A hash of each file's bytes; of an unreadable one its name, which a run refuses later."""
    paths: Sequence[Path] = whole.images.paths  # pyright: ignore[reportAttributeAccessIssue]
    hashes = []
    for path in paths:
        try:
            with path.open("rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            hashes.append(str(path))
    return hashes


def _part(name: str, whole: ListedSplit, kept: np.ndarray) -> ListedSplit:
    rows = np.flatnonzero(kept)
    return whole._replace(
        name=name, images=whole.images.select(rows), **chosen_columns(whole, rows)
    )

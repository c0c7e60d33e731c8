"""Which evaluation images change sides between two models, or two methods over their seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from fer_core.metrics.intervals import mcnemar
from fer_core.records.predictions import read_predictions
from fer_core.records.run import RecordError

GAINED, LOST = "wrong → right", "right → wrong"
CHANGES = (GAINED, LOST)
LEVEL = 0.05  # a difference is significant if its adjusted p-value is below
SMALLEST_P = 0.0001  # that a sentence gives exactly
CHANCE_NOTE = (
    "Grey cells: the difference is not significant (McNemar's test image by image, adjusted for "
    "the number of cells, Holm). The test covers the choice of images, not of the seeds."
)


class ChangeError(ValueError):
    """Two sides that cannot be compared; the message is one sentence."""


class ComparedSides(NamedTuple):
    """Two sides on the same N evaluation images, last epoch.

    Attributes:
        images: by image, ``true_label``; for each side (``first``, ``second``) ``right`` (share of
            its seeds), ``predicted`` (what most of them predict, of equally many the more
            confident; the true class only if more than half are right) and ``confidence`` (mean);
            and ``change``: one of CHANGES, or empty.
        first, second: (seeds, N) predicted classes of each side.
    """

    images: pd.DataFrame
    first: np.ndarray
    second: np.ndarray


class CellTests(NamedTuple):
    """The difference of two confusion matrices, second minus first.

    Attributes:
        points: (K, K) percent of each label, in points; nan without images.
        chance: (K, K) whether the difference is not significant.
        p_values: (K, K) adjusted p-values.
    """

    points: pd.DataFrame
    chance: pd.DataFrame
    p_values: pd.DataFrame


def compare_sides(
    folders: Mapping[str, Path], first: Sequence[str], second: Sequence[str]
) -> ComparedSides:
    """The predictions of both sides on every evaluation image.

    A side of several seeds is right on an image if more than half of them are.

    Args:
        folders: by run, of its record.
        first: names of the runs of one side, at least one.
        second: of the other side, likewise.

    Raises:
        ChangeError: when predictions are missing, or not of the same images.
    """
    one, first_predicted = _side(folders, first)
    other, second_predicted = _side(folders, second)
    if not one["true_label"].equals(other["true_label"]):
        raise ChangeError("the two sides were not evaluated on the same images and labels")
    before, now = one["right"] > 0.5, other["right"] > 0.5
    sides = {"first": one, "second": other}
    images = pd.DataFrame(
        {
            "true_label": one["true_label"],
            **{
                f"{name}_{column}": side[column]
                for name, side in sides.items()
                for column in ("right", "predicted", "confidence")
            },
            "change": np.select([~before & now, before & ~now], CHANGES, ""),
        }
    )
    return ComparedSides(images, first_predicted, second_predicted)


def changes_by(images: pd.DataFrame, groups: pd.Series, name: str) -> pd.DataFrame:
    """How many images changed sides in each group, with McNemar's test in each.

    Args:
        images: of `compare_sides`.
        groups: of each image, categories in their order; missing ones are left out.
        name: of the column of groups.

    Returns:
        ``name``, ``images``, ``gained``, ``lost``, ``net_points`` (accuracy, second minus first)
        and ``p_value``, adjusted for the number of groups.
    """
    rows = []
    for value, part in images.groupby(groups, sort=True, observed=True):
        gained, lost = (int((part["change"] == change).sum()) for change in CHANGES)
        net = 100 * (gained - lost) / len(part)
        rows.append([value, len(part), gained, lost, net, mcnemar(lost, gained).p_value])
    columns = [name, "images", "gained", "lost", "net_points", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_value=holm(table["p_value"].to_numpy(dtype=float)))


def by_class(images: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """`changes_by` the true class, in the order of the classes."""
    labels = _named(images["true_label"], classes)
    return changes_by(images, pd.Series(labels, index=images.index), "class")


def cell_tests(comparison: ComparedSides, classes: Sequence[str]) -> CellTests:
    """Which differences of the two confusion matrices are significant.

    Args:
        comparison: of `compare_sides`.
        classes: K names.
    """
    size = len(classes)
    labels = comparison.images["true_label"].to_numpy()
    points = np.full((size, size), np.nan)
    p_values = np.ones((size, size))
    for predicted in range(size):
        gaps = (comparison.second == predicted).mean(0) - (comparison.first == predicted).mean(0)
        for label in np.unique(labels):
            here = gaps[labels == label]
            points[label, predicted] = 100 * here.mean()
            less, more = int((here < 0).sum()), int((here > 0).sum())
            p_values[label, predicted] = mcnemar(less, more).p_value
    tested = ~np.isnan(points)
    p_values[tested] = holm(p_values[tested])

    def frame(values: np.ndarray) -> pd.DataFrame:
        index = pd.Index(list(classes), name="label")
        return pd.DataFrame(values, index=index, columns=list(classes))

    return CellTests(frame(points), frame(p_values >= LEVEL), frame(p_values))


def image_rows(
    images: pd.DataFrame, classes: Sequence[str], agreement: pd.Series | None = None
) -> pd.DataFrame:
    """The images that change sides with readable classes, the surest changes first.

    Args:
        images: of `compare_sides`.
        classes: K names.
        agreement: of the raters by image, where known.

    Returns:
        ``image``, ``change``, ``label``, prediction and confidence of both sides, and, where it is
        known, ``agreement``.
    """
    changed = images[images["change"] != ""]
    gap = (changed["second_right"] - changed["first_right"]).abs()
    sure = changed["first_confidence"] + changed["second_confidence"]
    changed = changed.assign(gap=gap, sure=sure)
    changed = changed.sort_values(["gap", "sure"], ascending=False, kind="stable")

    rows = pd.DataFrame(
        {
            "image": changed.index,
            "change": changed["change"].to_numpy(),
            "label": _named(changed["true_label"], classes),
            "first_predicted": _named(changed["first_predicted"], classes),
            "first_confidence": changed["first_confidence"].to_numpy(),
            "second_predicted": _named(changed["second_predicted"], classes),
            "second_confidence": changed["second_confidence"].to_numpy(),
        }
    )
    if agreement is not None and not agreement.empty:
        rows["agreement"] = agreement.reindex(changed.index).to_numpy()
    return rows


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values adjusted for their number (Holm, Scandinavian Journal of Statistics 1979).

    Args:
        p_values: (N,) any order.
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def change_sentence(images: pd.DataFrame, first: str, second: str) -> str:
    """How many images changed sides, and whether the difference is significant.

    Args:
        images: of `compare_sides`.
        first: name of one side.
        second: of the other.
    """
    gained, lost = (int((images["change"] == change).sum()) for change in CHANGES)
    test = mcnemar(lost, gained)
    verdict = "a" if test.p_value < LEVEL else "not a"
    net = 100 * (gained - lost) / len(images)
    return (
        f"From {first} to {second}, {gained:,} of {len(images):,} images change from wrong to "
        f"right and {lost:,} from right to wrong: {net:+z.1f} points, {verdict} significant "
        f"difference (McNemar's test, {_p_text(test.p_value)})."
    )


def _p_text(p_value: float) -> str:
    return f"p = {p_value:.2g}" if p_value >= SMALLEST_P else f"p < {SMALLEST_P:.4f}"


def _named(codes: pd.Series, classes: Sequence[str]) -> pd.Categorical:
    """The names of classes, in the order of the classes."""
    return pd.Categorical([classes[code] for code in codes], list(classes), ordered=True)


def _side(folders: Mapping[str, Path], runs: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """The predictions of a side by image, sorted by name; and those of each seed."""
    tables = [_predictions(folders[run], run) for run in runs]
    labels = tables[0]["true_label"]
    for run, table in zip(runs, tables, strict=True):
        if not table["true_label"].equals(labels):
            raise ChangeError(f"{run} was not evaluated on the same images as {runs[0]}")
    predicted = np.stack([table["predicted"] for table in tables])  # (S, N)
    confidence = np.stack([table["confidence"] for table in tables])
    hits = predicted == labels.to_numpy()
    right = hits.mean(0)
    # A vote for each seed; the confidences, below one in all, decide between equally many. A side
    # that counts as wrong shows a wrong class.
    weights = (1 + confidence / (len(runs) + 1)) * ~(hits & (right <= 0.5))
    votes = [((predicted == one) * weights).sum(0) for one in range(int(predicted.max()) + 1)]
    side = pd.DataFrame(
        {
            "true_label": labels,
            "right": right,
            "predicted": np.argmax(votes, axis=0),
            "confidence": confidence.mean(0),
        }
    )
    return side, predicted


def _predictions(folder: Path, run: str) -> pd.DataFrame:
    try:
        rows = read_predictions(folder)
    except (RecordError, OSError) as error:
        raise ChangeError(f"the predictions of {run} cannot be read: {error}") from error
    if not rows:
        raise ChangeError(f"{run} has no predictions.csv, which is written at the end of a run")
    table = pd.DataFrame(rows).set_index("image").sort_index()
    if table.index.has_duplicates:
        raise ChangeError(f"{run} lists an evaluation image twice")
    return table

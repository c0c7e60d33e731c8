"""How far running runs are, which give no sign of life, and which go wrong."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

LEAST_SILENCE = 600.0  # seconds without a sign that are never suspicious
FIRST_SILENCE = 1800.0  # likewise, before the first epoch tells how long one takes
EPOCHS_OF_SILENCE = 3  # epochs without a sign that are suspicious
COLLAPSED = 1.15  # times chance; mean class accuracy of a model that predicts one class is chance
LAST = 3  # epochs that must look so
LOSSES = ("train_loss", "eval_loss")
SINCE = "its loss has not been a finite number since epoch {}"


class Progress(NamedTuple):
    """A running run.

    Attributes:
        run: its name.
        done: epochs in its record.
        asked: epochs that it was asked for.
        epoch_seconds: how long one takes, the median; nan before the first.
        silent_seconds: since its record was last written; nan where nobody can know.
    """

    run: str
    done: int
    asked: int
    epoch_seconds: float
    silent_seconds: float

    @property
    def stalled(self) -> bool:
        """Whether it has given no sign for much longer than an epoch takes."""
        known = not np.isnan(self.epoch_seconds)
        longest = EPOCHS_OF_SILENCE * self.epoch_seconds if known else FIRST_SILENCE
        return self.silent_seconds > max(LEAST_SILENCE, longest)

    @property
    def text(self) -> str:
        """Epochs, and how long it takes or is silent, as ``7 of 15, 3 min left``."""
        epochs = f"{self.done} of {self.asked}"
        if self.stalled:
            return f"{epochs}, no progress for {duration(self.silent_seconds)}"
        left = self.epoch_seconds * (self.asked - self.done)
        return epochs if np.isnan(left) else f"{epochs}, {duration(left)} left"


def running(
    table: pd.DataFrame, epochs: pd.DataFrame, signs: Mapping[str, float], now: float
) -> list[Progress]:
    """The runs whose record says that they are running.

    Args:
        table: `Runs.table`.
        epochs: `Runs.epochs`.
        signs: by run, when its record was last written, in seconds, where that is known.
        now: in seconds.
    """
    mine = table[table["status"] == "running"]
    if mine.empty:
        return []
    taken = epochs.loc[epochs["run"].isin(mine["run"]), ["run", "train_seconds", "eval_seconds"]]
    seconds = taken.set_index("run").sum(axis=1, min_count=2).groupby(level=0).median()
    return [
        Progress(
            str(row["run"]),
            int(row["epochs_done"]),
            int(row["epochs_asked"]),
            float(seconds.get(row["run"], np.nan)),
            now - signs[row["run"]] if row["run"] in signs else np.nan,
        )
        for row in mine.to_dict("records")
    ]


def troubles(table: pd.DataFrame, epochs: pd.DataFrame) -> dict[str, str]:
    """By run, what went wrong in its curves: a loss that is not a number, one class for all images.

    Args:
        table: `Runs.table`.
        epochs: `Runs.epochs`.
    """
    found = _broken_losses(table, epochs)
    classes = table.set_index("run")["classes"]
    classes = classes[classes > 0]  # an imported run may state none: chance is unknown then
    last = epochs.groupby("run", sort=False).tail(LAST).groupby("run", sort=False)
    accuracy = last["eval_mean_class_accuracy"]
    chance = 1 / classes.reindex(accuracy.size().index).clip(lower=2)
    collapsed = (accuracy.count() == LAST) & (accuracy.max() <= COLLAPSED * chance)
    for run in collapsed.index[collapsed]:
        percent = 100 * accuracy.last()[run]
        words = f"its mean class accuracy is {percent:.0f} %, which is chance for {classes[run]} "
        text = f"{words}classes: it predicts one class for almost every image"
        found.setdefault(str(run), text)
    return found


def _broken_losses(table: pd.DataFrame, epochs: pd.DataFrame) -> dict[str, str]:
    """By run, in which epochs a loss is not a finite number, where it is not in one."""
    imported = epochs["run"].isin(table.loc[table["imported"] != "", "run"])
    endless = epochs[list(LOSSES)].isin([np.inf, -np.inf]).any(axis=1)
    evaluated = epochs["eval_loss"].notna().groupby(epochs["run"]).transform("any")
    missing = epochs["train_loss"].isna() | (epochs["eval_loss"].isna() & evaluated)
    lost = {
        str(run): epoch
        for run, rows in epochs[imported].groupby("run", sort=False)
        if (epoch := _lost_since(rows)) is not None
    }
    found = {run: SINCE.format(epoch) for run, epoch in lost.items()}
    broken = epochs[endless | (~imported & missing)]
    last = epochs.groupby("run")["epoch"].max()
    for run, those in broken.groupby("run", sort=False)["epoch"]:
        first, count = int(those.iloc[0]), len(those)
        if count == last[run] - first + 1:
            text = SINCE.format(first)
        elif count == 1:
            text = f"its loss is not a finite number in epoch {first}"
        else:
            text = f"its loss is not a finite number in {count} epochs, first in epoch {first}"
        found.setdefault(str(run), text)
    return found


def _lost_since(epochs: pd.DataFrame) -> int | None:
    """The epoch from which on the loss of an imported run was not finite, as far as one can tell.

    Its record lacks a loss that was not finite, and also one that was never stated, as that of an
    evaluation before or after training. The first kind lasts to the end: for longer than any gap
    before, and for two epochs, or one whose training accuracy is stated.

    Args:
        epochs: `Runs.epochs` of the run.
    """
    stated = np.flatnonzero(np.isfinite(epochs["train_loss"].to_numpy(dtype=float)))
    if not len(stated):
        return None
    end = epochs.iloc[stated[-1] + 1 :]
    gap = int(np.diff(stated).max(initial=1)) - 1
    trained = end["train_accuracy_noisy_labels"].notna().any()
    lost = len(end) > gap and (len(end) > 1 or trained)
    return int(end["epoch"].iloc[0]) if lost else None


def duration(seconds: float) -> str:
    """Seconds in the largest unit that keeps them readable."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"

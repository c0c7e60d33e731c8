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
    found: dict[str, str] = {}
    losses = epochs[["run", "epoch", *LOSSES]]
    # Imported runs may have no loss at all; that is not a fault.
    stated = losses.groupby("run")["train_loss"].transform("count") > 0
    missing = stated & losses["train_loss"].isna()
    endless = losses[list(LOSSES)].isin([np.inf, -np.inf]).any(axis=1)
    broken = losses[endless | missing]
    for run, rows in broken.groupby("run", sort=False):
        found[str(run)] = f"its loss has not been a finite number since epoch {rows['epoch'].min()}"
    classes = table.set_index("run")["classes"]
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


def duration(seconds: float) -> str:
    """Seconds in the largest unit that keeps them readable."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"

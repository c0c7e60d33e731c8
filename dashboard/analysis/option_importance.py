"""How much of the differences in accuracy each option explains, taken alone."""

import numpy as np
import pandas as pd

from dashboard.analysis.runs import ACCURACY

COLUMNS = ["option", "share", "values", "together"]
ABOUT = (
    "Share of the variance of accuracy that an option alone explains (ε², corrected for its number "
    "of values), among these runs. Options that were changed together share it, and it is no proof "
    "of a cause."
)


def option_importance(axes: pd.DataFrame) -> pd.DataFrame:
    """The options by how much of the variance of accuracy they explain.

    ε² is the share of the variance between the values of an option, less what as many values
    explain by chance (Kelley, An unbiased correlation ratio measure, PNAS 1935).

    Args:
        axes: of `runs.option_axes`.

    Returns:
        COLUMNS: ``share`` in percent, from 0 to 100; number of ``values``; the other options that
        distinguish the same runs, which share the figure. Options of which every run has a value
        of its own have no share and are left out.
    """
    accuracy = axes[ACCURACY].to_numpy(dtype=float)
    names = [name for name in axes.columns if name not in ("run", ACCURACY)]
    codes = {name: pd.factorize(axes[name].astype(str), use_na_sentinel=False)[0] for name in names}
    rows = []
    for name in names:
        values = len(set(codes[name]))
        if not 1 < values < len(accuracy):
            continue
        together = [other for other in names if other != name and _alike(codes[name], codes[other])]
        rows.append((name, 100 * _share(codes[name], accuracy), values, ", ".join(together)))
    found = pd.DataFrame(rows, columns=COLUMNS)
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _share(codes: np.ndarray, accuracy: np.ndarray) -> float:
    """ε² of one option, in [0, 1]."""
    total = float(((accuracy - accuracy.mean()) ** 2).sum())
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=accuracy) / counts
    within = float(((accuracy - means[codes]) ** 2).sum())
    if total <= 0:
        return 0.0
    chance = (len(counts) - 1) * within / (len(accuracy) - len(counts))
    return float(np.clip((total - within - chance) / total, 0, 1))


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two options tell the same runs apart."""
    pairs = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return pairs == len(set(one.tolist())) == len(set(other.tolist()))

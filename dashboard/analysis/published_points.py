"""Points of the chart of published results, and where their names go."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.analysis.placed import MEASURED
from dashboard.analysis.published import AXES, UNRANKED
from dashboard.data.own_results import OWN
from fer_core.io.wording import counted

VALIDATION = "measured here, validation split"
OWN_VALIDATION = "yours, validation split"
COLUMNS = ["method", "backbone", "year", "params_m", "value", "trust", "kind"]


def scatter_points(
    published: pd.DataFrame, measured: pd.DataFrame, own: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Rows of the scatter chart, COLUMNS.

    ``kind`` tells published from our own results, and figures of a test split from those of a
    validation split.

    Args:
        published: of `published.select`.
        measured: of `placed.measured_rows`.
        own: of `placed.own_rows`.
    """
    kinds = published["is_eac"].map({True: "EAC", False: "other methods"})
    kinds = kinds.where(~published["trust"].isin(UNRANKED), "not ranked")
    names = measured["method"] + measured["options"].map(lambda text: f", {text}" if text else "")
    ours = _by_split(measured.assign(method=names), MEASURED, VALIDATION)
    parts = [published.assign(kind=kinds), ours]
    if own is not None:
        parts.append(_by_split(own, OWN, OWN_VALIDATION))
    filled = [part[COLUMNS] for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True) if filled else parts[1][COLUMNS]


def drawn_points(points: pd.DataFrame, axis: str) -> tuple[pd.DataFrame, str]:
    """The points with a value on the horizontal axis, and a sentence about the others.

    Args:
        points: of `scatter_points`.
        axis: one of AXES.
    """
    column = AXES[axis]
    drawn = points.dropna(subset=column)
    missing = points[points[column].isna()]
    if missing.empty:
        return drawn, ""
    names = ", ".join(sorted(missing["method"].unique()))
    are = "is" if len(missing) == 1 else "are"
    return drawn, (
        f"{len(missing)} of {counted(len(points), 'result')} {are} not drawn ({axis.lower()} not "
        f"known): {names}."
    )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights at least ``gap`` apart, in the order of the given ones and as near to them as can be.

    Args:
        heights: any order.
        gap: smallest distance, not negative.
    """
    order = np.argsort(heights, kind="stable")
    # Heights minus the room below each must not fall: the nearest such row joins falling stretches
    # at their mean.
    blocks: list[tuple[float, int]] = []  # mean, size
    for place, index in enumerate(order):
        blocks.append((heights[index] - place * gap, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, size), (other, more) = blocks.pop(), blocks.pop()
            blocks.append(((mean * size + other * more) / (size + more), size + more))
    level = [mean for mean, size in blocks for _ in range(size)]
    placed = np.empty(len(order))
    placed[order] = [mean + place * gap for place, mean in enumerate(level)]
    return placed.tolist()


def _by_split(rows: pd.DataFrame, test: str, validation: str) -> pd.DataFrame:
    on_validation = rows["eval_split"].astype(str) == "val"
    return rows.assign(kind=np.where(on_validation, validation, test))

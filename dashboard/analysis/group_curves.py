"""Training curves of groups of runs: the mean over seeds and its band, epoch by epoch."""

from collections.abc import Collection, Sequence

import pandas as pd

from dashboard.analysis.curves import Series, curve_points
from dashboard.analysis.seed_groups import SeedGroup, short_names
from fer_core.io.wording import counted
from fer_core.metrics.student_t import mean_interval

INTERVAL, DEVIATION, RANGE = "95 % interval", "SD", "range"
BANDS: dict[str, str] = {
    INTERVAL: "95 % interval of the mean (Student's t over seeds)",
    DEVIATION: "one standard deviation over seeds",
    RANGE: "lowest to highest seed",
}


def group_points(
    epochs: pd.DataFrame,
    groups: Sequence[SeedGroup],
    series: Sequence[Series],
    *,
    by_time: bool = False,
    smoothing: float = 0.0,
    sparse: Collection[str] = (),
    band: str = INTERVAL,
) -> pd.DataFrame:
    """The rows that a chart of groups draws.

    Args:
        epochs: `Runs.epochs`, or `curves.part_epochs`.
        groups: the groups to draw, in order.
        series: the series to draw.
        by_time: add ``minutes``: the mean over the runs at the end of the epoch.
        smoothing: as in `curves.curve_points`; each run is smoothed before the mean is taken.
        sparse: as in `curves.curve_points`.
        band: one of BANDS.

    Returns:
        ``run`` (the first of the group, for its colour), ``label``, ``series``, ``epoch``, perhaps
        ``minutes``, ``value`` (the mean), ``low`` and ``high`` of the band, nan for one run, and
        ``n`` runs with a value in the epoch; where no run has one, the mean is nan.
    """
    labels = dict(zip((group.name for group in groups), short_names(groups), strict=True))
    order = ["run", "label", "series", "epoch", *(["minutes"] if by_time else [])]
    columns = [*order, "value", "low", "high", "n"]
    rows = []
    for group in groups:
        names = dict.fromkeys(group.runs, labels[group.name])
        points = curve_points(
            epochs, names, series, by_time=by_time, smoothing=smoothing, sparse=sparse
        )
        figure = "smoothed" if smoothing > 0 else "value"
        for (name, epoch), part in points.groupby(["series", "epoch"], sort=False):
            place = [part["minutes"].mean()] if by_time else []
            values = part[figure].dropna()
            figures = [values.mean(), *_ends(values, band), len(values)]
            rows.append([group.runs[0], labels[group.name], name, epoch, *place, *figures])
    table = pd.DataFrame(rows, columns=columns)
    ranks = {one.label: rank for rank, one in enumerate(series)}
    places = {group.runs[0]: place for place, group in enumerate(groups)}
    keys = table.assign(place=table["run"].map(places), rank=table["series"].map(ranks))
    return table.loc[keys.sort_values(["place", "rank", "epoch"], kind="stable").index].reset_index(
        drop=True
    )


def unfinished_groups(groups: Sequence[SeedGroup], rows: pd.DataFrame) -> list[str]:
    """The status and epochs of the unfinished runs of each group.

    Args:
        groups: the groups to draw.
        rows: the rows of their runs.
    """
    notes = []
    for group, name in zip(groups, short_names(groups), strict=True):
        mine = rows[rows["run"].isin(group.runs) & (rows["status"] != "finished")]
        if mine.empty:
            continue
        states = " or ".join(sorted(mine["status"].unique()))
        least, most = mine["epochs_done"].min(), mine["epochs_done"].max()
        done = f"{least}" if least == most else f"{least} to {most}"
        asked = counted(mine["epochs_asked"].max(), "epoch")
        count = "" if len(group.runs) == 1 else f"{len(mine)} of {len(group.runs)} runs "
        notes.append(f"{name} ({count}{states}): {done} of {asked}")
    return notes


def _ends(values: pd.Series, band: str) -> tuple[float, float]:
    if len(values) < 2:
        return float("nan"), float("nan")
    if band == RANGE:
        return float(values.min()), float(values.max())
    mean, half, _, deviation = mean_interval(values.to_numpy(dtype=float))
    spread = deviation if band == DEVIATION else half
    return mean - spread, mean + spread

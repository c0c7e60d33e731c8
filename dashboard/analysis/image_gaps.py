"""Differences from the baseline, with an interval that counts seeds and evaluation images.

The other intervals of the dashboard count seeds alone: they say how another seed would come out on
the same images. This one also asks for other images.
"""

from collections.abc import Iterable
from typing import Any, cast

import pandas as pd

from dashboard.analysis.comparison import SeedGroup, line_pairs, paired_gaps
from dashboard.analysis.measures import ShownMeasure
from dashboard.data.tables import Runs
from fer_core.metrics.intervals import Estimate
from fer_core.records.groups import RunGroup
from fer_core.records.measures import MEASURES, gap_over_seeds_and_images
from fer_core.records.run import RecordError, read_run
from fer_core.records.trials import RunTrial

COLUMNS = ["line", "noise_percent", "gap", "over_seeds", "over_images", "n", "low", "high"]
UNKNOWN = "no predictions"


def image_gaps(runs: Runs, points: pd.DataFrame, measure: ShownMeasure) -> pd.DataFrame:
    """The differences of `paired_gaps`, with both intervals as texts.

    Args:
        runs: whose records have the predictions.
        points: of `noise_points`, of one comparison.
        measure: that is compared; one without predictions has no rows.

    Returns:
        COLUMNS: ``gap`` in points; as texts ``over_seeds``, the interval of Student's t, and
        ``over_images``, that of a hierarchical bootstrap over seeds and images; ``low`` and
        ``high`` of the latter, of the former where predictions are missing.
    """
    if not measure.measure:
        return pd.DataFrame(columns=COLUMNS)
    known = points.dropna(subset=measure.column)
    wide = {
        (line, other.noise.percent): _over_images(runs, baseline, other, measure)
        for baseline, other, lines in line_pairs(known)
        for line in lines
    }
    gaps = cast("Iterable[Any]", paired_gaps(points, measure.column).itertuples(index=False))
    rows = [
        (
            *(row.line, row.noise_percent, row.gap),
            "one seed" if row.n == 1 else _text(row.low, row.high),
            *_told(wide[row.line, row.noise_percent], row),
        )
        for row in gaps
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _over_images(
    runs: Runs, baseline: SeedGroup, other: SeedGroup, measure: ShownMeasure
) -> Estimate | str:
    """The difference, or why it is unknown."""
    try:
        found = gap_over_seeds_and_images(
            _with_records(runs, other),
            _with_records(runs, baseline),
            MEASURES[measure.measure],
            mean_class_accuracy=measure.by_class,
        )
    except RecordError as error:
        return str(error)
    return UNKNOWN if found is None else found


def _told(found: Estimate | str, row: Any) -> tuple[object, ...]:  # noqa: ANN401
    """The last columns of a row."""
    if isinstance(found, str):
        return (found, row.n, row.low, row.high)
    return (_text(found.low, found.high), row.n, found.low, found.high)


def _with_records(runs: Runs, group: SeedGroup) -> RunGroup:
    trials = (RunTrial(*one[:-1], read_run(runs.folders[one.record])) for one in group.trials)
    return RunGroup(*group[:-1], tuple(trials))


def _text(low: float, high: float) -> str:
    return f"{low:+z.2f} to {high:+z.2f}"

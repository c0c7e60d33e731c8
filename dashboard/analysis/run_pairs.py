"""Comparing two or more runs: differing options, differences, and paired tests."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.runs import UNUSED
from dashboard.data.tables import trials_of
from fer_core.config import flat_options
from fer_core.metrics.intervals import mcnemar, paired_difference
from fer_core.records.predictions import Prediction, read_predictions
from fer_core.records.run import RecordError, RunRecord
from fer_core.reporting.option_text import option_text

RESAMPLES = 2000  # of the bootstrap, as in fer-core evaluate
FIGURES = {
    "accuracy_percent": "accuracy",
    "mean_class_accuracy_percent": "mean class accuracy",
    "macro_f1_percent": "macro F1",
}
SAME_IMAGES = "the evaluation images are not the same"


class PairTest(NamedTuple):
    """A paired test of two runs on the same evaluation images, or why there is none.

    Attributes:
        run: compared with the first run.
        images: number of evaluation images.
        difference: points of accuracy, this run minus the first, in the last epoch.
        low, high: 95 % interval of the difference, paired bootstrap.
        only_first: images that only the first run predicts correctly.
        only_this: images that only this run predicts correctly.
        p_value: of McNemar's test, two-sided.
        test: which variant of it.
        reason: why there is no test; empty if there is one.
    """

    run: str
    images: int | None = None
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    only_first: int | None = None
    only_this: int | None = None
    p_value: float = float("nan")
    test: str = ""
    reason: str = ""


def differing_options(records: Mapping[str, RunRecord]) -> pd.DataFrame:
    """The options in which the runs differ: one row per option, one column per run, as text.

    Options that are newer than a record have their default. Options of a method are compared only
    among runs of that method; for others they are "not used".
    """
    configs = {run: flat_options(record.config) for run, record in records.items()}
    names = sorted({name for config in configs.values() for name in config})
    rows = {
        name: texts
        for name in names
        if len({*(texts := [_text(config, name) for config in configs.values()])} - {UNUSED}) > 1
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(configs), dtype=str)
    return table.rename_axis("option").reset_index()


def figure_deltas(rows: pd.DataFrame) -> pd.DataFrame:
    """The figures of runs and their differences from the first run, in points.

    Args:
        rows: rows of `Runs.table`. A run that was evaluated on other images than the first has no
            differences.
    """
    first = rows.iloc[0]
    tested_on = [trial.setting.tested_on for trial in trials_of(rows)]
    same = np.array([images == tested_on[0] for images in tested_on])
    columns: dict[str, pd.Series] = {"run": rows["run"], "status": rows["status"]}
    for column, name in FIGURES.items():
        columns[name] = rows[column]
        columns[f"{name} difference"] = (rows[column] - first[column]).where(same)
    columns["seconds"] = rows["seconds"]
    return pd.DataFrame(columns).reset_index(drop=True)


def pair_tests(records: Mapping[str, RunRecord]) -> pd.DataFrame:
    """Each run against the first one on the same evaluation images: columns of `PairTest`."""
    (first, base), *others = records.items()
    predictions = _predictions(first, base)
    tests = [_pair_test(first, base, predictions, run, record) for run, record in others]
    return pd.DataFrame(tests, columns=list(PairTest._fields))


def _pair_test(
    first: str, base: RunRecord, theirs: pd.DataFrame | str, run: str, record: RunRecord
) -> PairTest:
    mine = _predictions(run, record)
    for found in (theirs, mine):
        if isinstance(found, str):
            return PairTest(run, reason=found)
    assert isinstance(theirs, pd.DataFrame) and isinstance(mine, pd.DataFrame)  # noqa: PT018
    hashes = [str(one.data.get("sha256", "")) for one in (base, record)]
    if hashes[0] != hashes[1]:
        # Equal names do not prove equal images.
        return PairTest(run, reason=f"{SAME_IMAGES}: the hashes of the data differ")
    if base.classes != record.classes:
        return PairTest(run, reason=f"{SAME_IMAGES}: the classes differ")
    if len(theirs) != len(mine) or not theirs.index.equals(mine.index):
        return PairTest(
            run, reason=f"{SAME_IMAGES}: {len(theirs):,} of {first}, {len(mine):,} of {run}"
        )
    if not theirs["true_label"].equals(mine["true_label"]):
        return PairTest(run, reason=f"{SAME_IMAGES}: their labels differ")
    before, now = (frame["true_label"] == frame["predicted"] for frame in (theirs, mine))
    only_first, only_this = int((before & ~now).sum()), int((now & ~before).sum())
    generator = np.random.default_rng(0)
    gap = paired_difference(only_this, only_first, len(mine), RESAMPLES, generator)
    result = mcnemar(only_first, only_this)
    return PairTest(
        run,
        len(mine),
        100 * gap.value,
        100 * gap.low,
        100 * gap.high,
        only_first,
        only_this,
        result.p_value,
        result.test,
    )


def _predictions(run: str, record: RunRecord) -> pd.DataFrame | str:
    """The predictions of a run, sorted by image name, or the reason why there are none."""
    try:
        rows = read_predictions(record.path)
    except (RecordError, OSError) as error:
        return f"the predictions of {run} cannot be read: {error}"
    if not rows:
        return f"{run} has no predictions.csv, which is written at the end of a run"
    table = pd.DataFrame(rows, columns=list(Prediction._fields)).set_index("image")
    if table.index.has_duplicates:
        return f"{run} lists an evaluation image twice"
    return table.sort_index()


def _text(config: Mapping[str, object], name: str) -> str:
    return option_text(config[name]) if name in config else UNUSED

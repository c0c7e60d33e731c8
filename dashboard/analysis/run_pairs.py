"""Two or more runs side by side: what differs, by how much, and whether chance explains it."""

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.data.tables import trials_of
from fer_core.config import flat_options
from fer_core.metrics.intervals import mcnemar, paired_difference
from fer_core.records.run import Prediction, RecordError, RunRecord, read_predictions

RESAMPLES = 2000  # of the bootstrap, as in fer-core evaluate
FIGURES = {
    "accuracy_percent": "accuracy",
    "mean_class_accuracy_percent": "mean class accuracy",
    "macro_f1_percent": "macro F1",
}
SAME_IMAGES = "the evaluation images are not the same"


class PairTest(NamedTuple):
    """Two runs on the same evaluation images, or why they cannot be tested.

    Attributes:
        run: the run that is compared with the first one.
        images: number of evaluation images.
        difference: points of accuracy, this run minus the first, in the last epoch.
        low, high: 95 % interval of the difference, paired bootstrap.
        only_first: images that the first run alone answers right.
        only_this: images that this run alone answers right.
        p_value: of McNemar's test, two-sided.
        test: which form of it.
        reason: why there is no test; empty where there is one.
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
    """The options in which the runs differ: a row an option, a column a run, values as text.

    An option that a record's version did not have yet has its default. Options of one method differ
    among the runs of that method; a run of another method has none of them.
    """
    configs = {run: flat_options(record.config) for run, record in records.items()}
    names = sorted({name for config in configs.values() for name in config})
    rows = {
        name: [_text(config.get(name)) for config in configs.values()]
        for name in names
        if len({_text(config[name]) for config in configs.values() if name in config}) > 1
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(configs), dtype=str)
    return table.rename_axis("option").reset_index()


def figure_deltas(rows: pd.DataFrame) -> pd.DataFrame:
    """The figures of runs and their differences from the first run, in points.

    Args:
        rows: rows of `Runs.table`. A run that was not tested on the first one's images has no
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
    answers = _answers(first, base)
    tests = [_pair_test(first, base, answers, run, record) for run, record in others]
    return pd.DataFrame(tests, columns=list(PairTest._fields))


def _pair_test(
    first: str, base: RunRecord, answers: pd.DataFrame | str, run: str, record: RunRecord
) -> PairTest:
    mine = _answers(run, record)
    for found in (answers, mine):
        if isinstance(found, str):
            return PairTest(run, reason=found)
    assert isinstance(answers, pd.DataFrame) and isinstance(mine, pd.DataFrame)  # noqa: PT018
    hashes = [str(one.data.get("sha256", "")) for one in (base, record)]
    if hashes[0] != hashes[1]:
        # Equal names need not be the same pictures.
        return PairTest(run, reason=f"{SAME_IMAGES}: the hashes of the data differ")
    if base.classes != record.classes:
        return PairTest(run, reason=f"{SAME_IMAGES}: the classes differ")
    if len(answers) != len(mine) or not answers.index.equals(mine.index):
        return PairTest(
            run, reason=f"{SAME_IMAGES}: {len(answers):,} of {first}, {len(mine):,} of {run}"
        )
    if not answers["true_label"].equals(mine["true_label"]):
        return PairTest(run, reason=f"{SAME_IMAGES}: their labels differ")
    before, now = (frame["true_label"] == frame["predicted"] for frame in (answers, mine))
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


def _answers(run: str, record: RunRecord) -> pd.DataFrame | str:
    """The answers of a run by image in the order of names, or why there are none."""
    try:
        predictions = read_predictions(record.path)
    except (RecordError, OSError) as error:
        return f"the predictions of {run} cannot be read: {error}"
    if not predictions:
        return f"{run} has no predictions.csv, which is written when a run finishes"
    table = pd.DataFrame(predictions, columns=list(Prediction._fields)).set_index("image")
    if table.index.has_duplicates:
        return f"{run} names an evaluation image twice"
    return table.sort_index()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""Published results with their sources, ranked only within comparable groups."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from fer_core.records.published import ZERO_SHOT, Conditions, published_results_file

HUST_REPORT = (
    "The HUST report is a project report that trains EAC on RAF-DB under label noise. This is its "
    "table for clean RAF-DB."
)
# Results are comparable when all of these agree; a missing class count only matches itself.
GROUP = ["dataset", "classes", "noise_rate", "noise_kind", "metric", "trained_on"]
UNSTATED = "not stated"
TRUST: dict[str, str] = {
    "primary": "the authors' own table, log or checkpoint",
    "second-hand": "another paper's or a survey's table, or notes on a paper",
    "claimed": "stated by the authors; their files give a lower figure or were not checked",
    "weak": "stated without a log or a checkpoint",
    "unverified": "it is not known which metric was used",
    "contradicted": "other results of the same authors or method contradict it",
    "rejected": "a known flaw, such as test images in the training set",
    "measured": "computed from the data itself",
}
UNRANKED = ("unverified", "contradicted", "rejected", "measured")
AXES = {"Year": "year", "Parameters": "params_m"}
COLUMNS = [
    *("rank", "method", "value", "year", "backbone", "pretraining", "selection", "trust"),
    *("table_url", "paper_url", "code_url", "doubt_url", "params_m", "venue", "source", "note"),
]


def read_published(file: Path | None = None) -> pd.DataFrame:
    """The published results with ``rank`` and ``is_eac``.

    Ranks are within one data set, class count, noise, metric and kind of training, among the
    results whose trust level allows it; all others have none. Equal values share the better rank.
    """
    kinds = {"classes": "Int64", "report_row": "Int64", "year": "Int64"}
    table = file or published_results_file()
    rows = pd.read_csv(table, dtype=kinds, keep_default_na=False, na_values=[""])
    return rank_rows(with_settings(rows))


def rank_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their ``rank`` among those of them that are comparable."""
    ranked = rows[~rows["trust"].isin(UNRANKED)]
    ranks = ranked.groupby(GROUP, dropna=False)["value"].rank(method="min", ascending=False)
    return rows.assign(rank=ranks.reindex(rows.index).astype("Int64"))


def select(
    rows: pd.DataFrame, setting: str, metric: str, noise_percent: float, trained_on: str = ""
) -> pd.DataFrame:
    """The rows of one comparable group, best first, unranked rows last.

    Args:
        rows: of `read_published`.
        setting: data set and number of classes.
        metric: name of the metric.
        noise_percent: share of noisy training labels.
        trained_on: another data set, or `ZERO_SHOT`; empty for the training split of the data set.
    """
    wanted = (
        (rows["setting"] == setting)
        & (rows["metric"] == metric)
        & (rows["noise_percent"] == noise_percent)
        & (rows["trained_on"] == trained_on)
    )
    return _ordered(rows[wanted])


def narrow(
    rows: pd.DataFrame, wanted: Mapping[str, Sequence[str]], years: tuple[int, int] | None = None
) -> pd.DataFrame:
    """The rows with some values, ranked anew among themselves.

    Args:
        rows: of `select`.
        wanted: by column, the values to keep, UNSTATED for missing ones; all if there are none.
        years: first and last; rows whose year is not known are then left out.
    """
    for column, values in wanted.items():
        if values:
            rows = rows[rows[column].fillna(UNSTATED).isin(list(values))]
    if years is not None:
        rows = rows[rows["year"].between(*years).fillna(False)]
    return _ordered(rank_rows(rows))


def training_name(trained_on: str) -> str:
    """What the models of a group were trained on, as a choice for readers."""
    if trained_on == ZERO_SHOT:
        return "zero-shot (no labelled faces)"
    return f"on {trained_on}" if trained_on else "on the same data set"


def hust_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the HUST report's table of methods, in its order.

    Args:
        rows: of `read_published`; ``report_row`` is the row in that table, from 1.
    """
    return rows.dropna(subset="report_row").sort_values("report_row")


def conditions(published: pd.DataFrame) -> list[Conditions]:
    """The conditions that decide which of our own results each row is comparable with."""
    columns = ["dataset", "classes", "metric", "noise_kind", "noise_rate", "trained_on"]
    texts = published[columns].astype(object)
    cells = texts.where(texts.notna(), "").astype(str).to_numpy()
    return [Conditions.of_published(dict(zip(columns, row, strict=True))) for row in cells]


def with_settings(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``setting``, ``noise_percent`` and ``is_eac``, as pages show them."""
    return rows.assign(
        setting=rows["dataset"] + " · " + rows["classes"].map(classes_text).astype(str),
        noise_percent=(100 * rows["noise_rate"]).round(1),
        trained_on=rows["trained_on"].fillna("").astype(str),
        is_eac=rows["method"].str.match(r"EAC\b"),
    )


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["rank", "value"], ascending=[True, False], na_position="last")


def classes_text(count: object) -> str:
    """How many classes, in words."""
    return "classes not stated" if count is pd.NA else f"{count} classes"

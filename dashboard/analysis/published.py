"""Published results with their sources, ranked only within comparable groups."""

from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.analysis.runs import trained_here
from dashboard.data.names import data_name, method_name
from dashboard.data.tables import trials_of
from fer_core.metrics.student_t import mean_interval
from fer_core.records.groups import group_trials
from fer_core.records.published import ACCURACY, Conditions, published_results_file

MEASURED = "measured here"
HUST_REPORT = (
    "The HUST report is a project report that trains EAC on RAF-DB under label noise. This is its "
    "table for clean RAF-DB."
)
# Results are comparable when all of these agree; a missing class count only matches itself.
GROUP = ["dataset", "classes", "noise_rate", "noise_kind", "metric"]
TRUST: dict[str, str] = {
    "primary": "the authors' own table, log or checkpoint",
    "second-hand": "another paper's or a survey's table",
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
    *("params_m", "venue", "code", "source", "note"),
]


def read_published(file: Path | None = None) -> pd.DataFrame:
    """The published results with ``rank`` and ``is_eac``.

    Ranks are within one data set, class count, noise and metric, among the results whose trust
    level
    allows it; all others have none. Equal values share the better rank.
    """
    kinds = {"classes": "Int64", "report_row": "Int64"}
    table = file or published_results_file()
    rows = pd.read_csv(table, dtype=kinds, keep_default_na=False, na_values=[""])
    rows["setting"] = rows["dataset"] + " · " + rows["classes"].map(_classes).astype(str)
    rows["noise_percent"] = (100 * rows["noise_rate"]).round(1)
    rows["is_eac"] = rows["method"].str.match(r"EAC\b")
    ranked = rows[~rows["trust"].isin(UNRANKED)]
    ranks = ranked.groupby(GROUP, dropna=False)["value"].rank(method="min", ascending=False)
    rows["rank"] = ranks.reindex(rows.index).astype("Int64")
    return rows


def select(rows: pd.DataFrame, setting: str, metric: str, noise_percent: float) -> pd.DataFrame:
    """The rows of one comparable group, best first, unranked rows last."""
    wanted = (
        (rows["setting"] == setting)
        & (rows["metric"] == metric)
        & (rows["noise_percent"] == noise_percent)
    )
    return rows[wanted].sort_values(["rank", "value"], ascending=[True, False], na_position="last")


def hust_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the HUST report's table of methods, in its order.

    Args:
        rows: of `read_published`; ``report_row`` is the row in that table, from 1.
    """
    return rows.dropna(subset="report_row").sort_values("report_row")


def measured_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of this project in the shape of the published table, without ranks.

    One row for each group of seeds (`fer_core.records.groups`). ``params_m``: million parameters,
    nan if not recorded; ``conditions`` decide which published results it is comparable with.
    """
    finished = trained_here(table)
    runs = finished.set_index("run")
    rows = []
    for group in group_trials(trials_of(finished)):
        seeds = runs.loc[[trial.record for trial in group.trials]]
        setting, noise = group.setting, group.noise
        mean, half, n, _ = mean_interval(seeds["accuracy_percent"].to_numpy())
        rows.append(
            {
                "method": method_name(group.approach.method),
                "value": mean,
                "half": half,
                "seeds": n,
                "setting": f"{data_name(setting.data)} · {_classes(setting.classes)}",
                "noise_percent": noise.percent,
                "noise_kind": noise.kind,
                "backbone": setting.backbone,
                "params_m": seeds["parameters"].max() / 1e6,
                "image_size": setting.image_size,
                "epochs": setting.epochs,
                "eval_split": setting.eval_split,
                "pretraining": ", ".join(sorted(set(seeds["pretrained"]))),
                "year": int(str(seeds["started"].max())[:4]),
                "metric": ACCURACY,
                "selection": "mean of last 5 epochs",
                "trust": MEASURED,
                "conditions": Conditions.of_runs(setting, noise),
            }
        )
    columns = [
        *("method", "value", "half", "seeds", "setting", "noise_percent", "noise_kind"),
        *("backbone", "params_m", "image_size", "epochs", "eval_split", "pretraining", "year"),
        *("metric", "selection", "trust", "conditions"),
    ]
    order = ["setting", "noise_percent", "backbone", "method"]
    return pd.DataFrame(rows, columns=columns).sort_values(order, ignore_index=True)


def comparable_runs(measured: pd.DataFrame, group: pd.DataFrame) -> pd.DataFrame:
    """Our own results that are comparable with one group of published results; none is ranked.

    Args:
        measured: of `measured_rows`.
        group: of `select`, not empty.
    """
    theirs = conditions(group.head(1))[0]
    comparable = [mine.alike(theirs) for mine in measured["conditions"]]
    return measured[np.array(comparable, dtype=bool)]


def conditions(published: pd.DataFrame) -> list[Conditions]:
    """The conditions that decide which of our own results each row is comparable with."""
    columns = ["dataset", "classes", "metric", "noise_kind", "noise_rate"]
    texts = published[columns].astype(object)
    cells = texts.where(texts.notna(), "").astype(str).to_numpy()
    return [Conditions.of_published(dict(zip(columns, row, strict=True))) for row in cells]


def scatter_points(published: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Rows of the scatter chart: method, year, parameters, value, trust and kind of point."""
    kinds = published["is_eac"].map({True: "EAC", False: "other methods"})
    kinds = kinds.where(~published["trust"].isin(UNRANKED), "not ranked")
    columns = ["method", "backbone", "year", "params_m", "value", "trust", "kind"]
    ours = measured.assign(kind=MEASURED)[columns]
    parts = [part for part in (published.assign(kind=kinds)[columns], ours) if not part.empty]
    return pd.concat(parts, ignore_index=True) if parts else ours


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
    return drawn, (
        f"{len(missing)} of {len(points)} results are not drawn ({axis.lower()} not known): "
        f"{names}."
    )


def _classes(count: object) -> str:
    return "classes not stated" if count is pd.NA else f"{count} classes"

"""Our own results, and those of a visitor, beside comparable published ones; none is ranked."""

import numpy as np
import pandas as pd

from dashboard.analysis.published import classes_text, conditions, with_settings
from dashboard.analysis.runs import trained_here
from dashboard.analysis.seed_groups import option_texts, seed_groups
from dashboard.data.names import data_name, method_name
from dashboard.data.own_results import OWN
from fer_core.metrics.student_t import mean_interval
from fer_core.records.published import ACCURACY, Conditions

MEASURED = "measured here"


def measured_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of this project in the shape of the published table, without ranks.

    One row for each group of seeds (`fer_core.records.groups`). ``options`` tell it apart from the
    others on the same data; ``params_m``: million parameters, nan if not recorded; ``conditions``
    decide which published results it is comparable with.
    """
    finished = trained_here(table)
    runs = finished.set_index("run")
    groups = seed_groups(finished)
    rows = []
    for group, options in zip(groups, option_texts(groups, apart=("classes",)), strict=True):
        seeds = runs.loc[list(group.runs)]
        setting, noise = group.parts[0].setting, group.parts[0].noise
        mean, half, n, _ = mean_interval(seeds["accuracy_percent"].to_numpy())
        rows.append(
            {
                "method": method_name(group.method),
                "options": options,
                "value": mean,
                "half": half,
                "seeds": n,
                "setting": f"{data_name(setting.data)} · {classes_text(setting.classes)}",
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
        *("method", "options", "value", "half", "seeds", "setting", "noise_percent", "noise_kind"),
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


def comparable_own(own: pd.DataFrame, group: pd.DataFrame) -> pd.DataFrame:
    """The results of a visitor that are comparable with one group of published results.

    Args:
        own: of `own_rows`.
        group: of `select`, not empty.
    """
    theirs = conditions(group.head(1))[0]
    return own[np.array([one.alike(theirs) for one in conditions(own)], dtype=bool)]


def own_rows(own: pd.DataFrame) -> pd.DataFrame:
    """Results of your own in the shape of `read_published`, unranked.

    Args:
        own: of `read_own_results`.
    """
    rows = with_settings(own.astype({"noise_rate": float}))
    return rows.assign(trust=OWN, rank=pd.array([pd.NA] * len(rows), dtype="Int64"))


def place(value: float, published: pd.DataFrame) -> int:
    """The rank that a result would have among published ones."""
    ranked = published.dropna(subset="rank")
    return int((ranked["value"] > value).sum()) + 1


def place_sentence(result: pd.Series, published: pd.DataFrame) -> str:
    """Where a result of your own stands among published ones.

    A figure of a validation split has no place: published figures are those of test splits.

    Args:
        result: a row of `own_rows`.
        published: the comparable rows, of `select`.
    """
    count = int(published["rank"].notna().sum())
    text = f"**{result['method']}**, {result['value']:.2f} %"
    if result["eval_split"] == "val":
        return f"{text} on the validation split: no place among figures of the test split."
    return f"{text}: rank {place(float(result['value']), published)} of {count + 1}."

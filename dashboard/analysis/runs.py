"""The table of runs: filters, sparklines, and options against accuracy."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.data.names import data_name, method_name
from fer_core.io.wording import counted

FILTERS = {
    "data": "Data",
    "method": "Method",
    "backbone": "Backbone",
    "noise": "Noise",
    "status": "Status",
}
# Facts that are columns of the table; all other axes come from the options.
FACTS = ("method", "backbone", "noise", "noise_percent", "image_size", "epochs_asked", "seed")
SEARCHED = [
    *("run", "tags", "note", "status", "data", "method", "backbone", "noise"),
    *("options", "method_options"),
]
ACCURACY = "accuracy_percent"
MAX_AXES = 8
UNUSED = "not used"  # an option of another method


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """The runs with readable names of data set, method and noise."""
    methods, data = table["method"], table["data"]
    return table.assign(
        method=methods.map({name: method_name(name) for name in methods.unique()}),
        data=data.map({name: data_name(name) for name in data.unique()}),
        noise=_noise_names(table["noise"], table["noise_percent"]),
    )


def filter_choices(named: pd.DataFrame) -> dict[str, list[str]]:
    """The values that the filter of each column offers."""
    return {column: sorted(named[column].unique().tolist(), key=_natural) for column in FILTERS}


def filter_runs(named: pd.DataFrame, chosen: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The runs with a chosen value in every column; a column without a choice does not filter.

    Args:
        named: of `with_names`.
        chosen: by column, values of `filter_choices`.
    """
    keep = np.ones(len(named), dtype=bool)
    for column, values in chosen.items():
        if values:
            keep &= named[column].isin(values).to_numpy()
    return named[keep]


def with_curves(table: pd.DataFrame, epochs: pd.DataFrame) -> pd.DataFrame:
    """The runs with ``curve``: their evaluation accuracy after each epoch, in percent."""
    starts = np.flatnonzero((epochs["run"] != epochs["run"].shift()).to_numpy())
    values = (100 * epochs["eval_accuracy"]).round(1).to_numpy(dtype=float)
    curves = np.split(values, starts[1:]) if len(starts) else []
    by_run = dict(
        zip(epochs["run"].iloc[starts], (curve.tolist() for curve in curves), strict=True)
    )
    drawn = [by_run.get(run, []) for run in table["run"]]
    return table.assign(curve=pd.Series(drawn, index=table.index, dtype=object))


def search_runs(named: pd.DataFrame, text: str) -> pd.DataFrame:
    """The runs of which every searched word is in the name, a tag, the note, a fact or an option.

    Args:
        named: of `with_names`.
        text: words, in any case; none finds every run.
    """
    words = text.casefold().split()
    if not words:
        return named
    texts = [
        "\n".join(map(str, row)).casefold()
        for row in named[SEARCHED].fillna("").itertuples(index=False)
    ]
    return named[[all(word in text for word in words) for text in texts]]


def scaled_curves(rows: pd.DataFrame) -> tuple[pd.DataFrame, float, float]:
    """The sparklines on the scale of their data set, and the ends of the scale.

    Runs of one data set keep their percent. Among several, each curve is drawn from the lowest (0)
    to the highest accuracy (100) of its data set: an easy data set would flatten all others.

    Args:
        rows: of `with_curves`.
    """
    ends: dict[str, tuple[float, float]] = {}
    for data, curves in rows.groupby("data", sort=False)["curve"]:
        known = [value for curve in curves for value in curve if value == value]
        ends[str(data)] = (min(known), max(known)) if known else (0.0, 100.0)
    if len(ends) < 2:
        low, high = next(iter(ends.values()), (0.0, 100.0))
        return rows, low, high
    scaled = [
        [100 * (value - ends[data][0]) / ((ends[data][1] - ends[data][0]) or 1) for value in curve]
        for data, curve in zip(rows["data"], rows["curve"], strict=True)
    ]
    return rows.assign(curve=pd.Series(scaled, index=rows.index, dtype=object)), 0.0, 100.0


def trained_here(table: pd.DataFrame) -> pd.DataFrame:
    """The finished runs of this program; options and costs of imported runs are unknown."""
    return table[(table["status"] == "finished") & (table["imported"] == "")]


def none_finished(table: pd.DataFrame, otherwise: str = "No run has finished yet.") -> str:
    """Why there is no run of `trained_here`: all that have finished are imported, or none has."""
    imported = int(((table["status"] == "finished") & (table["imported"] != "")).sum())
    if not imported:
        return otherwise
    runs = counted(imported, "imported run has", "imported runs have")
    return (
        f"No run trained here has finished. {runs}, but what other programs do not record is "
        "unknown of them (options, predictions, costs); the pages Training curves and Runs show "
        "what is known."
    )


def option_axes(table: pd.DataFrame) -> pd.DataFrame:
    """The options in which the finished runs differ, and their accuracy.

    An option that a method does not have is "not used".

    Returns:
        ``run``, a column for each fact or option with more than one value, as in the
        configurations, and ``accuracy_percent``.
    """
    finished = table[table[ACCURACY].notna()]
    # Many runs share few texts: each is parsed once.
    texts = finished["options"] + "\n" + finished["method_options"]
    parsed = {text: _options(text) for text in texts.unique()}
    options = pd.DataFrame([parsed[text] for text in texts], index=finished.index)
    options = options.astype(object).where(options.notna(), UNUSED)
    every = pd.concat([finished[[*FACTS]], options.drop(columns=[*FACTS], errors="ignore")], axis=1)
    names = [name for name in every.columns if _differs(every[name])]
    columns = {"run": finished["run"], **{name: every[name] for name in names}}
    axes = pd.DataFrame({**columns, ACCURACY: finished[ACCURACY]}).reset_index(drop=True)
    return axes.rename(columns={"epochs_asked": "epochs"})


def _noise_names(kinds: pd.Series, percents: pd.Series) -> pd.Series:
    shares = percents.map("{:g} % ".format).where(percents.notna(), "")
    return kinds.where(percents == 0, shares + kinds).where(percents != 0, "none")


def _natural(text: str) -> tuple[float, str]:
    """Sort key: texts that start with a number come first, in numerical order."""
    start = text.partition(" ")[0]
    try:
        return float(start), text
    except ValueError:
        return float("inf"), text


def _options(text: str) -> dict[str, object]:
    shared, own = text.split("\n")
    options = {**json.loads(shared), **json.loads(own)}
    return {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in options.items()}


def _differs(values: pd.Series) -> bool:
    return values.astype(str).nunique() > 1

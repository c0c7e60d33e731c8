"""Names of the sets of comparable runs: same evaluation images, same size and epochs."""

from collections.abc import Callable

import pandas as pd

from dashboard.data.names import data_name
from dashboard.data.tables import trials_of
from fer_core.io.wording import counted
from fer_core.records.trials import Setting


def with_comparison(table: pd.DataFrame) -> pd.DataFrame:
    """The runs with a ``comparison`` column: the name of the set of runs they compare with.

    Runs share a comparison if they have the same evaluation data (name, classes and content), image
    size and number of epochs. An imported run is compared only within its suite.
    """

    def with_effort(setting: Setting) -> str:
        epochs = counted(setting.epochs, "epoch")
        return f"{_eval_images(setting)} · {setting.image_size} px · {epochs}"

    return table.assign(comparison=_names(table, with_effort))


def image_sets(table: pd.DataFrame) -> pd.Series:
    """The name of the evaluation images of each run; accuracies are comparable only within one."""
    return _names(table, _eval_images)


def _names(table: pd.DataFrame, name: Callable[[Setting], str]) -> pd.Series:
    """Names of the settings of runs; different data sets with one name get a suffix."""
    settings = [trial.setting for trial in trials_of(table)]
    names = [_imported(setting) if setting.imported else name(setting) for setting in settings]
    contents: dict[str, set[str]] = {}
    for text, setting in zip(names, settings, strict=True):
        contents.setdefault(text, set()).add(setting.content)
    distinct = [
        text if len(contents[text]) == 1 else f"{text} · data {setting.content[:6]}"
        for text, setting in zip(names, settings, strict=True)
    ]
    return pd.Series(distinct, index=table.index, dtype=str)


def _eval_images(setting: Setting) -> str:
    return f"{data_name(setting.data)} · {setting.classes} classes"


def _imported(setting: Setting) -> str:
    return f"{data_name(setting.data)} · imported {setting.imported}"

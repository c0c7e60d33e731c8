"""Names of the sets of runs that compare: tested on the same images, after the same effort."""

from collections.abc import Callable

import pandas as pd

from dashboard.data.names import data_name
from dashboard.data.tables import trials_of
from fer_core.records.trials import Setting


def with_comparison(table: pd.DataFrame) -> pd.DataFrame:
    """The runs with a ``comparison`` column: the name of the set of runs they compare with.

    Runs share a comparison when they predict the same evaluation images after the same effort: same
    data (name, classes and content), image size and number of epochs. An imported run is alone, or
    with the others of its suite.
    """

    def with_effort(setting: Setting) -> str:
        return f"{_eval_images(setting)} · {setting.image_size} px · {setting.epochs} epochs"

    return table.assign(comparison=_names(table, with_effort))


def image_sets(table: pd.DataFrame) -> pd.Series:
    """For each run, the name of what it was tested on; accuracies compare within one alone."""
    return _names(table, _eval_images)


def _names(table: pd.DataFrame, name: Callable[[Setting], str]) -> pd.Series:
    """Names of the settings of runs; several data sets of one name are told apart."""
    settings = [trial.setting for trial in trials_of(table)]
    names = [_imported(setting) if setting.imported else name(setting) for setting in settings]
    contents: dict[str, set[str]] = {}
    for text, setting in zip(names, settings, strict=True):
        contents.setdefault(text, set()).add(setting.content)
    told_apart = [
        text if len(contents[text]) == 1 else f"{text} · data {setting.content[:6]}"
        for text, setting in zip(names, settings, strict=True)
    ]
    return pd.Series(told_apart, index=table.index, dtype=str)


def _eval_images(setting: Setting) -> str:
    return f"{data_name(setting.data)} · {setting.classes} classes"


def _imported(setting: Setting) -> str:
    return f"{data_name(setting.data)} · imported {setting.imported}"

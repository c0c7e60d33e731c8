"""The runs to choose from: their labels, the default choice, and the HUST report's figures."""

from typing import NamedTuple

import pandas as pd

from dashboard.analysis.comparison import default_pair, pair_runs
from dashboard.analysis.curves import run_labels
from dashboard.analysis.seed_groups import seed_groups
from dashboard.analysis.sets import with_comparison

MAX_PRESETS = 8


class RunChoices(NamedTuple):
    """The choices of a run picker.

    Attributes:
        labels: by run, a readable and unique name.
        groups: by run, the name of its group of seeds.
        first: the default choice.
        presets: of `hust_presets`.
    """

    labels: dict[str, str]
    groups: dict[str, str]
    first: list[str]
    presets: dict[str, list[str]]


def run_choices(table: pd.DataFrame) -> RunChoices:
    """The choices among the runs of a table."""
    groups = {run: group.name for group in seed_groups(table) for run in group.runs}
    return RunChoices(run_labels(table), groups, default_pair(table), hust_presets(table))


def hust_presets(table: pd.DataFrame) -> dict[str, list[str]]:
    """For each backbone and noise, a finished EAC run and its baseline run.

    The two differ only in the method. Of several such pairs, the one from the comparison with the
    most pairs is taken, of it the EAC closest to the published one, with the lowest seed.

    Returns:
        The two runs by the name of the preset; at most MAX_PRESETS, largest comparison first.
    """
    pairs = pair_runs(with_comparison(table[table["status"] == "finished"]))
    pairs["size"] = pairs.groupby(["comparison", "backbone"])["seed"].transform("size")
    order = ["size", "comparison", "backbone", "noise_percent", "changes", "seed"]
    pairs = pairs.sort_values(order, ascending=[False, True, True, False, True, True])
    names = [
        f"{backbone}, {f'{percent:g} % {kind} noise' if percent else 'clean labels'}"
        for backbone, percent, kind in zip(
            pairs["backbone"], pairs["noise_percent"], pairs["kind"], strict=True
        )
    ]
    chosen = pairs.assign(name=pd.Series(names, index=pairs.index, dtype=object))
    chosen = chosen.drop_duplicates("name").head(MAX_PRESETS)
    return {
        str(name): [str(eac), str(baseline)]
        for name, eac, baseline in zip(
            chosen["name"], chosen["run_eac"], chosen["run_baseline"], strict=True
        )
    }

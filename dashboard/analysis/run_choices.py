"""Which runs a visitor may overlay: their names, those shown first, the report's figures."""

from typing import NamedTuple

import pandas as pd

from dashboard.analysis.comparison import default_pair, pair_runs
from dashboard.analysis.curves import run_labels
from dashboard.analysis.sets import with_comparison

MOST = 8  # presets; more would be a list, not a choice


class RunChoices(NamedTuple):
    """What a picker of runs offers.

    Attributes:
        labels: by run, its readable name, each of its own.
        first: the runs chosen before the visitor has chosen.
        presets: of `report_presets`.
    """

    labels: dict[str, str]
    first: list[str]
    presets: dict[str, list[str]]


def run_choices(table: pd.DataFrame) -> RunChoices:
    """The choices among the runs of a table."""
    return RunChoices(run_labels(table), default_pair(table), report_presets(table))


def report_presets(table: pd.DataFrame) -> dict[str, list[str]]:
    """For each backbone and noise, an EAC run and the plain run that differs in nothing else.

    Of several such pairs the one of the comparison with the most pairs, and of its seeds the
    lowest. Finished runs alone.

    Returns:
        By the name of the preset the two runs; at most MOST, those of the largest comparison first.
    """
    pairs = pair_runs(with_comparison(table[table["status"] == "finished"]))
    pairs["size"] = pairs.groupby(["comparison", "backbone"])["seed"].transform("size")
    order = ["size", "comparison", "backbone", "noise_percent", "seed"]
    pairs = pairs.sort_values(order, ascending=[False, True, True, False, True])
    names = [
        f"{backbone}, {f'{percent:g} % {kind} noise' if percent else 'clean labels'}"
        for backbone, percent, kind in zip(
            pairs["backbone"], pairs["noise_percent"], pairs["kind"], strict=True
        )
    ]
    chosen = pairs.assign(name=pd.Series(names, index=pairs.index, dtype=object))
    chosen = chosen.drop_duplicates("name").head(MOST)
    return {
        str(name): [str(eac), str(plain)]
        for name, eac, plain in zip(
            chosen["name"], chosen["run_eac"], chosen["run_plain"], strict=True
        )
    }

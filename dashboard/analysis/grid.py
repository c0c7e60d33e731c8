"""A table of results for a paper, by any options of the runs, such as method and noise.

Every cell is one group of seeds. Where two groups would share a cell, their rows are told apart by
the options in which they differ: groups are never averaged.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import comparisons, eac_note, noise_points
from dashboard.analysis.seed_groups import (
    UNSET,
    SeedGroup,
    default_texts,
    differing,
    fact_text,
    in_order,
    seed_counts,
    seed_groups,
    unusual,
    usual_values,
)
from dashboard.analysis.sets import image_sets, with_comparison
from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.compare import BASELINE, pair_with_baseline
from fer_core.records.trials import TREATMENTS
from fer_core.reporting.table_text import Cell, TextTable

MEASURES = {
    "Accuracy": "accuracy_percent",
    "Mean class accuracy": "mean_class_accuracy_percent",
    "Macro F1": "macro_f1_percent",
    "Chosen epoch": "chosen_percent",
    "Chosen epoch, flip TTA": "chosen_tta_percent",
    "Chosen epoch, flip TTA, mean class accuracy": "chosen_tta_mean_class_percent",
}
SD, INTERVAL, GAP = "mean ± SD", "mean ± 95 % interval", "difference from baseline"
SHOWN = {
    SD: "mean ± standard deviation over seeds",
    INTERVAL: "mean ± half of its 95 % interval (Student's t over seeds)",
    GAP: "paired difference from the cross-entropy baseline in points ± half of its 95 % interval "
    "(Student's t over shared seeds)",
}
FIXED = ("method", "noise")  # offered as rows or columns even if all runs agree
OTHER = 2  # rank of a row of another method than the baseline
ABSENT = tuple(name.replace("_", " ") for name in TREATMENTS)
CELL_COLUMNS = [
    *("row", "column", "mean", "sd", "half", "n", "gap", "gap_half", "gap_n"),
    *("best", "separate", "runs"),
]


class Grid(NamedTuple):
    """Results by row and column.

    Attributes:
        cells: CELL_COLUMNS, one row for each group of seeds; figures in percent, ``gap`` in points:
            the paired difference from the baseline, nan without one; ``best`` of its column;
            ``separate``: the 95 % interval of the gap excludes zero.
        rows, columns: their names in order.
        row_facts: names of the facts that name a row.
        usual: the values, with their names, that rows leave out because most groups have them.
        eac: a sentence: which EAC the runs have; empty without any.
    """

    cells: pd.DataFrame
    rows: list[str]
    columns: list[str]
    row_facts: list[str]
    usual: list[str]
    eac: str


def scopes(table: pd.DataFrame, *, mixed: bool = True) -> dict[str, list[str]]:
    """The sets of finished runs whose figures may stand in one table, by name.

    First those with the same data, size and epochs, as on the noise page; then all runs on the same
    evaluation images, if they differ in size or epochs.

    Args:
        table: of runs.
        mixed: whether those of all sizes and epochs are offered.
    """
    points = noise_points(table)
    known = table[table["run"].isin(points["run"])]
    names = with_comparison(known)["comparison"]
    found = {name: known.loc[names == name, "run"].tolist() for name in comparisons(points)}
    if not mixed:
        return found
    images = image_sets(known)
    for name in images.value_counts().index:
        if names[images == name].nunique() > 1:
            found[f"{name} · all sizes and epochs"] = known.loc[images == name, "run"].tolist()
    return found


def axis_choices(groups: Sequence[SeedGroup]) -> list[str]:
    """The facts that may be rows or columns: method, noise, and those in which groups differ."""
    return list(dict.fromkeys([*FIXED, *differing([group.facts for group in groups])]))


def offered(table: pd.DataFrame) -> list[str]:
    """The measures that some of the runs have."""
    return [name for name, column in MEASURES.items() if table[column].notna().any()]


def results_grid(
    table: pd.DataFrame, rows: Sequence[str], column: str, measure: str = "Accuracy"
) -> Grid:
    """The results of finished runs by row and column.

    A row is named by its chosen facts, and by the others that tell rows apart, except where it has
    the value that most of the groups have. Of the options that some methods do not have, those at
    their method's default are left out instead.

    Args:
        table: of runs, of one of `scopes`.
        rows: names of the facts that make the rows, of `axis_choices`.
        column: name of the fact that makes the columns.
        measure: one of MEASURES; runs without it are left out.
    """
    values = dict(zip(table["run"], table[MEASURES[measure]].astype(float), strict=True))
    known = table[table[MEASURES[measure]].notna()]
    groups = seed_groups(known)
    facts = [group.facts for group in groups]
    chosen = [name for name in rows if name != column]
    row_facts = _telling_apart(facts, chosen, column)
    more = [name for name in row_facts if name not in chosen]
    own = _own_options(groups, more)
    usual = usual_values(facts, [name for name in more if name not in own])
    gaps = _gaps(groups, values)
    names = _row_names(groups, row_facts, usual, own)
    cells = []
    for group, name, gap in zip(groups, names, gaps, strict=True):
        mean = mean_interval([values[run] for run in group.runs])
        numbers = (mean.mean, mean.deviation, mean.half, mean.n, gap.mean, gap.half, gap.n)
        separate = gap.n > 1 and abs(gap.mean) > gap.half
        runs = ", ".join(group.runs)
        cells.append([name, _value(column, group.facts), *numbers, False, separate, runs])
    frame = pd.DataFrame(cells, columns=CELL_COLUMNS)
    ranks: dict[str, int] = {}
    for row, group in zip(frame["row"], groups, strict=True):
        ranks[row] = min(_rank(group), ranks.get(row, OTHER))
    order = sorted(in_order(frame["row"].tolist()), key=ranks.__getitem__)
    left_out = [fact_text(name, usual) for name, value in usual.items() if value != UNSET]
    return Grid(
        frame, order, in_order(frame["column"].tolist()), row_facts, left_out, eac_note(known)
    )


def choose(grid: Grid, rows: Sequence[str], columns: Sequence[str]) -> Grid:
    """The grid with the chosen rows and columns alone; no choice keeps all."""
    kept_rows = [name for name in grid.rows if name in rows or not rows]
    kept = [name for name in grid.columns if name in columns or not columns]
    cells = grid.cells[grid.cells["row"].isin(kept_rows) & grid.cells["column"].isin(kept)]
    return grid._replace(cells=cells, rows=kept_rows, columns=kept)


def with_best(grid: Grid, show: str, decimals: int) -> Grid:
    """The grid with the best cells of each column marked; those that read the same are all best."""
    figure = grid.cells["gap" if show == GAP else "mean"].round(decimals)
    columns = grid.cells["column"]
    several = figure.groupby(columns).transform("count") > 1
    best = (figure == figure.groupby(columns).transform("max")) & several
    return grid._replace(cells=grid.cells.assign(best=best))


def grid_table(grid: Grid, show: str, decimals: int, corner: str, caption: str) -> TextTable:
    """The grid as a table of texts; the number of seeds stands in a cell where it differs.

    Args:
        grid: of `with_best`.
        show: one of SHOWN.
        decimals: of means and spreads.
        corner: title of the first column.
        caption: of the table.
    """
    cells = {(cell["row"], cell["column"]): cell for cell in grid.cells.to_dict("records")}
    counts = grid.cells["gap_n" if show == GAP else "n"]
    several = counts[counts > 0].nunique() > 1
    body = [
        (
            Cell(row),
            *(_cell(cells.get((row, name)), show, decimals, several) for name in grid.columns),
        )
        for row in grid.rows
    ]
    return TextTable((corner, *grid.columns), tuple(body), caption)


def corner_of(grid: Grid) -> str:
    """Title of the first column: the facts that name a row, as far as all rows have them."""
    if not grid.usual:
        return " · ".join(grid.row_facts).capitalize() or "Runs"
    return f"{grid.row_facts[0].capitalize()} · options"


def caption_of(grid: Grid, scope: str, measure: str, show: str) -> str:
    """What the table shows: measure, data, spread, seeds, and what bold and * mean."""
    counts = grid.cells["gap_n" if show == GAP else "n"]
    counts = counts[counts > 0]
    seeds = seed_counts(counts) if len(counts) else "n = 0"
    last = "last epoch" if measure == "Macro F1" else "mean of the last five epochs"
    chosen = "epoch chosen on held-out images"
    how = f" ({chosen if measure.startswith('Chosen') else last})"
    name = _measured(measure)
    tta = " with flip TTA" if "TTA" in measure else ""
    text = f"{name}{tta} in %{how}, {scope}: {SHOWN[show]}, {seeds}."
    if grid.cells["best"].any():
        text += " Bold: best of its column."
    if grid.cells["separate"].any():
        text += (
            " *: the 95 % interval of the paired difference from the cross-entropy baseline "
            "excludes 0."
        )
    if grid.usual:
        text += f" Unless a row says otherwise: {', '.join(grid.usual)}."
    return f"{text} {grid.eac}".strip()


def _measured(measure: str) -> str:
    """What a measure is of, without how its epoch is chosen."""
    if not measure.startswith("Chosen"):
        return measure
    return "Mean class accuracy" if measure.endswith("mean class accuracy") else "Accuracy"


def _telling_apart(
    facts: Sequence[Mapping[str, str]], rows: Sequence[str], column: str
) -> list[str]:
    """The facts that name a row: the chosen ones, and as few more as no two groups share a cell."""
    chosen = list(rows)
    while True:
        keys = [tuple(one.get(name, UNSET) for name in (*chosen, column)) for one in facts]
        counts = Counter(keys)
        alike = [one for one, key in zip(facts, keys, strict=True) if counts[key] > 1]
        more = [name for name in differing(alike) if name not in (*chosen, column)]
        if not more:
            return chosen
        chosen.append(max(more, key=lambda name: len({one.get(name, UNSET) for one in alike})))


def _row_names(
    groups: Sequence[SeedGroup],
    facts: Sequence[str],
    usual: Mapping[str, str],
    own: Mapping[str, Collection[str]],
) -> list[str]:
    """The name of each group's row: its facts that do not go without saying.

    Args:
        groups: of all cells.
        facts: that name a row.
        usual: the values of most groups.
        own: of `_own_options`; where rows name the method, its defaults are left out, and so are
            the options that it does not have.
    """
    by_method = {
        method: {
            **{name: UNSET for name in facts if name in ABSENT},
            **usual,
            **{
                name: default_texts(method).get(name, UNSET) if method in methods else UNSET
                for name, methods in own.items()
            },
        }
        for method in {group.method for group in groups if "method" in facts}
    }
    told = [unusual(group.facts, facts, by_method.get(group.method, usual)) for group in groups]
    return [
        " · ".join(_fact_text(name, group.facts) for name in names) or "all"
        for group, names in zip(groups, told, strict=True)
    ]


def _own_options(groups: Sequence[SeedGroup], names: Sequence[str]) -> dict[str, set[str]]:
    """By name of an option that some methods do not have, those that have it.

    A treatment that is absent is at its default.
    """
    had = {
        name: {group.method for group in groups if name in group.facts}
        for name in names
        if name not in ABSENT
    }
    methods = {group.method for group in groups}
    return {name: some for name, some in had.items() if some != methods}


def _fact_text(name: str, facts: Mapping[str, str]) -> str:
    return fact_text(name, facts) if name in facts else _value(name, facts)


def _value(name: str, facts: Mapping[str, str]) -> str:
    """The value of a fact, or that there is none."""
    return facts.get(name, f"without {name}")


def _gaps(groups: Sequence[SeedGroup], values: Mapping[str, float]) -> list[Interval]:
    """The paired difference of each group from its baseline; nan without one."""
    parts = [group.parts[0] for group in groups]
    found = {}
    for baseline, other in pair_with_baseline(parts):
        gaps = [
            values[mine.record] - values[theirs.record]
            for mine, theirs in zip(other.trials, baseline.trials, strict=True)
        ]
        found[other[:3]] = mean_interval(gaps)
    none = Interval(np.nan, np.nan, 0, np.nan)
    return [found.get(part[:3], none) for part in parts]


def _rank(group: SeedGroup) -> int:
    """The place of its row: the baseline, then the baseline with treatments, then the others."""
    if group.method != BASELINE:
        return OTHER
    return 1 if group.parts[0].approach.treatments else 0


def _cell(cell: Mapping[Hashable, object] | None, show: str, decimals: int, several: bool) -> Cell:
    if cell is None:
        return Cell("-")
    gap = show == GAP
    mean, spread = (float(str(cell[name])) for name in _FIGURES[show])
    if np.isnan(mean):
        return Cell("-")
    text = f"{mean:{'+' if gap else ''}.{decimals}f}"
    text += "" if np.isnan(spread) else f" ± {spread:.{decimals}f}"
    note = f"n = {cell['gap_n' if gap else 'n']}" if several else ""
    return Cell(text, bool(cell["best"]), bool(cell["separate"]), note)


_FIGURES = {SD: ("mean", "sd"), INTERVAL: ("mean", "half"), GAP: ("gap", "gap_half")}

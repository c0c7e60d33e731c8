"""The results table of a paper in the HTML report: method by noise, for every comparison."""

from dashboard.analysis.grid import (
    SD,
    caption_of,
    corner_of,
    grid_table,
    results_grid,
    scopes,
    with_best,
)
from dashboard.data.names import Runs
from dashboard.report.part import Part

MIN_CELLS = 2
PRINTED = 4  # tables, those of most runs; the others are on the screen


def result_parts(runs: Runs) -> list[Part]:
    """Mean and standard deviation over seeds: a row a method, a column a noise rate.

    Paper has all methods of the first comparison.
    """
    parts = []
    found = scopes(runs.table, mixed=False)
    printed = sorted(found, key=lambda name: -len(found[name]))[:PRINTED]
    for name, members in found.items():
        rows = runs.table[runs.table["run"].isin(members)]
        grid = with_best(results_grid(rows, ["method"], "noise"), SD, 1)
        if len(grid.cells) >= MIN_CELLS:
            caption = caption_of(grid, name, "Accuracy", SD)
            table = grid_table(grid, SD, 1, corner_of(grid), caption)
            screen, first = name not in printed, name == next(iter(found))
            parts.append(Part(name, caption, table=table, screen=screen, whole=first))
    return parts

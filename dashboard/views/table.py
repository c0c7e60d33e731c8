"""Results table: rows and columns are any options of the runs; copied as LaTeX or Markdown."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard.analysis.grid import (
    GAP,
    INTERVAL,
    SD,
    SHOWN,
    Grid,
    axis_choices,
    caption_of,
    choose,
    corner_of,
    grid_table,
    offered,
    results_grid,
    scopes,
    with_best,
)
from dashboard.analysis.runs import none_finished
from dashboard.analysis.seed_groups import seed_groups
from dashboard.charts.grid import grid_figure
from dashboard.data.names import Runs
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_text_table
from dashboard.views.widgets import show_chart, show_empty
from fer_core.reporting.table_text import markdown_text, to_markdown

ABOUT = (
    "A table for a paper: means over seeds by any two options of the runs, with the spread, the "
    "best in bold, and a mark where the paired difference from the baseline is significant."
)
# A wide table scrolls within its own box, so that the page does not; a figure stays on one line.
WIDE = (
    "<style>.st-key-results-table table { display: block; overflow-x: auto; } "
    ".st-key-results-table td:not(:first-child) { white-space: nowrap; }</style>"
)
RULES = """
- **A cell** is one group of runs that differ in their seed alone; n is the number of seeds. Groups
  are never averaged: where two would share a cell, their rows also name the options in which they
  differ. An option is left out of a row that has the value of most rows; the caption says which.
  Of an option that only some methods have, the default is left out.
- **Bold** is the best mean of its column, after rounding.
- **\\*** marks a cell whose paired difference from the cross-entropy baseline has a 95 % interval
  (Student's t over the shared seeds) that excludes 0. The baseline has the same setting and noise.
  One seed has no interval. The marks are not corrected for multiple testing.
- **Accuracy**, **mean class accuracy** are means of the last five epochs, **macro F1** is of the
  last epoch, **chosen epoch** is the one that does best on held-out training images with their
  noisy labels. None is selected on the evaluation split.
"""


@st.cache_data(show_spinner=False, max_entries=4)
def find_scopes(_runs: Runs, fingerprint: str) -> dict[str, list[str]]:
    """`scopes` of the runs; ``fingerprint`` is only a key of the cache."""
    return scopes(_runs.table)


def pick_axes(rows: pd.DataFrame) -> tuple[list[str], str, str]:
    """The facts of rows and columns, and the measure."""
    names = axis_choices(seed_groups(rows))
    left, middle, right = st.columns([2, 1, 2])
    chosen = left.multiselect(
        "Rows", names, default=["method"], key="table_rows", bind="query-params"
    )
    column = middle.selectbox(
        "Columns", names, index=names.index("noise"), key="table_column", bind="query-params"
    )
    measure = right.selectbox("Measure", offered(rows), key="table_measure", bind="query-params")
    return chosen, str(column), str(measure)


def pick_cells(grid: Grid) -> Grid:
    """The rows and columns chosen by the visitor; all of them by default."""
    left, right = st.columns(2)
    rows = left.multiselect(
        "Only these rows", grid.rows, key="table_only", bind="query-params", placeholder="all"
    )
    columns = right.multiselect(
        "Only these columns",
        grid.columns,
        key="table_with",
        bind="query-params",
        placeholder="all",
    )
    return choose(grid, rows, columns)


def pick_style() -> tuple[str, int]:
    """What a cell shows, and its decimals."""
    row = st.container(horizontal=True)
    show = row.segmented_control(
        "Cells", list(SHOWN), default=SD, required=True, key="table_cells", bind="query-params"
    )
    decimals = row.segmented_control(
        "Decimals", ["1", "2"], default="1", required=True, key="table_digits", bind="query-params"
    )
    return str(show), int(str(decimals))


def show_grid(grid: Grid, scope: str, column: str, measure: str) -> None:
    """The table, its copy button, and its chart."""
    show, decimals = pick_style()
    if grid.cells.empty:
        st.info("No run is in these rows and columns.")
        return
    grid = with_best(grid, show, decimals)
    drawn = grid.cells.dropna(subset="gap") if show == GAP else grid.cells
    if drawn.empty:
        st.info(
            "None of these runs has a baseline of the same setting, noise and seed, so there is no "
            "difference to show: `fer-core train --method cross_entropy`"
        )
        return
    caption = caption_of(grid, scope, measure, show)
    table = grid_table(grid, show, decimals, corner_of(grid), caption)
    with st.container(key="results-table"):
        st.html(WIDE)
        st.markdown(to_markdown(replace(table, caption="")))
    st.caption(markdown_text(caption))
    show_text_table(table, drawn, "results")
    figure = grid_figure(grid, measure, show, column)
    bars = caption_of(grid, scope, measure, GAP if show == GAP else INTERVAL)
    below = bars.partition(" Bold:")[0].partition(" *:")[0]
    show_chart(figure, drawn, "results", selection=[scope, measure], caption=below)


st.title("Results table")
st.markdown(ABOUT)
runs = load_runs()
found = find_scopes(runs, runs.fingerprint)
if not found:
    show_empty(f"{none_finished(runs.table)} A table needs at least one. Train one:")
else:
    scope = str(st.selectbox("Comparable runs", list(found), key="table_set", bind="query-params"))
    table = runs.table[runs.table["run"].isin(found[scope])]
    row_facts, column, measure = pick_axes(table)
    grid = pick_cells(results_grid(table, row_facts, column, measure))
    show_grid(grid, scope, column, measure)
    with st.expander("How to read this"):
        st.markdown(RULES)

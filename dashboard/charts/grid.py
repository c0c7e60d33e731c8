"""Chart of a table of results: a point with its interval for each cell."""

import numpy as np
import plotly.graph_objects as go

from dashboard.analysis.grid import GAP, Grid
from dashboard.charts.style import HEIGHT, finish, marker_style

ENTRY_HEIGHT = 22  # pixels of a legend entry


def grid_figure(grid: Grid, measure: str, show: str, column: str) -> go.Figure:
    """The means with 95 % intervals by column, side by side for the rows.

    Args:
        grid: what is drawn.
        measure: name of the measure.
        show: differences from the baseline if GAP, else means.
        column: name of the fact on the horizontal axis.
    """
    mean, half = ("gap", "gap_half") if show == GAP else ("mean", "half")
    figure = go.Figure()
    for index, row in enumerate(grid.rows):
        cells = grid.cells[(grid.cells["row"] == row) & grid.cells[mean].notna()]
        if cells.empty:
            continue
        figure.add_scatter(
            x=cells["column"],
            y=cells[mean],
            error_y={
                **{"type": "data", "array": cells[half].to_numpy(dtype=float)},
                **{"thickness": 1.5, "width": 4},
            },
            customdata=np.column_stack([cells["n"], cells["runs"]]),
            mode="markers",
            marker={**marker_style(index), "size": 9},
            offsetgroup=row,
            name=row,
            hovertemplate=f"<b>{row}</b><br>%{{x}}: %{{y:.2f}}<br>n = %{{customdata[0]}}"
            "<extra></extra>",
        )
    figure.update_layout(scattermode="group", scattergap=0.5)
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=grid.columns,
        title=column.capitalize(),
    )
    what = f"{measure}, difference from baseline (points)" if show == GAP else f"{measure} (%)"
    figure.update_yaxes(title=what, range=_range(grid, mean, half))
    finish(figure, f"{measure} by {column}", legend=True)
    return figure.update_layout(height=HEIGHT + ENTRY_HEIGHT * max(0, len(grid.rows) - 2))


def _range(grid: Grid, mean: str, half: str) -> list[float]:
    """Ends of the vertical axis: Plotly starts grouped points at zero by itself."""
    means, halves = grid.cells[mean], grid.cells[half].fillna(0)
    low, high = float((means - halves).min()), float((means + halves).max())
    room = max(0.08 * (high - low), 0.5)
    return [low - room, high + room]

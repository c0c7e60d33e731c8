"""Lines and texts of a Plotly layout, its shapes and annotations, drawn by matplotlib."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Transform, blended_transform_factory

from dashboard.charts.paper_traces import DASHES, POINTS, colour_of, plain

DOMAIN = " domain"  # after an axis: its length in [0, 1]
SIDES = {"left": "left", "right": "right"}  # where a text is held; in the middle otherwise


def draw_marks(axes: Axes, layout: Any, across: str, along: str) -> None:  # noqa: ANN401
    """The straight lines and the texts of one panel.

    Args:
        axes: to draw on.
        layout: of a Plotly figure.
        across: the panel's horizontal axis.
        along: the panel's vertical axis.
    """
    for shape in layout.shapes:
        ends = str(shape.xref or "x"), str(shape.yref or "y")
        if shape.type == "line" and [one.removesuffix(DOMAIN) for one in ends] == [across, along]:
            _draw_line(axes, shape, *ends)
    for text in layout.annotations:
        if (str(text.xref or "x"), str(text.yref or "y")) == (across, along):
            _draw_text(axes, text)


def _draw_line(axes: Axes, shape: Any, across: str, along: str) -> None:  # noqa: ANN401
    def place(axis: str) -> Transform:
        return axes.transAxes if axis.endswith(DOMAIN) else axes.transData

    axes.plot(
        [shape.x0, shape.x1],
        [shape.y0, shape.y1],
        transform=blended_transform_factory(place(across), place(along)),
        color=colour_of(shape.line.color),
        linestyle=DASHES.get(str(shape.line.dash or "solid"), "-"),
        linewidth=POINTS * float(shape.line.width or 2),
    )


def _draw_text(axes: Axes, text: Any) -> None:  # noqa: ANN401
    """A text beside its place, with a line to it; on a logarithmic axis Plotly gives exponents."""
    x = 10**text.x if axes.get_xscale() == "log" else text.x
    y = 10**text.y if axes.get_yscale() == "log" else text.y
    shift = (POINTS * float(text.ax or 0), -POINTS * float(text.ay or 0))
    line = {"arrowstyle": "-", "color": colour_of(text.arrowcolor), "linewidth": 0.5, "shrinkA": 0}
    axes.annotate(
        plain(text.text),
        (x, y),
        shift if text.showarrow else (0, 0),
        textcoords="offset points",
        fontsize="small",
        ha=SIDES.get(str(text.xanchor), "center"),
        va="center",
        arrowprops=line if text.showarrow else None,
    )

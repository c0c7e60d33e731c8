"""What all charts share: colours, symbols, layout."""

from collections.abc import Mapping

import plotly.graph_objects as go

# Okabe and Ito's colours in an order that stays legible on white and on near-black.
COLOURS = ("#1F83C4", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
# A method keeps its hue through all pages; further runs or lines of it take the next one.
HUES: dict[str, tuple[str, ...]] = {
    "eac": ("#1F83C4", "#56B4E9"),
    "cross_entropy": ("#D55E00", "#E69F00"),
    "eac_balanced": ("#009E73",),
    "scn": ("#CC79A7",),
    "rul": ("#A89500",),
    "gce": ("#7B61C9",),
    "co_teaching": ("#8A6A3B",),
    "label_smoothing": ("#AA3377",),
}
HEIGHT = 430


def method_colours(methods: Mapping[str, str]) -> dict[str, str]:
    """A colour for each run or line, given its method: the method's own hues, then free ones."""
    free = [colour for colour in COLOURS if not any(colour in hues for hues in HUES.values())]
    chosen: dict[str, str] = {}
    for name, method in methods.items():
        wanted = [*HUES.get(method, ()), *free, *COLOURS]
        unused = [colour for colour in wanted if colour not in chosen.values()]
        chosen[name] = unused[0] if unused else wanted[len(chosen) % len(wanted)]
    return chosen


def finish(figure: go.Figure, title: str, *, legend: bool | None = None) -> go.Figure:
    """The figure with title, legend and margins as all charts have them."""
    return figure.update_layout(
        title={"text": title},
        height=HEIGHT,
        hovermode="closest",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.3, "x": 0, "yanchor": "top"},
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
    )

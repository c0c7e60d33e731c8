"""Plotly's traces and axes drawn by matplotlib, for figures of papers."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from plotly.colors import get_colorscale

DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
MARKERS = {
    **{"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "cross": "P"},
    **{"x": "X", "star": "*", "x-thin": "x"},
}
POINTS = 0.6  # of a pixel on the page
GROUP_WIDTH = 0.5  # of the distance between categories
BAR = 0.85  # likewise, of bars
SLANT = 40  # degrees of labels that do not fit side by side
INK, GREY = "#22262C", "#8A8F98"
_TAGS = re.compile(r"<[^>]+>")
_SQUARE = re.compile(r"<span[^>]*>\N{BLACK SQUARE}</span>\s*")  # a class's colour at its tick
_DECIMALS = re.compile(r"%\{z:\.(\d)f\}")  # of a number in a cell
_RGBA = re.compile(r"rgba?\((\d+), ?(\d+), ?(\d+)(?:, ?([\d.]+))?\)")


def plain(text: object) -> str:
    """Plotly's text without its HTML; line breaks are kept."""
    lines = _SQUARE.sub("", str(text or "")).replace("<br>", "\n")
    return unescape(_TAGS.sub("", lines))


def colour_of(text: object) -> Any:  # noqa: ANN401 - as matplotlib takes it
    """A colour for matplotlib: ``#RRGGBB`` or ``rgba(...)``."""
    found = _RGBA.fullmatch(str(text or INK))
    if found is None:
        return str(text or INK)
    red, green, blue, alpha = found.groups()
    return (int(red) / 255, int(green) / 255, int(blue) / 255, float(alpha or 1))


class Scale:
    """The values of an axis as numbers: categories become places from 0."""

    def __init__(self, axis: Mapping[str, Any], values: Sequence[object]) -> None:
        """Learn the categories.

        Args:
            axis: Plotly's axis.
            values: all values that are drawn along it.
        """
        texts = any(isinstance(value, str) for value in values)
        self.categories: list[str] = []
        if axis.get("type") == "category" or (texts and axis.get("type") is None):
            listed = axis.get("categoryarray")
            listed = axis.get("tickvals") if listed is None else listed
            first = [] if listed is None else [str(one) for one in listed]
            drawn = [str(one) for one in values]
            self.categories = list(dict.fromkeys([one for one in first if one in drawn] + drawn))

    def __call__(self, values: object) -> np.ndarray:
        """(N,) places of values."""
        listed = [] if values is None else list(values)  # pyright: ignore[reportArgumentType]
        if not self.categories:
            return np.array(listed, dtype=float)
        places = {name: place for place, name in enumerate(self.categories)}
        return np.array([places.get(str(one), np.nan) for one in listed], dtype=float)


def draw_trace(  # noqa: ANN201 - a handle of matplotlib's legend
    axes: Axes,
    trace: Any,  # noqa: ANN401
    x: Scale,
    y: Scale,
    offset: float = 0.0,
    bars: int = 1,
):
    """One trace; what its legend entry shows.

    Args:
        axes: to draw on.
        trace: of a Plotly figure, one of `style.PAPER_TRACES`.
        x: of the horizontal axis.
        y: of the vertical axis.
        offset: of grouped points and bars from their category.
        bars: how many share a category.
    """
    if trace.type == "heatmap":
        return _draw_heatmap(axes, trace)
    if trace.type == "bar" and trace.orientation == "h":
        return _draw_rows(axes, trace, x(trace.x), y(trace.y))
    if trace.type == "bar":
        places = x(trace.x) + offset
        width = _bar_width(x(trace.x)) / bars
        return axes.bar(places, y(trace.y), width, color=colour_of(trace.marker.color), alpha=0.75)
    return _draw_scatter(axes, trace, x(trace.x) + offset, y(trace.y))


def set_axis(axis: Any, settings: Mapping[str, Any], scale: Scale, axes: Axes, name: str) -> None:  # noqa: ANN401
    """Title, ticks, range and kind of an axis.

    Args:
        axis: matplotlib's.
        settings: Plotly's.
        scale: of the axis.
        axes: that have the axis.
        name: ``x`` or ``y``.
    """
    if settings.get("visible") is False:
        axis.set_visible(False)
        axes.spines["bottom" if name == "x" else "left"].set_visible(False)
    axis.set_label_text(plain((settings.get("title") or {}).get("text")))
    if settings.get("type") == "log":
        getattr(axes, f"set_{name}scale")("log")
        axis.set_minor_locator(_no_ticks())
    ticks, texts = settings.get("tickvals"), settings.get("ticktext")
    if ticks is not None:
        places = scale(ticks)
        labels = [f"{one:g}" for one in places] if texts is None else [plain(one) for one in texts]
        _set_labels(axis, places, labels, axes, name)
    elif scale.categories:
        _set_labels(axis, range(len(scale.categories)), scale.categories, axes, name)
    limits = settings.get("range")
    if limits is not None:
        low, high = (float(one) for one in limits)
        ends = (10**low, 10**high) if settings.get("type") == "log" else (low, high)
        getattr(axes, f"set_{name}lim")(*ends)
    elif scale.categories and not axes.images:
        ends = (-0.6, len(scale.categories) - 0.4)
        reverse = settings.get("autorange") == "reversed"
        getattr(axes, f"set_{name}lim")(*(ends[::-1] if reverse else ends))
    if settings.get("rangemode") == "tozero":
        getattr(axes, f"set_{name}lim")(**{"left" if name == "x" else "bottom": 0})


def _set_labels(
    axis: Any,  # noqa: ANN401
    places: Sequence[float] | np.ndarray | range,
    labels: Sequence[str],
    axes: Axes,
    name: str,
) -> None:
    """Labels of ticks; slanted where they do not fit side by side."""
    width = axes.figure.get_size_inches()[0] * 72  # pyright: ignore[reportAttributeAccessIssue]
    size = mpl.rcParams["xtick.labelsize"]
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    if name == "y" or longest * len(labels) * 0.62 * size < 0.8 * width:
        axis.set_ticks(places, labels)
        return
    joined = [label.replace("\n", ", ") for label in labels]
    axis.set_ticks(places, joined, rotation=SLANT, ha="right", rotation_mode="anchor")


def group_offsets(figure: Any) -> dict[str, float]:  # noqa: ANN401
    """By name of a trace, the place of its points or bars beside their category."""
    bars = [one for one in figure.data if one.type == "bar" and one.orientation != "h"]
    width = 0.0
    if bars:
        axis = figure.layout[f"xaxis{str(bars[0].xaxis or 'x')[1:]}"]
        places = Scale(axis.to_plotly_json(), list(bars[0].x))(bars[0].x)
        width = _bar_width(places)
    offsets = _beside([str(trace.name) for trace in bars], width)
    if figure.layout.scattermode == "group":
        points = [str(trace.name) for trace in figure.data if trace.type == "scatter"]
        offsets |= _beside(points, GROUP_WIDTH)
    return offsets


def _beside(names: Sequence[str], width: float) -> dict[str, float]:
    middle = (len(names) - 1) / 2
    return {name: (i - middle) * width / max(1, len(names)) for i, name in enumerate(names)}


def _draw_rows(axes: Axes, trace: Any, lengths: np.ndarray, places: np.ndarray) -> Any:  # noqa: ANN401
    """Bars from the middle to the right or left, with their texts at the ends."""
    drawn = axes.barh(places, lengths, GROUP_WIDTH, color=colour_of(trace.marker.color))
    texts = [""] * len(lengths) if trace.text is None else trace.text
    for length, place, text in zip(lengths, places, texts, strict=True):
        left = np.signbit(length)
        axes.annotate(
            plain(text),
            (length, place),
            (-2 if left else 2, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize="small",
        )
    return drawn


def _draw_scatter(axes: Axes, trace: Any, x: np.ndarray, y: np.ndarray) -> Any:  # noqa: ANN401
    if trace.fill == "toself":
        return axes.fill(x, y, color=colour_of(trace.fillcolor), linewidth=0)[0]
    mode = str(trace.mode or "lines")
    colour = colour_of((trace.line.color if "lines" in mode else None) or trace.marker.color)
    symbol = str(trace.marker.symbol or "circle")
    shape = MARKERS.get(symbol.removesuffix("-open"), "o") if "markers" in mode else "none"
    hollow = "none" if symbol.endswith("-open") else colour
    dash = DASHES.get(str(trace.line.dash or "solid"), "-")
    style = {
        "color": colour,
        "linestyle": dash if "lines" in mode else "none",
        "linewidth": POINTS * float(trace.line.width or 2),
        "marker": shape,
        "markersize": POINTS * float(trace.marker.size or 6),
        "markerfacecolor": hollow,
        "alpha": trace.opacity,
    }
    across, along = _spread(trace.error_y), _spread(trace.error_x)
    if across is None and along is None:
        drawn: Any = axes.plot(x, y, **style)[0]
    else:
        drawn = axes.errorbar(x, y, yerr=across, xerr=along, capsize=2, elinewidth=0.8, **style)
    if "text" in mode and trace.text is not None:
        sides = trace.textposition
        sides = [sides] * len(x) if isinstance(sides, str | None) else sides
        for place, height, text, side in zip(x, y, trace.text, sides, strict=True):
            _write_beside(axes, (place, height), plain(text), str(side or "top right"))
    return drawn


def _write_beside(axes: Axes, place: tuple[Any, Any], text: str, side: str) -> None:
    """A text on the side of a point that Plotly's ``textposition`` names."""
    up, along = side.split()
    x = {"right": 4, "left": -4}.get(along, 0)
    y = {"top": 2, "bottom": -2}.get(up, 0)
    axes.annotate(
        text,
        place,
        (x, y),
        textcoords="offset points",
        fontsize="small",
        ha={"right": "left", "left": "right"}.get(along, "center"),
        va={"top": "bottom", "bottom": "top"}.get(up, "center"),
    )


def _spread(error: Any) -> np.ndarray | None:  # noqa: ANN401
    """(2, N) lengths of error bars below and above; zero where there is none."""
    if error.array is None or error.visible is False:
        return None
    above = np.array(error.array, dtype=float)
    below = above if error.arrayminus is None else np.array(error.arrayminus, dtype=float)
    return np.clip(np.nan_to_num(np.stack([below, above])), 0, None)


def _draw_heatmap(axes: Axes, trace: Any) -> None:  # noqa: ANN401
    values = np.array(trace.z, dtype=float)
    name = trace.colorscale
    stops = get_colorscale(name) if isinstance(name, str) else name
    colours = LinearSegmentedColormap.from_list(
        "chart", [(float(place), colour_of(colour)) for place, colour in stops]
    )
    low = float(np.nanmin(values)) if trace.zmin is None else float(trace.zmin)
    high = float(np.nanmax(values)) if trace.zmax is None else float(trace.zmax)
    scale = Normalize(low, high if high > low else low + 1)
    axes.imshow(values, cmap=colours, norm=scale, aspect="auto")
    axes.grid(visible=False)
    texts, found = trace.text, _DECIMALS.search(str(trace.texttemplate))
    form = f"{{:.{found[1] if found else 0}f}}"
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        if np.isnan(value):
            continue
        text = form.format(value) if texts is None else str(texts[row][column])
        red, green, blue, _ = colours(scale(value))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        ink = "white" if dark else INK
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize="small")


def _bar_width(places: np.ndarray) -> float:
    """What all bars of a category have together."""
    steps = np.diff(np.unique(places))
    return BAR * (float(steps.min()) if len(steps) else 1.0)


def _no_ticks() -> Any:  # noqa: ANN401
    from matplotlib.ticker import NullLocator

    return NullLocator()

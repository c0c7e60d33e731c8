"""Accuracy over the strength of each corruption, as a matplotlib figure."""

import math

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fer_core.config.data import DATA_NAMES
from fer_core.reporting.figure_drawing import GREY, WIDTH, new_figure
from fer_core.reporting.robustness_data import ModelCurve, RobustnessComparison

COLUMNS, PANEL_HEIGHT, WORDS_HEIGHT = 4, 1.6, 1.1  # inches
TITLES = {"jpeg": "JPEG"}  # of the panels; the others are the kind's own name
# Okabe and Ito's colours, which colour-blind readers tell apart, the lightest left out.
STYLES = (
    *(("#1F83C4", "o"), ("#D55E00", "D"), ("#009E73", "s")),
    *(("#CC79A7", "^"), ("#E69F00", "v"), ("#000000", "x")),
)


def draw_robustness(comparison: RobustnessComparison) -> Figure:
    """A panel for each corruption: a line for each model, its clean accuracy dashed.

    Raises:
        ValueError: for more models than can be told apart.
    """
    sample, models = comparison
    if len(models) > len(STYLES):
        raise ValueError(
            f"a figure shows at most {len(STYLES)} models, got {len(models)} on {sample.data} "
            f"{sample.split}: name fewer files"
        )
    kinds = list(models[0].kinds)
    columns = min(COLUMNS, len(kinds))
    rows = math.ceil(len(kinds) / columns)
    with mpl.rc_context():
        figure = new_figure(max(4.2, WIDTH * columns / COLUMNS), WORDS_HEIGHT + PANEL_HEIGHT * rows)
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, kind in zip(grid.flat, kinds, strict=False):
            for model, (colour, marker) in zip(models, STYLES, strict=False):
                _draw_model(axes, model, kind, colour, marker)
            of = models[0].kinds[kind]
            axes.set_title(TITLES.get(kind, kind.capitalize()), fontsize=9, pad=3)
            axes.set_xlabel(of.strength, fontsize=7.5, labelpad=1)
            strengths = [f"{level.strength:g}" for level in of.levels]
            axes.set_xticks(range(1, len(strengths) + 1), strengths)
            axes.tick_params(labelsize=7.5)
            axes.set_ylim(0, 100)
        for axes in grid.flat[len(kinds) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("Accuracy (%)", fontsize=8)
        _add_words(figure, comparison)
    return figure


def _draw_model(axes: Axes, model: ModelCurve, kind: str, colour: str, marker: str) -> None:
    levels = model.kinds[kind].levels
    places = range(1, len(levels) + 1)
    axes.axhline(model.clean.accuracy, color=colour, linestyle="dashed", linewidth=1)
    axes.fill_between(
        places,
        [level.figures.low for level in levels],
        [level.figures.high for level in levels],
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    accuracies = [level.figures.accuracy for level in levels]
    axes.plot(places, accuracies, color=colour, marker=marker, markersize=3.5, linewidth=1.5)


def _add_words(figure: Figure, comparison: RobustnessComparison) -> None:
    """Title and legend above the panels, caption below."""
    sample, models = comparison
    handles = []
    for model, (colour, marker) in zip(models, STYLES, strict=False):
        passes = "flip TTA" if model.mirror else "without TTA"
        label = f"{model.name}, {passes} (clean {model.clean.accuracy:.1f} %)"
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=label))
    data = DATA_NAMES.get(sample.data, sample.data)
    of = data if sample.data == sample.split else f"{data} {sample.split}"
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=2,
        title=f"Accuracy on corrupted images of {of}",
        title_fontsize=11,
        fontsize=8.5,
    )
    drawn = f", drawn at random by seed {sample.seed}" if sample.images < sample.available else ""
    figure.supxlabel(
        f"{sample.images:,} images{drawn}. Dashed: the same images, not corrupted. "
        "Bands: 95 % intervals (Wilson).",
        fontsize=8,
        color=GREY,
    )

"""Every approach against the baseline, by three measures, as a matplotlib figure."""

import textwrap
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fer_core.metrics.intervals import Estimate
from fer_core.records.measures import MEASURES
from fer_core.reporting.baseline_gaps import ApproachGaps, BaselineGaps
from fer_core.reporting.figure_data import noise_stem, setting_stems
from fer_core.reporting.figure_drawing import (
    GREY,
    WIDTH,
    add_growing_caption,
    file_name,
    new_figure,
    size_of,
    title_of,
)
from fer_core.reporting.tables import noise_name

ROW_HEIGHT, WORDS_HEIGHT = 0.62, 1.6  # inches
BARS = (
    "Bars: 95 % intervals of a hierarchical bootstrap over seeds and images, too narrow for "
    "fewer than five seeds; of one seed, over images alone."
)
ASIDE = 0.22  # between the measures of a row
LABEL_CHARACTERS = 26  # a longer name of options takes another line
# Okabe and Ito's colours, without those that are the baseline's and EAC's in the other figures.
STYLES = {"last5": ("#CC79A7", "^"), "chosen": ("#009E73", "s"), "chosen_tta": ("#000000", "o")}


def draw_all_baseline_gaps(found: Sequence[BaselineGaps]) -> dict[str, Figure]:
    """A figure for each setting and noise, by its file name without the ending."""
    stems = setting_stems(gaps.setting for gaps in found)
    return {
        file_name(f"measures-{stems[gaps.setting]}-{noise_stem(gaps.noise)}"): draw_baseline_gaps(
            gaps
        )
        for gaps in found
    }


def draw_baseline_gaps(gaps: BaselineGaps) -> Figure:
    """Accuracy and mean class accuracy minus the baseline's: a row for each approach."""
    setting, rows = gaps.setting, gaps.approaches
    with mpl.rc_context():
        figure = new_figure(WIDTH, WORDS_HEIGHT + ROW_HEIGHT * len(rows))
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_rows(left, [row.accuracy for row in rows])
        _draw_rows(right, [row.mean_class_accuracy for row in rows])
        left.set_xlabel("Accuracy (points)")
        right.set_xlabel("Mean class accuracy (points)")
        left.set_yticks(range(len(rows)), [_label(row) for row in rows])
        left.set_ylim(len(rows) - 0.5, -0.5)
        figure.legend(
            handles=[
                Line2D([], [], color=colour, marker=marker, label=MEASURES[name].title)
                for name, (colour, marker) in STYLES.items()
            ],
            loc="outside upper center",
            ncols=len(STYLES),
            title=f"{title_of(setting)}: {noise_name(gaps.noise)} noise, against the baseline",
            title_fontsize=11,
        )
        add_growing_caption(figure, f"{BARS}\n{size_of(setting)}; n = seeds. {gaps.which_eac}")
    return figure


def _label(row: ApproachGaps) -> str:
    options = textwrap.wrap(row.options, LABEL_CHARACTERS)
    return "\n".join([row.method, *options, f"n = {len(row.runs)}"])


def _draw_rows(axes: Axes, rows: list[dict[str, Estimate]]) -> None:
    axes.axvline(0, color=GREY, linestyle="dashed", linewidth=1)
    axes.grid(visible=False, axis="y")
    for place, row in enumerate(rows):
        for step, (name, (colour, marker)) in enumerate(STYLES.items()):
            gap = row[name]
            axes.errorbar(
                gap.value,
                place + (step - 1) * ASIDE,
                xerr=[[gap.value - gap.low], [gap.high - gap.value]],
                color=colour,
                marker=marker,
                markersize=5,
                linewidth=1.4,
                capsize=3,
            )

"""Right labels and recall of each class under label noise, as a matplotlib figure."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fer_core.config.methods import method_title
from fer_core.records.compare import BASELINE, EAC
from fer_core.reporting.class_recalls import BASELINE_TITLE, MEASURE, ClassRecalls
from fer_core.reporting.figure_data import noise_stem, setting_stems
from fer_core.reporting.figure_drawing import (
    GREY,
    STYLES,
    WIDTH,
    add_growing_caption,
    file_name,
    new_figure,
    size_of,
    title_of,
)
from fer_core.reporting.tables import noise_name

ROW_HEIGHT, WORDS_HEIGHT = 0.3, 1.7  # inches
MOST_OTHERS = 3  # with a colour of their own; more share one
# Okabe and Ito's colours, without those of the baseline and EAC.
OTHERS = ("#009E73", "#CC79A7", "#000000")
OTHERS_COLOUR, OTHERS_NAME = "#BBBBBB", "other approaches"


def draw_all_class_recalls(found: Sequence[ClassRecalls]) -> dict[str, Figure]:
    """A figure for each setting and noise, by its file name without the ending."""
    stems = setting_stems(one.setting for one in found)
    return {
        file_name(f"classes-{stems[one.setting]}-{noise_stem(one.noise)}"): draw_class_recalls(one)
        for one in found
    }


def draw_class_recalls(of: ClassRecalls) -> Figure:
    """A row for each class: its share of right training labels, and each approach's recall."""
    places = np.arange(len(of.classes))
    with mpl.rc_context():
        figure = new_figure(WIDTH, WORDS_HEIGHT + ROW_HEIGHT * len(places))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 3))
        left.barh(places, np.nan_to_num(of.right), color=GREY, height=0.6)
        for place, share in zip(places, of.right, strict=True):
            left.annotate(f" {share:.0f}", (share, place), va="center", fontsize=8.5)
        styles = _styles(tuple(of.recalls))
        legend: dict[str, Line2D] = {}
        for name, (label, colour, marker) in styles.items():
            (drawn,) = right.plot(
                of.recalls[name], places, marker, color=colour, markersize=6, label=label
            )
            legend[label] = drawn
        names = zip(of.classes, of.images, strict=True)
        left.set_yticks(places, [f"{name} ({images})" for name, images in names])
        left.set_ylim(len(places) - 0.5, -0.5)
        for axes, label in ((left, "Right training labels (%)"), (right, "Recall (%)")):
            axes.set_xlim(-3, 108)
            axes.set_xlabel(label)
        figure.legend(
            handles=list(legend.values()),
            loc="outside upper center",
            ncols=2,
            title=f"{title_of(of.setting)}: {noise_name(of.noise)} noise, by class",
            title_fontsize=11,
        )
        add_growing_caption(
            figure,
            "Left: of the training labels that name a class, those that are right. Right: of the "
            f"evaluation images of a class (their number in brackets), those predicted right; "
            f"{MEASURE.title}, mean over seeds.\n"
            f"{size_of(of.setting)}. {of.which_eac}",
        )
    return figure


def _styles(names: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """By approach: its label, colour and marker, in the order of drawing."""
    eac = method_title(EAC)
    known = {BASELINE_TITLE: STYLES[BASELINE], eac: STYLES[EAC]}
    others = [name for name in names if name not in known]
    if len(others) > MOST_OTHERS:
        found = dict.fromkeys(others, (OTHERS_NAME, OTHERS_COLOUR, "o"))
    else:
        found = {name: (name, colour, "s") for name, colour in zip(others, OTHERS, strict=False)}
    return found | {name: style for name, style in known.items() if name in names}

"""Every approach against the baseline over the noise rate, as a matplotlib figure."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_core.config.methods import method_title
from fer_core.metrics.intervals import Estimate
from fer_core.records.compare import EAC
from fer_core.records.measures import MEASURES
from fer_core.reporting.baseline_gaps_figure import BARS
from fer_core.reporting.figure_data import setting_stems
from fer_core.reporting.figure_drawing import (
    GREY,
    STYLES,
    WIDTH,
    add_growing_caption,
    file_name,
    new_figure,
    seed_range,
    size_of,
    title_of,
)
from fer_core.reporting.rate_gaps import RateGaps

HEIGHT = 4.0  # inches
MEASURE = MEASURES["chosen_tta"]
# Okabe and Ito's colours, without that of the baseline.
OTHERS = (("#009E73", "s"), ("#CC79A7", "^"), ("#000000", "v"), ("#E69F00", "D"), ("#56B4E9", "P"))


def draw_all_rate_gaps(found: Sequence[RateGaps]) -> dict[str, Figure]:
    """A figure for each setting, by its file name without the ending."""
    stems = setting_stems(gaps.setting for gaps in found)
    return {file_name(f"rates-{stems[gaps.setting]}"): draw_rate_gaps(gaps) for gaps in found}


def draw_rate_gaps(gaps: RateGaps) -> Figure:
    """Accuracy and mean class accuracy minus the baseline's: a line for each approach."""
    setting = gaps.setting
    rates = sorted({rate for rows in gaps.approaches.values() for rate in rows})
    with mpl.rc_context():
        figure = new_figure(WIDTH, HEIGHT)
        left, right = figure.subplots(1, 2)
        others = iter(OTHERS * len(gaps.approaches))
        apart = max(rates) / 60  # side by side, so that no bar hides another
        for place, (name, rows) in enumerate(gaps.approaches.items()):
            style = STYLES[EAC][1:] if name == method_title(EAC) else next(others)
            shift = apart * (place - (len(gaps.approaches) - 1) / 2)
            places = [rate + shift for rate in rows]
            label = f"{name} (n = {seed_range(len(row.runs) for row in rows.values())})"
            _draw(left, places, [row.accuracy[MEASURE.name] for row in rows.values()], style, label)
            means = [row.mean_class_accuracy[MEASURE.name] for row in rows.values()]
            _draw(right, places, means, style, label)
        for axes, what in ((left, "Accuracy"), (right, "Mean class accuracy")):
            axes.axhline(0, color=GREY, linestyle="dashed", linewidth=1)
            axes.set(xlabel="Noisy training labels (%)", ylabel=f"{what} (points)", xticks=rates)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(
            handles=handles,
            labels=labels,
            loc="outside upper center",
            ncols=2,
            title=f"{title_of(setting)}: against the baseline, by label noise",
            title_fontsize=11,
        )
        add_growing_caption(
            figure,
            f"Symmetric noise; {MEASURE.title}. {BARS}\n{size_of(setting)}; n = seeds. "
            f"{gaps.which_eac}",
        )
    return figure


def _draw(
    axes: Axes,
    places: Sequence[float],
    gaps: Sequence[Estimate],
    style: Sequence[str],
    label: str,
) -> None:
    colour, marker = style
    axes.errorbar(
        places,
        [gap.value for gap in gaps],
        yerr=[[gap.value - gap.low for gap in gaps], [gap.high - gap.value for gap in gaps]],
        color=colour,
        marker=marker,
        markersize=5,
        linewidth=1.6,
        elinewidth=1.2,
        capsize=3,
        label=label,
    )

"""Comparisons -> matplotlib figures and their bytes, the same bytes for the same runs."""

import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image

from fer_core.config.data import DATA_NAMES
from fer_core.metrics.student_t import mean_interval
from fer_core.records.compare import BASELINE, EAC, SHARED_TREATMENTS
from fer_core.records.trials import RunTrial, Setting
from fer_core.reporting.eac_variants import eac_name
from fer_core.reporting.figure_data import (
    RATED_KINDS,
    ComparedSetting,
    Pair,
    accuracies,
    curve,
    file_stems,
)

# Name, colour and marker of each method, as in the dashboard: Okabe and Ito's blue and vermilion,
# which colour-blind readers tell apart.
STYLES = {BASELINE: ("baseline", "#D55E00", "D"), EAC: ("EAC", "#1F83C4", "o")}
GREY = "#555555"
Style = Literal["solid", "dashed"]
WIDTH, DPI = 8.2, 110  # 902 pixels
LETTERS = 15  # of a caption, an inch
LINE_HEIGHT = 0.15  # of a caption, in inches
_SETTINGS: dict[Any, dict[str, Any]] = {  # by matplotlib's groups
    "font": {"size": 9.5},
    "axes": {"titlesize": 10, "grid": True, "axisbelow": True},
    "axes.spines": {"top": False, "right": False},
    "grid": {"color": "#E4E4E4", "linewidth": 0.7},
    "legend": {"frameon": False},
    "svg": {"hashsalt": "fer-core"},  # else the ids of an SVG are drawn at random
}


def draw_all(comparisons: Sequence[ComparedSetting]) -> dict[str, Figure]:
    """Every figure that the comparisons allow, by its file name without the ending."""
    figures: dict[str, Figure] = {}
    stems = file_stems([(comparison.setting, comparison.eac) for comparison in comparisons])
    for comparison, stem in zip(comparisons, stems, strict=True):
        for pair in comparison.pairs:
            figures[f"curves-{stem}-{pair.stem}"] = draw_curves(comparison, pair)
        if noisy_pairs(comparison):
            figures[f"memorised-{stem}"] = draw_memorised(comparison)
        if len(symmetric_pairs(comparison)) > 1:  # one rate has nothing to be drawn over
            figures[f"noise-{stem}"] = draw_noise(comparison)
    return {file_name(name): figure for name, figure in figures.items()}


def file_name(name: str) -> str:
    """What a figure's file is called: the name with every odd character replaced."""
    return re.sub(r"[^\w.-]+", "-", name)


def draw_curves(comparison: ComparedSetting, pair: Pair) -> Figure:
    """Losses and accuracy per epoch of one noise setting: thin a seed, thick the mean."""
    with mpl.rc_context():
        figure = new_figure(WIDTH, 4.1)
        left, right = figure.subplots(1, 2)
        for method, runs in pair.methods():
            _draw_epochs(left, method, runs, "train_classification_loss", "solid")
            _draw_epochs(left, method, runs, "eval_loss", "dashed")
            _draw_epochs(right, method, runs, "eval_accuracy", "solid")
        left.set(ylabel="Cross-entropy (nats)", xlabel="Epoch")
        right.set(ylabel="Accuracy (%)", xlabel="Epoch")
        styles: dict[str, Style] = {"training": "solid", "evaluation": "dashed"}
        kinds = [Line2D([], [], color=GREY, linestyle=styles[kind], label=kind) for kind in styles]
        left.legend(handles=kinds)
        caption = (
            "Training loss: on augmented images, against the noisy labels, without EAC's "
            f"consistency term.{_thin([pair])}\n{_effort(comparison)}"
        )
        _add_words(figure, f"{title_of(comparison.setting)}: {pair.title}", caption, [pair])
    return figure


def draw_memorised(comparison: ComparedSetting) -> Figure:
    """Shares of the noisy labels that are memorised and recovered, a column a noise setting.

    Args:
        comparison: one with `noisy_pairs`.
    """
    pairs = noisy_pairs(comparison)
    with mpl.rc_context():
        columns = len(pairs)
        figure = new_figure(min(WIDTH, 2.2 + 3.3 * columns), 5.6)
        grid = figure.subplots(2, columns, sharex=True, sharey="row", squeeze=False)
        rows = (
            ("memorised", "Memorised (%)"),
            ("recovered", "Recovered (%)"),
        )
        for (name, label), row in zip(rows, grid, strict=True):
            for axes, pair in zip(row, pairs, strict=True):
                for method, runs in pair.methods():
                    _draw_epochs(axes, method, runs, name, "solid")
            row[0].set(ylabel=label)
            row[0].set_ylim(bottom=0)
        for column, pair in enumerate(pairs):
            grid[0, column].set(title=pair.title)
            grid[1, column].set(xlabel="Epoch")
        caption = (
            "Training images with noisy labels. Memorised: the noisy label is predicted; "
            f"recovered: the true one.{_thin(pairs)}\n{_effort(comparison)}"
        )
        _add_words(figure, f"{title_of(comparison.setting)}: noisy labels", caption, pairs)
    return figure


def draw_noise(comparison: ComparedSetting) -> Figure:
    """Accuracy of the last five epochs over the rate of symmetric noise.

    A point a seed, a line through the means, bars of one standard deviation with two seeds or more.
    """
    pairs = symmetric_pairs(comparison)
    rates = [pair.noise.percent for pair in pairs]
    with mpl.rc_context():
        figure = new_figure(6.4, 4.4)
        axes = figure.subplots()
        aside = max(rates) / 120  # side by side, so that no bar hides another
        for method, shift in ((BASELINE, -aside), (EAC, aside)):
            _, colour, marker = STYLES[method]
            places = [rate + shift for rate in rates]
            samples = [accuracies(dict(pair.methods())[method]) for pair in pairs]
            for place, sample in zip(places, samples, strict=True):
                x = [place] * len(sample)
                axes.plot(x, sample, marker, color=colour, markersize=5, markerfacecolor="none")
            over_seeds = [mean_interval(sample) for sample in samples]
            axes.errorbar(
                places,
                [seeds.mean for seeds in over_seeds],
                yerr=[seeds.deviation for seeds in over_seeds],
                color=colour,
                marker=marker,
                markersize=6,
                linewidth=2,
                elinewidth=1.2,
                capsize=4,
            )
        axes.set(xlabel="Noisy training labels (%)", ylabel="Accuracy (%)", xticks=rates)
        several = any(len(pair.baseline) > 1 for pair in pairs)
        bars = " Open: one seed; bars: standard deviation over seeds." if several else ""
        caption = f"Symmetric noise; mean of the last five epochs.{bars}\n{_effort(comparison)}"
        _add_words(
            figure, f"{title_of(comparison.setting)}: accuracy by label noise", caption, pairs
        )
    return figure


def noisy_pairs(comparison: ComparedSetting) -> list[Pair]:
    """The pairs with noisy labels."""
    return [pair for pair in comparison.pairs if pair.noise.percent]


def symmetric_pairs(comparison: ComparedSetting) -> list[Pair]:
    """The pairs with clean labels and with symmetric noise, by rate."""
    return [pair for pair in comparison.pairs if pair.noise.kind in RATED_KINDS]


def render(figure: Figure, kind: str) -> bytes:
    """The figure as a file, ``png`` or ``svg``, without time and versions in it."""
    content = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Creator": None, "Date": None}
    with mpl.rc_context():
        _use_settings()
        figure.savefig(content, format=kind, dpi=DPI, metadata=metadata)
    if kind == "svg":
        return content.getvalue()
    small = io.BytesIO()  # 256 colours are enough for lines, and a quarter of the bytes
    Image.open(content).convert("RGB").quantize(256).save(small, "png", optimize=True)
    return small.getvalue()


def _use_settings() -> None:
    """Ours on top of matplotlib's own, whatever the user's matplotlibrc says."""
    mpl.rcdefaults()
    for group, values in _SETTINGS.items():
        mpl.rc(group, **values)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in our style, its sides in inches."""
    _use_settings()
    return Figure(figsize=(width, height), layout="constrained")


def title_of(setting: Setting) -> str:
    """Network and data, for the title of a figure."""
    return f"{setting.backbone} on {DATA_NAMES.get(setting.data, setting.data)}"


def size_of(setting: Setting) -> str:
    """Classes, pixels and epochs, for a caption."""
    return f"{setting.classes} classes, {setting.image_size} px, {setting.epochs} epochs"


def seed_range(counts: Iterable[int]) -> str:
    """Numbers of seeds, as ``3`` or ``1 to 5``."""
    ordered = sorted(counts)
    return " to ".join(str(count) for count in dict.fromkeys((ordered[0], ordered[-1])))


def add_growing_caption(figure: Figure, caption: str) -> None:
    """Lines below a figure, which grows by them."""
    lines = add_caption(figure, caption)
    figure.set_figheight(figure.get_figheight() + LINE_HEIGHT * lines)


def add_caption(figure: Figure, caption: str) -> int:
    """Lines below a figure, wrapped to its width; returns their number."""
    letters = int(LETTERS * figure.get_figwidth())
    lines = [line for text in caption.split("\n") for line in textwrap.wrap(text, letters)]
    figure.supxlabel("\n".join(lines), fontsize=8, color=GREY)
    return len(lines)


def _draw_epochs(
    axes: Axes, method: str, runs: Sequence[RunTrial], name: str, style: Style
) -> None:
    _, colour, _ = STYLES[method]
    values = np.stack([curve(run, name) for run in runs])  # (seeds, E)
    epochs = np.arange(1, values.shape[1] + 1)
    if len(runs) > 1:
        for seed in values:
            axes.plot(epochs, seed, color=colour, linestyle=style, linewidth=0.7, alpha=0.45)
    mark = "o" if len(epochs) == 1 else None  # a line of one point would not be seen
    axes.plot(epochs, values.mean(0), color=colour, linestyle=style, linewidth=2, marker=mark)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _add_words(figure: Figure, title: str, caption: str, pairs: Iterable[Pair]) -> None:
    """Title and legend above the panels, caption below."""
    n = seed_range(len(pair.baseline) for pair in pairs)
    figure.legend(
        handles=[
            Line2D([], [], color=colour, linewidth=2, label=f"{name} (n = {n})")
            for name, colour, _ in STYLES.values()
        ],
        loc="outside upper center",
        ncols=len(STYLES),
        title=title,  # a suptitle would be drawn over the legend
        title_fontsize=11,
    )
    add_caption(figure, caption)


def _effort(comparison: ComparedSetting) -> str:
    of = comparison.setting
    facts = [size_of(of)]
    facts += [
        f"both with {name.replace('_', ' ')} {value}"
        for name, value in comparison.eac.treatments.items()
        if name in SHARED_TREATMENTS
    ]
    return f"{', '.join(facts)}; n = seeds. EAC: {eac_name(of, comparison.eac)}."


def _thin(pairs: Iterable[Pair]) -> str:
    return " Thin: one seed; thick: mean." if any(len(pair.baseline) > 1 for pair in pairs) else ""

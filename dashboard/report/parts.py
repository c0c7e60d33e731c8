"""The content of the report: charts, tables and sentences of each page.

`PAGES` maps the title of a page to a pure function (no Streamlit) from `Runs` to a list of `Part`.
The function shows what the page shows by default, once for every comparison that the page offers,
and omits parts without records.
"""

from collections.abc import Callable

from dashboard.analysis.classes import (
    calibration,
    class_tints,
    confusion_difference,
    confusion_frame,
    recall_table,
)
from dashboard.analysis.comparison import (
    comparisons,
    default_pair,
    eac_note,
    find_pairs,
    first_eac_note,
    noise_points,
)
from dashboard.analysis.cost import (
    COSTS,
    NO_MACS,
    cost_points,
    drawn_costs,
    in_units_of_records,
    set_choices,
    with_sets,
)
from dashboard.analysis.cost_headline import NO_PAIR, cost_headline
from dashboard.analysis.curves import (
    NOTES,
    SERIES,
    common_description,
    curve_points,
    run_labels,
    short_labels,
)
from dashboard.analysis.latency import read_latency
from dashboard.analysis.noise import (
    MEASURES,
    noise_areas,
    noise_drawn,
    other_headline,
    shown_summary,
    spans_rates,
)
from dashboard.analysis.noise_headline import headline
from dashboard.analysis.option_importance import ABOUT, option_importance
from dashboard.analysis.published import read_published
from dashboard.analysis.published_curves import reference_curves
from dashboard.analysis.runs import (
    ACCURACY,
    MAX_AXES,
    none_finished,
    option_axes,
    trained_here,
    with_names,
)
from dashboard.analysis.sets import image_sets
from dashboard.charts.classes import (
    calibration_figure,
    confusion_figure,
    difference_figure,
    recall_figure,
)
from dashboard.charts.cost import cost_figure
from dashboard.charts.curves import curves_figure
from dashboard.charts.noise import noise_figure
from dashboard.charts.parallel import importance_figure, parallel_figure
from dashboard.charts.style import method_colours
from dashboard.data.names import Runs
from dashboard.report.audit import audit_parts
from dashboard.report.part import Part, number
from dashboard.report.published import published_parts
from dashboard.report.results import result_parts
from dashboard.report.robustness import robustness_parts

SAID_ONCE = ("status", "source")  # columns of runs that are left out where all say the same
MIN_COSTS = 4  # points, and costs, of a comparison that gets a chart; of fewer, tables say all
CURVES = ("Loss", "Accuracy", "Noisy labels")  # charts
COST_TITLES = ("Parameters", "Time")
MIN_LINES = 6  # runs of a chart of parallel coordinates
SPEEDS = {
    **{"what": "What", "figure": "Figure", "unit": "Unit", "ratio": "Ratio"},
    "reference": "Reference",
}
RUN_FACTS = {
    **{"run": "Run", "status": "Status", "data": "Data", "method": "Method"},
    **{"backbone": "Backbone", "noise": "Noise", "seed": number("Seed", 0)},
    "accuracy_percent": number("Accuracy (%)", 2),
    "mean_class_accuracy_percent": number("Mean class accuracy (%)", 2),
    "chosen_percent": number("Chosen epoch (%)", 2),
    "chosen_tta_percent": number("Chosen epoch, flip TTA (%)", 2),
    "epochs_done": number("Epochs", 0),
    "image_size": number("Pixels", 0),
    **{"source": "Source", "imported": "Imported from"},
}
CHOSEN_TTA = MEASURES["Chosen epoch, flip TTA"].column
LAST_EPOCH = "Last epoch, with Wilson's 95 % intervals."
AREA = "The area under the line of each seed with a run at every rate, divided by its width."


def first_sentence(runs: Runs) -> str:
    """The headline of the most important comparison, by the epoch chosen on held-out images.

    By the mean of the last epochs where its runs have held none out.
    """
    points = noise_points(runs.table)
    if points.empty:
        return none_finished(runs.table)
    first = points[points["comparison"] == comparisons(points)[0]]
    chosen = first.dropna(subset=CHOSEN_TTA)
    if find_pairs(chosen):
        return f"{headline(chosen, CHOSEN_TTA)} {first_eac_note(chosen)}"
    last = "Accuracy is the mean of the last five epochs." if find_pairs(first) else ""
    return " ".join(filter(None, (headline(first), last, first_eac_note(first))))


def noise_parts(runs: Runs) -> list[Part]:
    """Accuracy over label noise for every comparison most of whose methods have two noise rates."""
    points, published, measure = noise_points(runs.table), read_published(), MEASURES["Accuracy"]
    parts, means = [], []
    for name in comparisons(points):
        shown = points[points["comparison"] == name]
        summary = shown_summary(shown, measure)
        if not spans_rates(summary):
            continue  # hardly a line goes anywhere; the results table has its figures
        curves = reference_curves(published, shown)
        drawn = (shown, summary, curves[curves["same_backbone"]])
        text = " ".join(filter(None, (headline(shown), other_headline(shown), eac_note(shown))))
        table = noise_drawn(*drawn, measure.column)
        figure = noise_figure(*drawn, measure)
        parts.append(Part(name, text, figure, table, wide=True))
        areas = noise_areas(shown, measure.column)
        if not areas.empty:
            means.append(Part(f"{name}: mean accuracy over all noise rates", AREA, table=areas))
    halves = [part._replace(half=len(parts) > 1) for part in parts]
    return [*halves, *means]


def curve_parts(runs: Runs) -> list[Part]:
    """The curves that tell the default pair of runs apart."""
    chosen = default_pair(runs.table)
    rows = runs.table.set_index("run", drop=False).loc[chosen]
    colours = method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    labels = short_labels(rows)
    imported = rows.loc[rows["imported"] != "", "run"].tolist()
    title = f"{' and '.join(labels.values())}: {common_description(rows)}."
    parts = []
    for chart in CURVES:
        series = [one for one in SERIES if one.chart == chart]
        points = curve_points(runs.epochs, labels, series, sparse=imported)
        if not points.empty:
            figure = curves_figure(points, series, colours)
            which = "" if parts else eac_note(rows)  # once is enough
            note = " ".join(filter(None, (title, which, NOTES.get(chart))))
            parts.append(Part(chart, note, figure, points))
    return parts


def class_parts(runs: Runs) -> list[Part]:
    """Confusions, recall and calibration of the same pair."""
    rows = runs.table.set_index("run", drop=False).loc[default_pair(runs.table)]
    rows = rows[rows["run"].isin(list(runs.confusions))]
    if rows.empty:
        return []
    long_names, names = run_labels(rows), short_labels(rows)
    colours = method_colours(dict(zip(rows["run"], rows["method"], strict=True)))
    parts = []
    for run, name in long_names.items():
        confusion = runs.confusions[run]
        table = confusion_frame(confusion, normalise=True)
        figure = confusion_figure(table, True, confusion.tints())
        parts.append(Part(name, "", figure, table.reset_index(allow_duplicates=True)))
    if len(names) > 1:
        (first, second), (name, other) = names.keys(), names.values()
        table = confusion_difference(runs.confusions[first], runs.confusions[second])
        figure = difference_figure(table, name, other, runs.confusions[first].tints())
        rows_of = table.reset_index(allow_duplicates=True)
        parts.append(Part(f"{name} minus {other}", "", figure, rows_of))
    text = f"{common_description(rows)}."
    recalls = recall_table(runs.confusions, names)
    tints = class_tints(runs.confusions[run] for run in names)
    which = f"{text} {LAST_EPOCH} {eac_note(rows)}".strip()
    parts.append(Part("Recall", which, recall_figure(recalls, colours, tints), recalls))
    curve = calibration(runs.folders, names).curve
    if not curve.empty:
        figure = calibration_figure(curve, colours)
        parts.append(Part("Calibration", f"{text} {LAST_EPOCH}", figure, curve))
    return parts


def run_parts(runs: Runs) -> list[Part]:
    """The table of runs, and their options against accuracy for each set of evaluation images."""
    named = with_names(runs.table).sort_values("started", ascending=False)
    facts = [
        name
        for name in RUN_FACTS
        if (name != "imported" or named[name].any())
        and not (name.startswith("chosen") and named[name].isna().all())
        and (name not in SAID_ONCE or named[name].nunique() > 1)
    ]
    parts, lines = [Part("All runs", table=named[facts], columns=RUN_FACTS)], []
    about = ABOUT
    finished = trained_here(runs.table)
    for name, rows in finished.groupby(image_sets(finished), sort=False):
        axes = option_axes(rows)
        picked = [column for column in axes.columns if column not in ("run", ACCURACY)][:MAX_AXES]
        if picked and len(axes) >= MIN_LINES:
            drawn = axes[["run", *picked, ACCURACY]]
            figure = parallel_figure(drawn, ACCURACY)
            lines.append(Part(f"Evaluated on {name}", "", figure, drawn, wide=True, screen=True))
            found = option_importance(axes)
            if not found.empty:
                chart = importance_figure(found)
                later = about != ABOUT  # the first set alone is printed
                parts.append(Part(f"Importance on {name}", about, chart, found, screen=later))
                about = ""  # said once
    return [*parts, *lines]


def cost_parts(runs: Runs) -> list[Part]:
    """Accuracy over each cost that differs, for each set of comparable runs; measured speeds."""
    finished = with_sets(runs.table)
    parts, texts = [], []
    for name, noises in set_choices(finished).items():
        noise = noises[0]  # the one that speaks first
        chosen = finished[(finished["tested_on"] == name) & (finished["noise_name"] == noise)]
        points = cost_points(chosen)
        if len(points) < 2:
            continue
        text = " ".join(filter(None, cost_headline(chosen)))
        said = len(parts)
        for title in COST_TITLES:
            cost = COSTS[title]
            drawn = drawn_costs(points, cost)
            if drawn[cost.column].nunique() >= MIN_COSTS:
                heading = f"{title}: {name}, label noise {noise}"
                figure, data = cost_figure(drawn, cost), in_units_of_records(drawn)
                parts.append(Part(heading, text, figure, data, wide=True))
                text = ""
        if len(parts) == said and text != NO_PAIR:
            texts.append(Part(f"Cost: {name}, label noise {noise}", text))
    if finished["macs"].isna().all():
        texts.append(Part("MACs", NO_MACS))
    speeds = read_latency()[list(SPEEDS)]
    return [*parts, *texts, Part("Measured speed", table=speeds, columns=SPEEDS, folded=True)]


PAGES: dict[str, Callable[[Runs], list[Part]]] = {
    "Noise robustness": noise_parts,
    "Results table": result_parts,
    "Training curves": curve_parts,
    "Classes": class_parts,
    "Robustness": robustness_parts,
    "Label audit": audit_parts,
    "Runs": run_parts,
    "Cost": cost_parts,
    "Published results": published_parts,
}

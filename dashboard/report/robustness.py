"""Models on corrupted images in the HTML report."""

from dashboard.analysis.robustness import (
    MEASURES,
    comparison_names,
    headline,
    kind_name,
    model_labels,
    model_summary,
    robustness_points,
    second_sentence,
    worst_kinds,
)
from dashboard.charts.robustness import (
    MOST_MODELS,
    highest_value,
    model_styles,
    robustness_figure,
)
from dashboard.data.names import Runs
from dashboard.data.robustness import read_files, shipped_files
from dashboard.report.part import Part, number

INTERVALS = (
    "Intervals of points lost are 95 % intervals (paired bootstrap over images); bands are "
    "Wilson's 95 % intervals."
)
MOST_CHARTS = 3  # corruptions that cost the first model most
SUMMARY = {
    "model": "Model",
    "clean": number("Clean accuracy (%)", 1),
    "corrupted": number("Under corruption (%)", 1),
    "worst": number("Lowest (%)", 1),
    "worst_at": "Lowest at",
    "clean_ece": number("Clean ECE (%)", 1),
    "worst_ece": number("Highest ECE (%)", 1),
    "worst_ece_at": "Highest ECE at",
    "side": number("Corrupted at (px)", 0),
}


def robustness_parts(runs: Runs) -> list[Part]:
    """For each sample the models in a table, and the corruptions that cost the first one most."""
    found = read_files((*shipped_files(), *runs.robustness))
    measure = MEASURES["Accuracy"]
    parts = [Part("Not shown", " ".join(found.problems))] if found.problems else []
    names = comparison_names(found.comparisons)
    for name, index in names.items():
        labels = model_labels(found.comparisons[index].models)
        points, shown = robustness_points(labels), list(labels)[:MOST_MODELS]
        drawn = points[points["model"].isin(shown)]
        told = [headline(points, measure), second_sentence(points), INTERVALS]
        if len(shown) < len(labels):
            told.append(f"The charts draw the first {len(shown)} of {len(labels)} models.")
        text = " ".join(filter(None, told))
        parts.append(Part(name, text, table=model_summary(points), columns=SUMMARY))
        styles, top = model_styles(shown), highest_value(drawn, measure)
        for kind in worst_kinds(drawn)[:MOST_CHARTS]:
            figure = robustness_figure(drawn, kind, measure, styles, top)
            title = kind_name(kind)
            heading = f"{title[0].upper()}{title[1:]}{f': {name}' if len(names) > 1 else ''}"
            parts.append(Part(heading, figure=figure, table=drawn[drawn["kind"] == kind]))
    return parts

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
        shown = dict(list(labels.items())[:MOST_MODELS])
        points = robustness_points(shown)
        text = f"{headline(points, measure)} {second_sentence(points)}".strip()
        parts.append(Part(name, text, table=model_summary(points), columns=SUMMARY))
        styles, top = model_styles(list(shown)), highest_value(points, measure)
        for kind in worst_kinds(points)[:MOST_CHARTS]:
            figure = robustness_figure(points, kind, measure, styles, top)
            title = kind_name(kind)
            heading = f"{title[0].upper()}{title[1:]}{f': {name}' if len(names) > 1 else ''}"
            parts.append(Part(heading, figure=figure, table=points[points["kind"] == kind]))
    return parts

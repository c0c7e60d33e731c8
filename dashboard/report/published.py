"""The page of published results in the HTML report."""

from dashboard.analysis.eac_gaps import eac_gaps, gap_sentences
from dashboard.analysis.placed import comparable_runs, measured_rows
from dashboard.analysis.published import (
    HUST_REPORT,
    hust_rows,
    read_published,
    select,
    training_name,
)
from dashboard.analysis.published_points import drawn_points, scatter_points
from dashboard.charts.published import published_figure
from dashboard.data.names import Runs
from dashboard.report.part import Part

MIN_PUBLISHED = 3  # results of a group
MIN_DRAWN = 6  # points of a chart
CROWD = 16  # points whose names need the width of a page
AXIS = "Year"
PRINTED = 3  # charts; the others are on the screen
SENTENCES = 2  # of how EAC compares; the table has all of it
LISTED = ["method", "value", "metric", "rank", "year", "backbone", "pretraining", "trust", "source"]


def published_parts(runs: Runs) -> list[Part]:
    """The HUST report's methods and EAC, then every group with our own comparable results."""
    published, ours = read_published(), measured_rows(runs.table)
    gaps = eac_gaps(published)
    facts = " ".join(gap_sentences(gaps)[:SENTENCES]).replace("**", "")
    listed = hust_rows(published)[LISTED]
    parts = [
        Part("The eight methods of the HUST report (2024)", HUST_REPORT, table=listed),
        Part("How EAC compares", facts, table=gaps, folded=True),
    ]
    charts = []
    keys = ["setting", "metric", "noise_percent", "trained_on"]
    groups = published.groupby(keys, sort=False).size()
    highest = published.groupby(["setting", "metric", "trained_on"])["noise_percent"].max()
    for setting, metric, rate, trained_on in groups[groups >= MIN_PUBLISHED].index:
        if rate not in (0, highest[setting, metric, trained_on]):
            continue  # between both: the noise page draws these as curves
        rows = select(published, setting, metric, rate, trained_on)
        points = scatter_points(rows, comparable_runs(ours, rows))
        noise = f"{rate:g} % noisy labels" if rate else "no label noise added"
        noise += f", trained {training_name(trained_on)}" if trained_on else ""
        drawn, missing = drawn_points(points, AXIS)
        if len(drawn) >= MIN_DRAWN:
            figure = published_figure(drawn, metric, AXIS)
            heading, many = f"{setting}, {metric}, {noise}", len(drawn) >= CROWD
            charts.append(Part(heading, missing, figure, drawn, wide=many, half=not many))
    later = [chart._replace(screen=True) for chart in charts[PRINTED:]]
    return [*parts, *charts[:PRINTED], *later]

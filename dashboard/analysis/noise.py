"""Tables of the noise page: its measures, the area under a line, and the rows of its chart."""

from typing import NamedTuple

import pandas as pd
from scipy.integrate import trapezoid

from dashboard.analysis.comparison import ACCURACY, eac_note, noise_summary, pair_runs, paired_gaps
from dashboard.analysis.measures import ACCURACY_MEASURES, ShownMeasure, offered_accuracies
from dashboard.analysis.noise_headline import CHANGE, headline
from dashboard.analysis.published_curves import incomparable_note, reference_curves
from dashboard.analysis.seed_groups import seed_counts
from fer_core.io.wording import counted
from fer_core.metrics.student_t import mean_interval

SAME = 0.05  # points; smaller differences are not visible
FROM_CLEAN = "Change from clean"
MEASURES = {
    **ACCURACY_MEASURES,
    FROM_CLEAN: ShownMeasure(CHANGE, "Accuracy minus clean", "points"),
}
MEAN_CLASS_ACCURACY = MEASURES["Mean class accuracy"].column


def offered_measures(points: pd.DataFrame) -> list[str]:
    """Names of the measures that some of these runs have, and the change from clean labels.

    Args:
        points: of `noise_points`, of one comparison.
    """
    return [*offered_accuracies(points), FROM_CLEAN]


def shown_summary(points: pd.DataFrame, measure: ShownMeasure) -> pd.DataFrame:
    """Means of a measure over seeds; empty if it would only compare clean runs with themselves."""
    summary = noise_summary(points, measure.column)
    noisy = bool((summary["noise_percent"] > 0).any())
    return summary if noisy or measure.column != CHANGE else summary.head(0)


def spans_rates(summary: pd.DataFrame) -> bool:
    """Whether at least half of the lines have two noise rates; a chart over noise draws those.

    Args:
        summary: of `comparison.noise_summary`.
    """
    return bool((summary.groupby("line")["noise_percent"].nunique() > 1).mean() >= 0.5)


def other_headline(points: pd.DataFrame) -> str:
    """The headline by mean class accuracy; empty if it equals the headline by accuracy.

    If every class has the same number of images, the two accuracies are equal.
    """
    gaps = (points[MEAN_CLASS_ACCURACY] - points[ACCURACY]).abs()
    return (
        headline(points, MEAN_CLASS_ACCURACY)
        if gaps.max() > SAME and not pair_runs(points).empty
        else ""
    )


def noise_areas(points: pd.DataFrame, column: str) -> pd.DataFrame:
    """The area under each line, divided by its width: one number for all noise rates.

    The trapezoidal rule over [0, largest rate] gives the mean over uniformly distributed noise
    rates. Only seeds with a run at every rate of this kind of noise are used.

    Args:
        points: of `noise_points`, of one comparison.
        column: the figure.

    Returns:
        line, kind of noise, ``rates`` as text, mean over seeds, ``low`` and ``high`` of its 95 %
        interval, number of seeds ``n``.
    """
    rows = []
    for kind, group in points[points["kind"] != "none"].groupby("kind", sort=True):
        wide = group.pivot(index=["line", "seed"], columns="noise_percent", values=column)
        rates = wide.columns.to_numpy(dtype=float)
        whole = wide.dropna()
        if rates[0] != 0:
            continue
        means = trapezoid(whole.to_numpy(dtype=float), rates, axis=1) / rates[-1]
        names = whole.index.get_level_values("line")
        for line, seeds in pd.Series(means, index=names, dtype=float).groupby(level=0, sort=True):
            mean, half, n, _ = mean_interval(seeds.to_numpy())
            rows.append([line, kind, _listed(rates), mean, mean - half, mean + half, n])
    return pd.DataFrame(rows, columns=["line", "kind", "rates", "mean", "low", "high", "n"])


def noise_drawn(
    points: pd.DataFrame,
    summary: pd.DataFrame,
    references: pd.DataFrame,
    column: str,
    *,
    gaps: pd.DataFrame | None = None,
    single_seeds: bool = False,
) -> pd.DataFrame:
    """The rows of the noise chart: means, differences, single seeds, and published results.

    Args:
        points: of `noise_points`, of one comparison.
        summary: of `noise_summary` of the same points and column.
        references: of `published_curves.reference_curves`, those that are drawn.
        column: the figure.
        gaps: of `comparison.paired_gaps` or `image_gaps.image_gaps`, if it is known already.
        single_seeds: whether seeds are drawn.
    """
    gaps = paired_gaps(points, column) if gaps is None else gaps
    gaps = gaps[["line", "noise_percent", "gap", "low", "high", "n"]]
    gaps = gaps.rename(columns={"gap": "value"})
    known = points.dropna(subset=column)
    seeds = known[["line", "noise_percent", "seed", "run"]].assign(value=known[column])
    means = summary.rename(columns={"mean": "value"}).drop(columns=["comparison", "half"])
    published = references.rename(columns={"curve": "line"})
    parts = [
        means.assign(what="mean"),
        gaps.assign(what="difference from baseline"),
        published[["line", "noise_percent", "value", "source"]].assign(what="published"),
    ]
    if single_seeds:
        parts.insert(0, seeds.assign(what="seed"))
    return pd.concat([part for part in parts if not part.empty] or parts, ignore_index=True)


class NoiseView(NamedTuple):
    """What the noise page says of some runs by a measure.

    Attributes:
        headline: of the measure.
        other: of mean class accuracy beside accuracy; empty for other measures.
        eac: a sentence: which EAC the runs have; empty without any.
        references: of `published_curves.reference_curves`; none for other measures than accuracy.
        incomparable: a sentence on published results that are no references; empty without any.
        summary: of `shown_summary`.
        gaps: of `comparison.paired_gaps`.
        areas: of `noise_areas`.
    """

    headline: str
    other: str
    eac: str
    references: pd.DataFrame
    incomparable: str
    summary: pd.DataFrame
    gaps: pd.DataFrame
    areas: pd.DataFrame


def noise_view(points: pd.DataFrame, published: pd.DataFrame, measure: ShownMeasure) -> NoiseView:
    """Everything that the noise page computes.

    Args:
        points: of `noise_points`, of one comparison.
        published: of `published.read_published`.
        measure: of MEASURES.
    """
    column = measure.column
    curves = reference_curves(published, points)
    alone = curves.empty and column == ACCURACY
    return NoiseView(
        headline=headline(points, column),
        other=other_headline(points) if column == ACCURACY else "",
        eac=eac_note(points.dropna(subset=column)),
        references=curves if column == ACCURACY else curves.head(0),
        incomparable=incomparable_note(published, points) if alone else "",
        summary=shown_summary(points, measure),
        gaps=paired_gaps(points, column),
        areas=noise_areas(points, column),
    )


def unstated_note(table: pd.DataFrame) -> str:
    """A sentence on the imported runs that no line can have; empty without any.

    Args:
        table: of all runs.
    """
    imported = (table["status"] == "finished") & (table["imported"] != "")
    count = int((imported & (table["noise_percent"].isna() | table["seed"].isna())).sum())
    if not count:
        return ""
    runs = counted(count, "imported run is", "imported runs are")
    whose = "its" if count == 1 else "their"
    return f"{runs} not shown: {whose} noise or seed is not stated (`fer-core import-runs --help`)."


def areas_note(summary: pd.DataFrame, areas: pd.DataFrame) -> str:
    """A sentence on the lines that have an area; empty where none is missing.

    Args:
        summary: of `comparison.noise_summary`.
        areas: of `noise_areas` of the same points and column.
    """
    lines, known = summary["line"].nunique(), areas["line"].nunique()
    if known == lines:
        return ""
    have = "has" if known == 1 else "have"
    return f"{known} of {counted(lines, 'line')} {have} a run at every rate."


def noise_notes(summary: pd.DataFrame) -> list[str]:
    """A sentence for each kind of noise: the share that was asked for, and the realised one.

    Args:
        summary: of `comparison.noise_summary`.
    """
    notes = []
    for kind, rows in summary[summary["noise_percent"] > 0].groupby("noise", sort=True):
        shares = rows.groupby("noise_percent")[["asked", "realised"]].mean()
        realised = ", ".join(f"{share:.1f}" for share in shares["realised"])
        if shares["asked"].isna().any():
            notes.append(f"{str(kind).capitalize()} noise: {realised} % of the labels are noisy.")
            continue
        asked = ", ".join(f"{share:g}" for share in shares["asked"].round(1))
        notes.append(f"{str(kind).capitalize()} noise: {asked} % nominal, {realised} % realised.")
    return notes


def noise_caption(
    points: pd.DataFrame,
    summary: pd.DataFrame,
    measure: ShownMeasure,
    intervals: str = "Bars and bands: 95 % intervals, Student's t.",
) -> str:
    """The line below a saved chart: measure, data, split, number of seeds, noise, intervals.

    Args:
        points: of `noise_points`, of one comparison.
        summary: of `noise_summary` of the same points and the measure's column.
        measure: that is drawn.
        intervals: a sentence: what they are.
    """
    splits = sorted({str(split) for split in points["eval_split"] if split})
    split = f" (evaluated on {', '.join(splits)})" if splits else ""
    how = "" if measure.column.startswith("chosen") else ", mean of the last five epochs"
    seeds = seed_counts(summary["n"])
    return (
        f"{measure.axis}{how}. {points['comparison'].iloc[0]}{split}, {seeds}. "
        f"{' '.join([*noise_notes(summary), intervals])} "
        f"{eac_note(points)}"
    ).strip()


def _listed(rates: object) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)  # pyright: ignore[reportGeneralTypeIssues]

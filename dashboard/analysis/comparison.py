"""Comparable runs: lines over label noise, and pairs of EAC and baseline.

`fer_core.records.compare` decides which runs are comparable; this module makes their tables.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from dashboard.analysis.seed_groups import group_facts, told_facts
from dashboard.analysis.sets import with_comparison
from dashboard.data.names import method_name
from dashboard.data.tables import trials_of
from fer_core.metrics.student_t import mean_interval
from fer_core.records.compare import (
    NoiseLine,
    noise_lines,
    pair_eac_with_baseline,
    pair_with_baseline,
)
from fer_core.records.groups import Group, group_trials
from fer_core.records.trials import CLEAN
from fer_core.reporting.eac_variants import eac_changes, which_eac

SeedGroup = Group[str]  # names of runs that differ only in their seed
ACCURACY = "accuracy_percent"
FIGURES = {
    ACCURACY: "accuracy",
    "mean_class_accuracy_percent": "mean class accuracy",
    "chosen_percent": "accuracy in the epoch chosen on held-out images",
    "chosen_tta_percent": "accuracy with flip TTA in the epoch chosen on held-out images",
    "chosen_tta_mean_class_percent": (
        "mean class accuracy with flip TTA in the epoch chosen on held-out images"
    ),
}
SUMMARY_COLUMNS = [
    *("comparison", "line", "noise_percent", "noise", "asked", "realised"),
    *("mean", "sd", "low", "high", "half", "n"),
]
OF_LINE = ("method", "backbone", "data", "noise")  # named, or the same in a comparison
SYNTHETIC = "synthetic"  # faces that are drawn
TIE = "the interval includes zero, so the difference is not significant"


def noise_points(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each finished run of a line: the single seeds of the noise chart.

    A line is one of `fer_core.records.compare.noise_lines`: it never mixes settings or approaches,
    and clean runs start every kind of noise.

    Returns:
        The columns of the table with ``comparison``, ``kind`` of noise, ``line`` and
        ``change_points``: accuracy minus that of the line's clean run of the same seed, in points;
        nan if there is none.
    """
    finished = with_comparison(table[table["status"] == "finished"])
    lines = noise_lines(group_trials(trials_of(finished)))
    names = _line_names(lines, dict(zip(finished["run"], finished["comparison"], strict=True)))
    rows = [
        (trial.record, line.kind, name, clean.get(trial.seed))
        for line, name in zip(lines, names, strict=True)
        for clean in ({one.seed: one.record for one in line.clean.trials} if line.clean else {},)
        for group in line.groups
        for trial in group.trials
    ]
    columns = ["run", "kind", "line", "clean_run"]
    points = finished.merge(pd.DataFrame(rows, columns=columns, dtype=object), on="run")
    accuracies = finished.set_index("run")[ACCURACY]
    points["change_points"] = points[ACCURACY] - points.pop("clean_run").map(accuracies)
    return points.sort_values(["comparison", "line", "noise_percent", "seed"], ignore_index=True)


def noise_summary(points: pd.DataFrame, column: str = ACCURACY) -> pd.DataFrame:
    """Mean and 95 % interval over seeds for each line and noise rate.

    Args:
        points: of `noise_points`.
        column: the figure; seeds without it are ignored.

    Returns:
        SUMMARY_COLUMNS; ``asked`` and ``realised`` are the shares of noisy labels in percent, the
        realised one as a mean over seeds.
    """
    rows = []
    known = points.dropna(subset=column)
    for keys, group in known.groupby(["comparison", "line", "noise_percent"], sort=True):
        mean, half, n, deviation = mean_interval(group[column].to_numpy(dtype=float))
        shares = (group["noise_asked_percent"].mean(), group["noise_realised_percent"].mean())
        figures = (mean, deviation, mean - half, mean + half, half, n)
        rows.append([*keys, group["noise"].iloc[0], *shares, *figures])
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def paired_gaps(points: pd.DataFrame, column: str = ACCURACY) -> pd.DataFrame:
    """The difference of each line from the baseline at each noise rate, over shared seeds.

    Args:
        points: of `noise_points`, of one comparison.
        column: the figure; seeds without it are ignored.

    Returns:
        ``line``, ``noise_percent``, ``gap`` in points with ``low``, ``high`` and ``half`` of its
        paired 95 % interval, and ``n`` seeds.
    """
    known = points.dropna(subset=column)
    values = dict(zip(known["run"], known[column], strict=True))
    rows = []
    for baseline, other, lines in line_pairs(known):
        gaps = [
            values[one.record] - values[two.record]
            for one, two in zip(other.trials, baseline.trials, strict=True)
        ]
        mean, half, n, _ = mean_interval(gaps)
        figures = (other.noise.percent, mean, mean - half, mean + half, half, n)
        rows += [[line, *figures] for line in lines]
    columns = ["line", "noise_percent", "gap", "low", "high", "half", "n"]
    gaps = pd.DataFrame(rows, columns=columns)
    return gaps.sort_values(["line", "noise_percent"], ignore_index=True)


def line_pairs(points: pd.DataFrame) -> list[tuple[SeedGroup, SeedGroup, list[str]]]:
    """(baseline, other approach, the lines that the other is part of), with their shared seeds.

    As in the tables: every approach with the plainest baseline of its setting.

    Args:
        points: of `noise_points`, of one comparison.
    """
    groups = group_trials(trials_of(points.drop_duplicates("run")))
    pairs = pair_with_baseline(groups)
    lines = points.groupby("run")["line"].apply(list).to_dict()  # clean runs start several
    return [(*pair, lines[pair[1].trials[0].record]) for pair in pairs]


def comparisons(points: pd.DataFrame) -> list[str]:
    """Names of the comparisons: first the one whose pair `by_evidence` puts first.

    Those without a pair of EAC and baseline follow by their number of runs.
    """
    counts = points["comparison"].value_counts()
    names = dict(zip(points["run"], points["comparison"], strict=True))
    ranked = sorted(find_pairs(points), key=by_evidence)
    first = list(dict.fromkeys(names[pair[1].trials[0].record] for pair in ranked))
    others = counts.index.difference(first)
    return [*first, *sorted(others, key=lambda name: (-counts[name], name))]


def find_pairs(rows: pd.DataFrame) -> list[tuple[SeedGroup, SeedGroup]]:
    """(baseline, EAC) as names of runs: they differ only in the method and share their seeds.

    Args:
        rows: runs; duplicates count once.
    """
    return pair_eac_with_baseline(group_trials(trials_of(rows.drop_duplicates("run"))))


def eac_note(rows: pd.DataFrame) -> str:
    """One sentence: which EAC these runs have (docs/methods.md); empty without any.

    Args:
        rows: runs; duplicates count once.
    """
    return which_eac(group_trials(trials_of(rows.drop_duplicates("run")))).strip()


def by_evidence(pair: tuple[SeedGroup, SeedGroup]) -> tuple[object, ...]:
    """Sort key of (baseline, EAC): which pair speaks first for what EAC does about label noise.

    Pairs on photographs, with noisy labels, then the most seeds, then the most noise, then EAC as
    it was published.
    """
    _, eac = pair
    setting, noise, seeds = eac.setting, eac.noise, len(eac.trials)
    names = (setting.backbone, setting.options, noise.kind, eac.approach.options)
    last = (-seeds, -noise.percent, eac_changes(eac.approach), *names)
    return (setting.data == SYNTHETIC, not noise.percent, *last)


def first_eac_note(rows: pd.DataFrame) -> str:
    """Which EAC the pair has that `by_evidence` puts first; empty without a pair.

    Args:
        rows: runs; duplicates count once.
    """
    first = min(find_pairs(rows), key=by_evidence, default=())
    return which_eac(first).strip()


def pair_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs of `find_pairs`, one row per seed.

    Args:
        rows: runs with their ``comparison``.

    Returns:
        ``comparison``, ``backbone``, ``kind`` of noise, ``noise_percent``, ``changes``: of the
        published EAC, ``seed``, ``run_eac``, ``run_baseline``.
    """
    names = dict(zip(rows["run"], rows["comparison"], strict=True))
    columns = ["comparison", "backbone", "kind", "noise_percent", "changes"]
    columns += ["seed", "run_eac", "run_baseline"]
    pairs = [
        (
            *(names[one.record], one.setting.backbone, *one.noise, eac_changes(eac.approach)),
            *(one.seed, one.record, other.record),
        )
        for baseline, eac in find_pairs(rows)
        for one, other in zip(eac.trials, baseline.trials, strict=True)
    ]
    return pd.DataFrame(pairs, columns=columns)


def default_pair(table: pd.DataFrame) -> list[str]:
    """The runs to show first: an EAC run and its baseline.

    Finished pairs come before running ones, then the order is that of `by_evidence`; of its seeds
    the lowest that has finished. Without a pair: the latest run.
    """
    finished = {*table.loc[table["status"] == "finished", "run"]}

    def seeds(pair: tuple[SeedGroup, SeedGroup]) -> list[tuple[bool, int, str, str]]:
        baseline, eac = pair
        return [
            (not {one.record, other.record} <= finished, one.seed, one.record, other.record)
            for one, other in zip(eac.trials, baseline.trials, strict=True)
        ]

    pairs = find_pairs(table)
    if not pairs:
        return table.sort_values("started")["run"].tail(1).tolist()
    first = min(pairs, key=lambda pair: (min(seeds(pair))[0], *by_evidence(pair)))
    _, _, eac, baseline = min(seeds(first))
    return [eac, baseline]


def _line_names(lines: Sequence[NoiseLine[str]], comparison: Mapping[str, str]) -> list[str]:
    """Method and backbone of each line, and the options that differ among such lines.

    What goes without saying by `usual_values` is left out.

    Args:
        lines: any.
        comparison: by run, the name of its comparison.
    """
    alike: dict[tuple[str, str, str], list[int]] = {}
    for index, line in enumerate(lines):
        first = line.groups[0]
        name = comparison[first.trials[0].record]
        key = (name, first.approach.method, first.setting.backbone)
        alike.setdefault(key, []).append(index)
    names = [""] * len(lines)
    for (_, method, backbone), indices in alike.items():
        facts = [group_facts(lines[index].groups[0]) for index in indices]
        told = told_facts(facts, method, apart=OF_LINE)
        several = len({lines[index].kind for index in indices} - {CLEAN}) > 1
        for index, details in zip(indices, told, strict=True):
            extra = [f"{lines[index].kind} noise"] if several else []
            names[index] = " · ".join([method_name(method), backbone, *details, *extra])
    return names

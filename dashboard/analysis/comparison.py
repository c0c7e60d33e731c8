"""What runs that compare say: lines of label noise, pairs of EAC and plain, the headline.

`fer_core.records.compare` says which runs these are; here their tables are made.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.analysis.sets import with_comparison
from dashboard.data.names import method_name
from dashboard.data.tables import trials_of
from fer_core.metrics.student_t import Interval, mean_interval
from fer_core.records.compare import NoiseLine, noise_lines, pair_eac_with_baseline, with_clean_pair
from fer_core.records.groups import Group, group_trials
from fer_core.records.trials import CLEAN

Runs = Group[str]  # the names of runs that differ in their seed alone
ACCURACY = "accuracy_percent"
FIGURES = {ACCURACY: "accuracy", "mean_class_accuracy_percent": "mean class accuracy"}
UNSET = "unset"  # an option that a run does not have; null is a value
TIE = "the interval includes zero, so no difference is shown"


def noise_points(table: pd.DataFrame) -> pd.DataFrame:
    """One row a finished run of a line: what the noise chart draws thin.

    A line is one of `fer_core.records.compare.noise_lines`: it never mixes settings or approaches,
    and clean runs start every kind of noise.

    Returns:
        The columns of the table with ``comparison``, ``kind`` of noise, ``line`` and
        ``change_points``: accuracy minus that of the line's clean run of the same seed, in points;
        nan where there is none.
    """
    finished = with_comparison(table[table["status"] == "finished"])
    lines = noise_lines(group_trials(trials_of(finished)))
    names = _line_names(lines, dict(zip(finished["run"], finished["comparison"], strict=True)))
    places = [
        (trial.record, line.kind, name, clean.get(trial.seed))
        for line, name in zip(lines, names, strict=True)
        for clean in ({one.seed: one.record for one in line.clean.trials} if line.clean else {},)
        for group in line.groups
        for trial in group.trials
    ]
    columns = ["run", "kind", "line", "clean_run"]
    points = finished.merge(pd.DataFrame(places, columns=columns, dtype=object), on="run")
    accuracies = finished.set_index("run")[ACCURACY]
    points["change_points"] = points[ACCURACY] - points.pop("clean_run").map(accuracies)
    return points.sort_values(["comparison", "line", "noise_percent", "seed"], ignore_index=True)


def noise_summary(points: pd.DataFrame, column: str = ACCURACY) -> pd.DataFrame:
    """Mean and 95 % interval over seeds for each line and noise rate.

    Args:
        points: of `noise_points`.
        column: the figure; seeds without it do not count.
    """
    rows = []
    known = points.dropna(subset=column)
    for keys, group in known.groupby(["comparison", "line", "noise_percent"], sort=True):
        mean, half, n, _ = mean_interval(group[column].to_numpy(dtype=float))
        rows.append([*keys, mean, mean - half, mean + half, half, n])
    columns = ["comparison", "line", "noise_percent", "mean", "low", "high", "half", "n"]
    return pd.DataFrame(rows, columns=columns)


def comparisons(points: pd.DataFrame) -> list[str]:
    """Names of the comparisons, those that pair EAC with the plain model first, then by size."""
    counts = points["comparison"].value_counts()
    paired = set(pair_runs(points)["comparison"])
    return sorted(counts.index, key=lambda name: (name not in paired, -counts[name], name))


def find_pairs(rows: pd.DataFrame) -> list[tuple[Runs, Runs]]:
    """(plain, EAC) by the names of their runs: they differ in the method alone, over shared seeds.

    Args:
        rows: runs; one that stands in several rows counts once.
    """
    return pair_eac_with_baseline(group_trials(trials_of(rows.drop_duplicates("run"))))


def pair_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs of `find_pairs`, a row a seed.

    Args:
        rows: runs with their ``comparison``.

    Returns:
        ``comparison``, ``backbone``, ``kind`` of noise, ``noise_percent``, ``seed``, ``run_eac``,
        ``run_plain``.
    """
    names = dict(zip(rows["run"], rows["comparison"], strict=True))
    columns = ["comparison", "backbone", "kind", "noise_percent", "seed", "run_eac", "run_plain"]
    pairs = [
        (names[one.record], one.setting.backbone, *one.noise, one.seed, one.record, other.record)
        for plain, eac in find_pairs(rows)
        for one, other in zip(eac.trials, plain.trials, strict=True)
    ]
    return pd.DataFrame(pairs, columns=columns)


def headline(points: pd.DataFrame, column: str = ACCURACY) -> str:
    """One sentence on EAC against the plain model, from the pair with the most label noise.

    The two lines differ in the method alone; runs are paired by seed. A second sentence says what
    both keep of their clean accuracy, over the seeds of which both have a clean run.

    Args:
        points: of `noise_points`, of one comparison.
        column: the figure, one of `FIGURES`; seeds without it do not count.
    """
    known = points.dropna(subset=column)
    pairs = find_pairs(known)
    if not pairs:
        return (
            "No finished pair of an EAC run and a plain run with the same data, backbone, options "
            "and seed yet, so there is nothing to compare."
        )
    best = min(pairs, key=_most_noise)
    values = dict(zip(known["run"], known[column], strict=True))
    plain, eac = (_values(group, values) for group in best)
    noise, backbone = best[1].noise, best[1].setting.backbone
    where = f"{noise.percent:g} % label noise" if noise.percent else "clean labels"
    text = (
        f"At {where}, {backbone} trained with EAC reaches {eac.mean():.1f} % "
        f"{FIGURES[column]} and the plain model {plain.mean():.1f} %: "
        + _difference(mean_interval(eac - plain))
    )
    return text + _kept(best, pairs, values) if noise.percent else text


def default_pair(table: pd.DataFrame) -> list[str]:
    """The runs to overlay first: EAC and plain, alike in all but the method, most noise first.

    Without such a pair: the latest run. Finished pairs come before running ones, and of equal noise
    those of the comparison with the most pairs.
    """
    pairs = pair_runs(with_comparison(table))
    if pairs.empty:
        return table.sort_values("started")["run"].tail(1).tolist()
    finished = table.loc[table["status"] == "finished", "run"]
    pairs["open"] = ~(pairs["run_eac"].isin(finished) & pairs["run_plain"].isin(finished))
    pairs["size"] = pairs.groupby("comparison")["seed"].transform("size")
    order = ["open", "noise_percent", "size", "comparison", "backbone", "seed"]
    first = pairs.sort_values(order, ascending=[True, False, False, True, True, True]).iloc[0]
    return [first["run_eac"], first["run_plain"]]


def _most_noise(pair: tuple[Runs, Runs]) -> tuple[object, ...]:
    """First the pair with the most noise, then that with the most seeds."""
    _, eac = pair
    setting, noise = eac.setting, eac.noise
    names = (setting.backbone, setting.options, noise.kind, eac.approach.options)
    return (-noise.percent, -len(eac.trials), *names)


def _values(group: Runs, values: Mapping[str, float]) -> np.ndarray:
    return np.array([values[trial.record] for trial in group.trials])


def _kept(
    noisy: tuple[Runs, Runs], pairs: Sequence[tuple[Runs, Runs]], values: Mapping[str, float]
) -> str:
    """What the pair keeps of its clean figures; nothing where no seed has both clean runs."""
    four = with_clean_pair(noisy, pairs)
    if not four:
        return ""
    plain, eac, plain_clean, eac_clean = (f"{_values(one, values).mean():.1f}" for one in four)
    count = len(four[0].trials)
    seeds = f"{count} seeds" if count > 1 else "one seed"
    return (
        f" Of what clean labels give, EAC keeps {eac} of {eac_clean} points, the plain model "
        f"{plain} of {plain_clean} ({seeds})."
    )


def _difference(gap: Interval) -> str:
    seeds = f"{gap.n} seeds" if gap.n > 1 else "one seed"
    text = f"{gap.mean:+.1f} points ({seeds}"
    if gap.n == 1:
        return f"{text}, so chance is not ruled out)."
    low, high = gap.mean - gap.half, gap.mean + gap.half
    text += f", paired; 95 % interval {low:+.1f} to {high:+.1f})"
    return f"{text}; {TIE}." if low <= 0 <= high else f"{text}."


def _line_names(lines: Sequence[NoiseLine[str]], comparison: Mapping[str, str]) -> list[str]:
    """For each line method, backbone, and the options in which such lines of a comparison differ.

    Args:
        lines: any.
        comparison: by run, the name of its comparison.
    """
    alike: dict[tuple[str, str, str], list[int]] = {}
    for place, line in enumerate(lines):
        first = line.groups[0]
        name = comparison[first.trials[0].record]
        key = (name, first.approach.method, first.setting.backbone)
        alike.setdefault(key, []).append(place)
    names = [""] * len(lines)
    for (_, method, backbone), places in alike.items():
        options = {place: _options(lines[place].groups[0]) for place in places}
        fields = sorted({field for values in options.values() for field in values})
        varying = [f for f in fields if len({str(v.get(f, UNSET)) for v in options.values()}) > 1]
        several = len({lines[place].kind for place in places} - {CLEAN}) > 1
        for place, values in options.items():
            extra = [f"{f.replace('_', ' ')} {values.get(f, UNSET)}" for f in varying]
            extra += [f"{lines[place].kind} noise"] if several else []
            names[place] = " · ".join([method_name(method), backbone, *extra])
    return names


def _options(group: Runs) -> dict[str, object]:
    """All that may set lines of one method and backbone apart; most of it a comparison shares."""
    setting = group.setting
    return {
        **{"eval_split": setting.eval_split, "classes": setting.classes},
        **{"image_size": setting.image_size, "epochs": setting.epochs},
        **json.loads(setting.options),
        **json.loads(group.approach.options),
    }

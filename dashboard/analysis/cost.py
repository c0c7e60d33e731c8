"""Points of the cost page: accuracy against parameters, MACs, training speed and run time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.analysis.comparison import ACCURACY, by_evidence, find_pairs
from dashboard.analysis.run_times import geometric_mean, time_ratio
from dashboard.analysis.runs import trained_here, with_names
from dashboard.analysis.seed_groups import NAMED, group_facts, told_facts
from dashboard.analysis.sets import image_sets
from dashboard.data.names import method_name
from dashboard.data.tables import trials_of
from fer_core.io.wording import counted
from fer_core.metrics.student_t import mean_interval
from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import Group, group_trials

APPROACH = [
    *("method", "backbone", "image_size", "epochs_asked", "options", "method_options"),
    *("device", "precision"),
]
NO_MACS = (
    "MACs: none of these runs recorded them; training does so since version 0.3 (`model.macs` in "
    "run.json). `python -m benchmarks.train_step --backbone NAME` counts the arithmetic of one "
    "training step."
)


class Cost(NamedTuple):
    """A cost on the horizontal axis.

    Attributes:
        column: of the table of runs.
        name: what it is, within a sentence.
        axis: title of the axis, with its unit.
        unit: written after a value.
        divisor: converts the column's unit to the axis's.
        varies: whether it differs between seeds, so it has an interval.
        wanted: whether more of it is better, as of a speed.
    """

    column: str
    name: str
    axis: str
    unit: str
    divisor: float
    varies: bool
    wanted: bool = False


COSTS = {
    "Parameters": Cost("parameters", "parameters", "Parameters (millions)", "million", 1e6, False),
    "MACs": Cost("macs", "MACs", "MACs per image (millions)", "M", 1e6, False),
    "Images/s": Cost(
        *("images_per_second", "training speed", "Training images/s"),
        *("images/s", 1.0, True, True),
    ),
    "Time": Cost("seconds", "run time", "Run time (minutes)", "min", 60.0, True),
}


def with_sets(table: pd.DataFrame) -> pd.DataFrame:
    """The finished runs with ``tested_on`` and ``noise_name``; within both, they are comparable."""
    finished = trained_here(table)
    if finished.empty:
        return finished.assign(tested_on="", noise_name="")
    names = with_names(finished)["noise"]
    return finished.assign(tested_on=image_sets(finished), noise_name=names)


def set_choices(runs: pd.DataFrame) -> dict[str, list[str]]:
    """By set of evaluation images, its kinds of noise.

    First comes what the pair of EAC and baseline has that `by_evidence` puts first, as on the other
    pages, then what the second has, and so on; the rest follows by its number of approaches.

    Args:
        runs: of `with_sets`.
    """
    shared = ["tested_on", "noise_name"]
    sizes = runs.drop_duplicates([*shared, *APPROACH]).groupby(shared, sort=True).size()
    places = dict(zip(runs["run"], zip(*(runs[name] for name in shared), strict=True), strict=True))
    pairs = sorted(find_pairs(runs), key=by_evidence, reverse=True)
    ranks = {places[eac.trials[0].record]: -rank for rank, (_, eac) in enumerate(pairs, start=1)}
    choices: dict[str, list[str]] = {}
    for name, noise in sorted(sizes.index, key=lambda place: (ranks.get(place, 0), -sizes[place])):
        choices.setdefault(str(name), []).append(str(noise))
    return choices


def cost_points(runs: pd.DataFrame, accuracy: str = ACCURACY) -> pd.DataFrame:
    """One row for each approach (method, backbone, size and all options): means over its seeds.

    Costs are positive and compared as ratios, so they have geometric means, and intervals of
    Student's t on the log scale. Runs on other devices are other approaches.

    Args:
        runs: of `with_sets`, of one set of evaluation images and one noise.
        accuracy: column of the accuracy; runs without it are left out.

    Returns:
        ``approach``, its facts, ``n`` seeds, ``accuracy`` with ``accuracy_half``; for each of
        COSTS its column in the axis's unit with ``_low`` and ``_high``, nan where not recorded;
        against the baseline of the same setting, over the seeds that both have, ``shared`` in
        number, ``gap`` in points and ``slower``, the ratio of run times, each with ``_low`` and
        ``_high``, nan without a baseline.
    """
    rows = []
    for (device, precision), alike in runs.dropna(subset=accuracy).groupby(["device", "precision"]):
        values = alike.set_index("run")
        groups = group_trials(trials_of(alike))
        pairs = {pair[1][:3]: pair for pair in pair_with_baseline(groups)}
        for group in groups:
            seeds = values.loc[[trial.record for trial in group.trials]]
            mean = mean_interval(seeds[accuracy].to_numpy(dtype=float))
            row = {**_facts(group), "device": device, "precision": precision}
            row["facts"] = {**group_facts(group), "device": str(device)}
            row |= {"n": mean.n, "accuracy": mean.mean, "accuracy_half": mean.half}
            for cost in COSTS.values():
                row |= _cost_values(cost, seeds[cost.column].to_numpy(dtype=float))
            pair = pairs.get(group[:3])
            rows.append(row if pair is None else row | _against_baseline(*pair, values, accuracy))
    measured = [f"{c.column}{end}" for c in COSTS.values() for end in ("", "_low", "_high")]
    against = [f"{name}{end}" for name in ("gap", "slower") for end in ("", "_low", "_high")]
    columns = [*APPROACH, "facts", "n", "accuracy", "accuracy_half", *measured]
    columns += ["shared", *against]
    points = pd.DataFrame(rows, columns=columns).sort_values(APPROACH, ignore_index=True)
    names = _approach_names(points, points.pop("facts").tolist())
    points.insert(0, "approach", pd.Series(names, dtype=object))
    return points.drop(columns=["options", "method_options"])


def drawn_costs(points: pd.DataFrame, cost: Cost) -> pd.DataFrame:
    """The approaches with a known cost, as the chart draws them."""
    facts = ["approach", "method", "backbone", "image_size", "epochs_asked"]
    facts += ["n", "accuracy", "accuracy_half"]
    ends = [f"{cost.column}{end}" for end in ("", "_low", "_high")]
    return points.dropna(subset=cost.column)[[*facts, *ends]]


def in_units_of_records(points: pd.DataFrame) -> pd.DataFrame:
    """Costs as the records have them: seconds, and numbers of parameters and MACs.

    Args:
        points: of `cost_points` or `drawn_costs`.
    """
    divisors = {f"{c.column}{e}": c.divisor for c in COSTS.values() for e in ("", "_low", "_high")}
    return points.assign(
        **{name: points[name] * divisor for name, divisor in divisors.items() if name in points}
    )


def cost_front(drawn: pd.DataFrame, cost: Cost) -> pd.Series:
    """Whether no other approach is at least as accurate and as cheap, and better in one of both.

    Args:
        drawn: of `drawn_costs`.
        cost: of the comparison.
    """
    spent = drawn[cost.column].to_numpy(dtype=float) * (-1 if cost.wanted else 1)
    accuracy = drawn["accuracy"].to_numpy(dtype=float)
    # (n, n): whether the approach of the column matches and beats that of the row
    matched = (spent <= spent[:, None]) & (accuracy >= accuracy[:, None])
    better = (spent < spent[:, None]) | (accuracy > accuracy[:, None])
    return pd.Series(~(matched & better).any(axis=1), index=drawn.index)


def _facts(group: Group[str]) -> dict[str, object]:
    setting, approach = group.setting, group.approach
    return {
        **{"method": approach.method, "backbone": setting.backbone},
        **{"image_size": setting.image_size, "epochs_asked": setting.epochs},
        **{"options": setting.options, "method_options": approach.options},
    }


def _against_baseline(
    baseline: Group[str], other: Group[str], values: pd.DataFrame, accuracy: str
) -> dict[str, float]:
    """Difference of accuracy and ratio of run times, over the seeds that both groups have."""
    ours, base = (
        values.loc[[trial.record for trial in group.trials]] for group in (other, baseline)
    )
    gap = mean_interval(ours[accuracy].to_numpy(dtype=float) - base[accuracy].to_numpy(dtype=float))
    slower = time_ratio(ours, base)
    return {
        "shared": gap.n,
        **{"gap": gap.mean, "gap_low": gap.mean - gap.half, "gap_high": gap.mean + gap.half},
        **{"slower": slower.mean, "slower_low": slower.low, "slower_high": slower.high},
    }


def _cost_values(cost: Cost, values: np.ndarray) -> dict[str, float]:
    found = geometric_mean(values / cost.divisor)
    low, high = (found.low, found.high) if cost.varies else (float("nan"), float("nan"))
    return {cost.column: found.mean, f"{cost.column}_low": low, f"{cost.column}_high": high}


def _approach_names(points: pd.DataFrame, facts: Sequence[Mapping[str, str]]) -> list[str]:
    """Method, backbone, size and epochs; if that is ambiguous, also the options that differ.

    What goes without saying by `usual_values` is left out.

    Args:
        points: of the approaches.
        facts: of each point.
    """
    base = [
        f"{method_name(str(row['method']))} · {row['backbone']} · {row['image_size']} px · "
        f"{counted(row['epochs_asked'], 'epoch')}"
        for row in points.to_dict("records")
    ]
    names = list(base)
    for name in {name for name in base if base.count(name) > 1}:
        indices = [index for index, other in enumerate(base) if other == name]
        method = str(points["method"].iloc[indices[0]])
        told = told_facts([facts[index] for index in indices], method, apart=NAMED)
        for index, details in zip(indices, told, strict=True):
            names[index] = " · ".join([name, *details])
    return names

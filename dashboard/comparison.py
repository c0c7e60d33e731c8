"""Which runs may be compared, and what they say: means over seeds, intervals, the headline."""

import json
from collections.abc import Hashable
from typing import Any

import pandas as pd

from dashboard.data import data_name, method_name
from fer_core.study import Interval, mean_interval

LINE = ["comparison", "method", "backbone", "options", "method_options", "kind"]
TIE = "the interval includes zero, so no difference is shown"


def with_comparison(table: pd.DataFrame) -> pd.DataFrame:
    """The runs with a ``comparison`` column: the name of the set of runs they compare with.

    Runs share a comparison when they answer the same test images after the same effort: same data
    (name, classes and content), image size and number of epochs.
    """
    rows = table.copy()
    names = [
        f"{data_name(str(row.data))} · {row.classes} classes · {row.image_size} px"
        f" · {row.epochs_asked} epochs"
        for row in rows.itertuples()
    ]
    rows["comparison"] = pd.Series(names, index=rows.index, dtype=object)
    versions = rows.groupby("comparison")["content"].transform("nunique") > 1
    marked = rows["comparison"] + " · data " + rows["content"].str[:6]
    rows["comparison"] = rows["comparison"].where(~versions, marked)
    return rows


def noise_points(table: pd.DataFrame) -> pd.DataFrame:
    """One row a finished run of a line: what the noise chart draws thin.

    A line never mixes comparisons, backbones, methods or options. Clean runs start every kind of
    noise. Of runs that repeat the same seed only the latest counts, so that a copy is no evidence.
    """
    finished = with_comparison(table[table["status"] == "finished"])
    finished["kind"] = finished["noise"].where(finished["noise_percent"] > 0, "none")
    lines = [name for name in LINE if name != "kind"]
    parts = []
    for _, group in finished.groupby(lines, sort=True):
        clean = group[group["kind"] == "none"]
        kinds = sorted(set(group["kind"]) - {"none"}) or ["none"]
        for kind in kinds:
            noisy = group[(group["kind"] == kind) & (group["kind"] != "none")]
            parts.append(pd.concat([clean, noisy]).assign(kind=kind))
    points = pd.concat(parts, ignore_index=True) if parts else finished
    points = points.sort_values("started").drop_duplicates(
        [*LINE, "noise_percent", "seed"], keep="last"
    )
    points["line"] = _line_names(points)
    return points.sort_values(["comparison", "line", "noise_percent", "seed"], ignore_index=True)


def noise_summary(points: pd.DataFrame) -> pd.DataFrame:
    """Mean and 95 % interval over seeds for each line and noise rate."""
    rows = []
    for keys, group in points.groupby(["comparison", "line", "noise_percent"], sort=True):
        mean, half, n, _ = mean_interval(group["accuracy_percent"].to_numpy())
        low, high = mean - half, mean + half
        rows.append([*keys, mean, low, high, half, n])
    columns = ["comparison", "line", "noise_percent", "mean", "low", "high", "half", "n"]
    return pd.DataFrame(rows, columns=columns)


def noise_drawn(points: pd.DataFrame) -> pd.DataFrame:
    """What the noise chart draws, as one table: a row a seed, then a row a mean."""
    seeds = points[["comparison", "line", "noise_percent", "seed", "run", "accuracy_percent"]]
    means = noise_summary(points).rename(columns={"mean": "accuracy_percent"}).drop(columns="half")
    return pd.concat([seeds.assign(what="seed"), means.assign(what="mean")], ignore_index=True)


def comparisons(points: pd.DataFrame) -> list[str]:
    """Names of the comparisons, those that pair EAC with the plain model first, then by size."""
    counts = points["comparison"].value_counts()
    paired = set(_pairs(points)["comparison"])
    return sorted(counts.index, key=lambda name: (name not in paired, -counts[name], name))


def headline(points: pd.DataFrame) -> str:
    """One sentence on EAC against the plain model, from the pair with the most label noise.

    The two lines differ in the method alone; runs are paired by seed. ``points`` are those of one
    comparison.
    """
    pairs = _pairs(points)
    if pairs.empty:
        return (
            "No finished pair of an EAC run and a plain run with the same data, backbone, options "
            "and seed yet, so there is nothing to compare."
        )
    keys = ["noise_percent", "backbone", "options", "kind", "method_options_eac"]
    counted = pairs.groupby(keys, as_index=False).size()
    order = ["noise_percent", "size", *keys[1:]]
    best = counted.sort_values(order, ascending=[False, False, True, True, True, True]).iloc[0]
    chosen = pairs[(pairs[keys] == best[keys]).all(axis=1)]
    eac, plain = chosen["accuracy_percent_eac"], chosen["accuracy_percent_plain"]
    where = f"{best['noise_percent']:g} % label noise" if best["noise_percent"] else "clean labels"
    return (
        f"At {where}, {best['backbone']} trained with EAC reaches {eac.mean():.1f} % test accuracy "
        f"and the plain model {plain.mean():.1f} %: "
        + _difference(mean_interval((eac - plain).to_numpy()))
    )


def default_pair(table: pd.DataFrame) -> list[str]:
    """The runs to overlay first: EAC and plain, alike in all but the method, most noise first.

    Without such a pair: the latest run. Finished pairs come before running ones, and of equal noise
    those of the comparison with the most pairs.
    """
    rows = with_comparison(table).assign(kind=table["noise"])
    pairs = _pairs(rows)
    if pairs.empty:
        return table.sort_values("started")["run"].tail(1).tolist()
    pairs["open"] = (pairs["status_eac"] != "finished") | (pairs["status_plain"] != "finished")
    pairs["size"] = pairs.groupby("comparison")["seed"].transform("size")
    order = ["open", "noise_percent", "size", "comparison", "backbone", "seed"]
    first = pairs.sort_values(order, ascending=[True, False, False, True, True, True]).iloc[0]
    return [first["run_eac"], first["run_plain"]]


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    on = ["comparison", "backbone", "options", "kind", "noise_percent", "seed"]
    taken = [*on, "run", "status", "accuracy_percent", "method_options"]
    eac = rows.loc[rows["method"] == "eac", taken]
    plain = rows.loc[rows["method"] == "cross_entropy", taken]
    return eac.merge(plain, on=on, suffixes=("_eac", "_plain"))


def _difference(gap: Interval) -> str:
    seeds = f"{gap.n} seeds" if gap.n > 1 else "one seed"
    text = f"{gap.mean:+.1f} points ({seeds}"
    if gap.n == 1:
        return f"{text}, so chance is not ruled out)."
    low, high = gap.mean - gap.half, gap.mean + gap.half
    text += f", paired; 95 % interval {low:+.1f} to {high:+.1f})"
    return f"{text}; {TIE}." if low <= 0 <= high else f"{text}."


def _line_names(points: pd.DataFrame) -> pd.Series:
    """Method and backbone, and of the options those in which lines of that name differ."""
    names: dict[Hashable, str] = {}
    for (_, method, backbone), group in points.groupby(["comparison", "method", "backbone"]):
        options = {index: _options(row) for index, row in group.iterrows()}
        fields = sorted({field for values in options.values() for field in values})
        varying = [f for f in fields if len({str(v.get(f)) for v in options.values()}) > 1]
        several = len(set(group["kind"]) - {"none"}) > 1
        for index, values in options.items():
            extra = [f"{f.replace('_', ' ')} {values.get(f, 'unset')}" for f in varying]
            extra += [f"{group.at[index, 'kind']} noise"] if several else []
            names[index] = " · ".join([method_name(str(method)), str(backbone), *extra])
    return pd.Series(names, dtype=object)


def _options(row: pd.Series) -> dict[str, Any]:
    return {**json.loads(row["options"]), **json.loads(row["method_options"])}

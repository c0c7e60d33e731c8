"""Which runs may be compared, and what they say: means over seeds, intervals, the headline."""

import json
from collections.abc import Hashable

import pandas as pd

from dashboard.data.names import data_name, method_name
from fer_core.records.compare import Interval, mean_interval

LINE = ["comparison", "method", "backbone", "options", "method_options", "kind"]
ACCURACY = "accuracy_percent"
FIGURES = {ACCURACY: "accuracy", "mean_class_accuracy_percent": "mean class accuracy"}
TIE = "the interval includes zero, so no difference is shown"


def with_comparison(table: pd.DataFrame) -> pd.DataFrame:
    """The runs with a ``comparison`` column: the name of the set of runs they compare with.

    Runs share a comparison when they answer the same test images after the same effort: same data
    (name, classes and content), image size and number of epochs. An imported run is alone, or with
    the others of its suite.
    """
    rows = table.copy()
    data = rows["data"].map({name: data_name(str(name)) for name in rows["data"].unique()})
    rows["comparison"] = (
        data.astype(str)
        + (" · " + rows["classes"].astype(str) + " classes")
        + (" · " + rows["image_size"].astype(str) + " px")
        + (" · " + rows["epochs_asked"].astype(str) + " epochs")
    )
    rows["comparison"] = rows["comparison"].where(rows["imported"] == "", imported_set(rows))
    versions = rows.groupby("comparison")["content"].transform("nunique") > 1
    marked = rows["comparison"] + " · data " + rows["content"].astype(str).str[:6]
    rows["comparison"] = rows["comparison"].where(~versions, marked)
    return rows


def imported_set(rows: pd.DataFrame) -> pd.Series:
    """For each imported run, a name of what it was tested on that no run of this program has."""
    names = [
        f"{data_name(str(data))} · imported {'suite' if kind == 'suite' else 'run'} {name}"
        for data, content in zip(rows["data"], rows["content"], strict=True)
        for kind, _, name in (str(content).partition(":"),)
    ]
    return pd.Series(names, index=rows.index, dtype=str)


def noise_points(table: pd.DataFrame) -> pd.DataFrame:
    """One row a finished run of a line: what the noise chart draws thin.

    A line never mixes comparisons, backbones, methods or options. Clean runs start every kind of
    noise. Of runs that repeat the same seed only the latest counts, so that a copy is no evidence.

    Returns:
        The columns of the table with ``comparison``, ``kind`` of noise, ``line`` and
        ``change_points``: accuracy minus that of the line's clean run of the same seed, in points;
        nan where there is none.
    """
    finished = with_comparison(_stated(table[table["status"] == "finished"]))
    finished["kind"] = finished["noise"].where(finished["noise_percent"] > 0, "none")
    lines = [name for name in LINE if name != "kind"]
    noisy = finished[finished["kind"] != "none"]
    clean = finished[finished["kind"] == "none"].drop(columns="kind")
    clean = clean.merge(noisy[LINE].drop_duplicates(), on=lines, how="left")
    clean["kind"] = clean["kind"].astype(object).fillna("none")
    points = pd.concat([part for part in (clean, noisy) if not part.empty] or [finished])
    points = points.sort_values("started", kind="stable").drop_duplicates(
        [*LINE, "noise_percent", "seed"], keep="last"
    )
    points = _with_lines(points)
    clean = points.loc[
        points["noise_percent"] == 0, ["comparison", "line", "seed", "accuracy_percent"]
    ].rename(columns={"accuracy_percent": "clean_percent"})
    points = points.merge(clean, on=["comparison", "line", "seed"], how="left")
    points["change_points"] = points["accuracy_percent"] - points.pop("clean_percent")
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


def headline(points: pd.DataFrame, column: str = ACCURACY) -> str:
    """One sentence on EAC against the plain model, from the pair with the most label noise.

    The two lines differ in the method alone; runs are paired by seed. A second sentence says what
    both keep of their clean accuracy, over the seeds of which both have a clean run.

    Args:
        points: of `noise_points`, of one comparison.
        column: the figure, one of `FIGURES`.
    """
    pairs = pair_runs(points, column)
    if pairs.empty:
        return (
            "No finished pair of an EAC run and a plain run with the same data, backbone, options "
            "and seed yet, so there is nothing to compare."
        )
    keys = ["noise_percent", "backbone", "options", "kind", "method_options_eac"]
    counted = pairs.groupby(keys, as_index=False).size()
    order = ["noise_percent", "size", *keys[1:]]
    best = counted.sort_values(order, ascending=[False, False, True, True, True, True]).iloc[0]
    same_lines = pairs[(pairs[keys[1:]] == best[keys[1:]]).all(axis=1)]
    chosen = same_lines[same_lines["noise_percent"] == best["noise_percent"]]
    eac, plain = chosen["value_eac"], chosen["value_plain"]
    where = f"{best['noise_percent']:g} % label noise" if best["noise_percent"] else "clean labels"
    text = (
        f"At {where}, {best['backbone']} trained with EAC reaches {eac.mean():.1f} % "
        f"{FIGURES[column]} and the plain model {plain.mean():.1f} %: "
        + _difference(mean_interval((eac - plain).to_numpy()))
    )
    return text + _kept(chosen, same_lines) if best["noise_percent"] else text


def default_pair(table: pd.DataFrame) -> list[str]:
    """The runs to overlay first: EAC and plain, alike in all but the method, most noise first.

    Without such a pair: the latest run. Finished pairs come before running ones, and of equal noise
    those of the comparison with the most pairs.
    """
    rows = with_comparison(table).assign(kind=table["noise"])
    pairs = pair_runs(rows)
    if pairs.empty:
        return table.sort_values("started")["run"].tail(1).tolist()
    pairs["open"] = (pairs["status_eac"] != "finished") | (pairs["status_plain"] != "finished")
    pairs["size"] = pairs.groupby("comparison")["seed"].transform("size")
    order = ["open", "noise_percent", "size", "comparison", "backbone", "seed"]
    first = pairs.sort_values(order, ascending=[True, False, False, True, True, True]).iloc[0]
    return [first["run_eac"], first["run_plain"]]


def pair_runs(rows: pd.DataFrame, column: str = ACCURACY) -> pd.DataFrame:
    """EAC runs beside plain runs that differ in the method alone, seed by seed.

    Args:
        rows: runs with their ``comparison`` and their ``kind`` of noise.
        column: the figure that stands in ``value_eac`` and ``value_plain``.
    """
    on = ["comparison", "backbone", "options", "kind", "noise_percent", "seed"]
    rows = _stated(rows).assign(value=rows[column])
    taken = [*on, "run", "status", "value", "method_options"]
    eac = rows.loc[rows["method"] == "eac", taken]
    plain = rows.loc[rows["method"] == "cross_entropy", taken]
    return eac.merge(plain, on=on, suffixes=("_eac", "_plain"))


def _stated(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs whose noise and seed are known; of imported ones they may not be."""
    return rows.dropna(subset=["noise_percent", "seed"])


def _kept(noisy: pd.DataFrame, lines: pd.DataFrame) -> str:
    """What the pairs keep of their clean figures; nothing where no seed has both clean runs."""
    clean = lines[lines["noise_percent"] == 0]
    both = noisy.merge(clean, on="seed", suffixes=("", "_clean"))
    if both.empty:
        return ""
    means = both[["value_eac", "value_eac_clean", "value_plain", "value_plain_clean"]].mean()
    eac, eac_clean, plain, plain_clean = (f"{mean:.1f}" for mean in means)
    seeds = f"{len(both)} seeds" if len(both) > 1 else "one seed"
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


def _with_lines(points: pd.DataFrame) -> pd.DataFrame:
    """The points with ``line``: method, backbone, and the options in which such lines differ."""
    lines = points[LINE].drop_duplicates(ignore_index=True)  # few, so that a loop is quick
    names: dict[Hashable, str] = {}
    for (_, method, backbone), group in lines.groupby(["comparison", "method", "backbone"]):
        kinds = dict(group["kind"].items())
        options = {
            index: {**json.loads(shared), **json.loads(own)}
            for (index, shared), own in zip(
                group["options"].items(), group["method_options"], strict=True
            )
        }
        fields = sorted({field for values in options.values() for field in values})
        varying = [f for f in fields if len({str(v.get(f)) for v in options.values()}) > 1]
        several = len({*kinds.values()} - {"none"}) > 1
        for index, values in options.items():
            extra = [f"{f.replace('_', ' ')} {values.get(f, 'unset')}" for f in varying]
            extra += [f"{kinds[index]} noise"] if several else []
            names[index] = " · ".join([method_name(str(method)), str(backbone), *extra])
    return points.merge(lines.assign(line=pd.Series(names, dtype=object)), on=LINE)

"""The tables of README, the dashboard and its CSV files say the same from the same records."""

import io
import random
import re
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
from scipy.stats import t as student

from dashboard.analysis.comparison import noise_points, noise_summary, pair_runs
from dashboard.analysis.noise import noise_drawn
from dashboard.analysis.noise_headline import headline
from dashboard.analysis.placed import comparable_runs, measured_rows
from dashboard.analysis.published import read_published
from dashboard.analysis.published_curves import COLUMNS
from dashboard.data.tables import epoch_values, run_row, run_table
from fer_core.records.published import architecture
from fer_core.records.run import RunRecord
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.published import published_table
from fer_core.reporting.tables import noise_table, runs_table
from tests.made_records import made_record

ACCURACY = "accuracy_percent"
ROUNDED = 0.0051  # points: README has two decimals
NOISES = [
    {"noise": "none", "noise_rate": 0.0},
    {"noise": "symmetric", "noise_rate": 0.1},
    {"noise": "symmetric", "noise_rate": 0.3},
    {"noise": "asymmetric", "noise_rate": 0.3, "realised": 0.2114},
    {"noise": "rater", "noise_rate": 0.0, "realised": 0.2201},
]
METHODS = [
    {"method": "cross_entropy"},
    {"method": "eac"},
    {"method": "eac", "consistency_weight": 1.0},
    {"method": "gce"},
]
SETS = [
    {"data": "rafdb:faces", "backbone": "resnet18"},
    {"data": "rafdb:faces", "backbone": "resnet18", "content": "b"},
    {"data": "rafdb:faces", "backbone": "resnet18", "image_size": 64},
    {"suite": "thesis", "backbone": "resnet18", "image_size": 64},
    {"suite": "", "backbone": "resnet18", "image_size": 64},
]
TREATMENTS = [{}, {"label_smoothing": 0.1}, {"ema_decay": 0.99}, {"flip_probability": 0.0}]
UNSTATED = {"noise": None, "noise_rate": None}


DRAWS = [0, pytest.param(1, marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=DRAWS)
def records(request) -> list[RunRecord]:
    """Runs drawn from few settings, noises, approaches and seeds, of which many repeat others."""
    draw = random.Random(request.param)
    return [_draw_run(draw, number) for number in range(80)]


@pytest.fixture(scope="module")
def own(records):
    """Those of them that were trained here."""
    return [record for record in records if record.imported is None]


@pytest.fixture(scope="module")
def table(records):
    """The dashboard's table of them."""
    rows = [run_row(record, epoch_values(record)) for record in records]
    names = [{"run": record.name, "source": "made"} for record in records]
    return run_table([row | name for row, name in zip(rows, names, strict=True)])


@pytest.fixture(scope="module")
def points(table):
    """What the page on noise shows of them."""
    return noise_points(table)


def _draw_run(draw: random.Random, number: int) -> RunRecord:
    options = {
        **draw.choices(SETS, (12, 2, 2, 4, 1))[0],
        **draw.choices(METHODS, (6, 6, 2, 1))[0],
        **draw.choices(NOISES, (3, 1, 3, 1, 1))[0],
        **draw.choices(TREATMENTS, (15, 1, 1, 1))[0],
        "seed": draw.randrange(3),  # means of more seeds may end on half a digit
    }
    if options["method"] == "gce":  # which takes no smoothed labels
        options.pop("label_smoothing", None)
    if "suite" in options:
        options |= draw.choices([{}, {"seed": None}, UNSTATED], (4, 1, 1))[0]
    return made_record(
        name=f"run-{number}",
        accuracy=draw.randrange(100, 1000) / 1000,
        started=f"2026-01-0{draw.randrange(1, 5)}",
        status=draw.choices(["finished", "running", "failed"], (18, 1, 1))[0],
        **options,
    )


@pytest.mark.slow
def test_means_and_their_deviations_are_the_same(records, points):
    assert shown_means(points, noise_summary(points)) == said_means(records)


@pytest.mark.slow
def test_the_files_of_the_noise_chart_hold_the_same_means_and_intervals(records, points):
    found = Counter()
    for name, shown in points.groupby("comparison"):
        drawn = noise_drawn(shown, noise_summary(shown), pd.DataFrame(columns=COLUMNS), ACCURACY)
        file = csv_of(drawn)
        means = file[file["what"] == "mean"].rename(columns={"value": "mean"})
        means = means.assign(half=means["high"] - means["mean"], comparison=name)
        lower = (means["mean"] - means["low"]).to_numpy(dtype=float)
        assert lower == pytest.approx(means["half"].to_numpy(dtype=float), nan_ok=True)
        found += shown_means(shown, means)
    assert found == said_means(records)


@pytest.mark.slow
def test_the_file_of_our_own_figures_holds_the_same_means_as_the_table_beside_published_ones(
    own, table
):
    said = Counter(
        (row["noise"], row["backbone"], row["accuracy"].strip("*"), row["source"])
        for row in markdown_rows(published_table, own)
        if row["source"].startswith("these records")
    )
    file = csv_of(measured_rows(table).drop(columns="conditions"))
    shown = Counter(
        (
            noise_text(row.noise_kind, row.noise_percent),
            row.backbone,
            mean_text(row.value, row.half, row.seeds),
            f"these records, n = {row.seeds}",
        )
        for row in file.itertuples()
    )
    assert shown == said


@pytest.mark.slow
def test_the_same_published_figures_stand_beside_our_own(own, table):
    said = {
        (row["noise"], row["method"], float(row["accuracy"]))
        for row in markdown_rows(published_table, own)
        if not row["source"].startswith("these records")
    }
    measured, shown = measured_rows(table), set()
    groups = ["setting", "metric", "noise_percent"]  # as the page offers them
    for _, figures in read_published().groupby(groups):
        for ours in comparable_runs(measured, figures).itertuples():
            alike = figures[figures["backbone"] == architecture(ours.backbone)]
            noise = noise_text(ours.noise_kind, ours.noise_percent)
            shown |= {(noise, row.method, row.value) for row in alike.itertuples()}
    assert shown == said


@pytest.mark.slow
def test_pairs_and_their_means_are_the_same(records, table):
    said = Counter(pair_cells(row) for row in markdown_rows(noise_table, records))
    assert Counter(shown_pairs(table)) == said


@pytest.mark.slow
def test_the_headline_of_every_comparison_is_its_row_with_the_most_noise(records, points):
    rows = markdown_rows(noise_table, records)
    pairs = 0
    for _, shown in points.groupby("comparison"):
        cells = shown_pairs(shown)
        mine = [row for row in rows if pair_cells(row) in cells]
        text = headline(shown)
        if not cells:
            assert "no comparison yet" in text
            continue
        most = max(noise_percent(row["noise"]) for row in mine)
        noisiest = [row for row in mine if noise_percent(row["noise"]) == most]
        assert f"At {most:g} % " in text or most == 0
        assert any(row_says(row, text) for row in noisiest)
        pairs += len(cells)
    assert pairs == len(rows) > 2


def markdown_rows(make: Callable, records: list[RunRecord]) -> list[dict[str, str]]:
    """The rows of a Markdown table by their column; none where it says that there are none."""
    try:
        text = make(records)
    except ReportError:
        return []
    header, _, *rows = [
        line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")
    ]
    return [dict(zip(header, [*row, *[""] * len(header)], strict=False)) for row in rows]


def csv_of(drawn: pd.DataFrame) -> pd.DataFrame:
    """What a visitor has downloaded."""
    return pd.read_csv(io.StringIO(drawn.to_csv(index=False)), keep_default_na=False, na_values="")


def said_means(records: list[RunRecord]) -> Counter[tuple[str, str, str]]:
    """Noise, mean with deviation, and seeds of README; without what has no place on a line."""
    return Counter(
        (row["noise"], row["accuracy"], row["seeds"])
        for row in markdown_rows(runs_table, records)
        if "not stated" not in (row["noise"], row["seeds"])
    )


def shown_means(points: pd.DataFrame, summary: pd.DataFrame) -> Counter[tuple[str, str, str]]:
    """Noise, mean with deviation, and seeds, as README has them; clean runs of many lines once."""
    means = summary.set_index(["comparison", "line", "noise_percent"])
    found = {}
    for key, seeds in points.groupby(["comparison", "line", "noise_percent"]):
        row = means.loc[key]
        noise = noise_text(seeds["noise"].iloc[0], seeds["noise_percent"].iloc[0])
        cells = (noise, mean_text(row["mean"], row["half"], row["n"]), seeds_text(seeds["seed"]))
        found[tuple(sorted(seeds["run"]))] = cells
    return Counter(found.values())


def shown_pairs(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Of each pair of the dashboard what README says of it: see `pair_cells`."""
    finished = rows[rows["status"] == "finished"].drop_duplicates("run")
    facts = finished.set_index("run")
    pairs = pair_runs(finished.assign(comparison=""))
    shared = ["content", "image_size", "options", "method_options"]
    pairs[shared] = facts.loc[pairs["run_eac"], shared].to_numpy()
    found = []
    for _, seeds in pairs.groupby([*shared, "kind", "noise_percent"]):
        baseline, eac = (facts.loc[seeds[side], ACCURACY] for side in ("run_baseline", "run_eac"))
        means = [
            f"{one.mean():.2f}" + deviation_text(one.std(), len(one)) for one in (baseline, eac)
        ]
        noise = noise_text(seeds["kind"].iloc[0], seeds["noise_percent"].iloc[0])
        found.append((noise, seeds_text(seeds["seed"]), *means))
    return found


def pair_cells(row: dict[str, str]) -> tuple[str, ...]:
    """Noise, seeds and both means of a row of README."""
    return row["noise"].partition(",")[0], row["seeds"], row["baseline"], row["EAC"]


def row_says(row: dict[str, str], text: str) -> bool:
    """Whether a row has the difference, its interval and the clean figures of a headline."""
    gap, _, clean = text.partition(" From clean to noisy labels")
    eac_clean, eac, baseline_clean, baseline = unsigned(clean) or [0.0] * 4
    falls = [baseline - baseline_clean, eac - eac_clean] if clean else []
    return all(
        ours == pytest.approx(theirs, abs=0.1 + ROUNDED)  # the headline has one decimal
        for ours, theirs in (
            (signed(row["EAC - baseline (95 % interval, Student's t over seeds)"]), signed(gap)),
            (signed(row["against own clean run, baseline / EAC"]), falls),
        )
    )


def noise_percent(text: str) -> float:
    return float(text.partition(" %")[0]) if "%" in text.partition(",")[0] else 0.0


def noise_text(kind: str, percent: float) -> str:
    return f"{percent:g} % {kind}" if percent else "none added"


def seeds_text(seeds: pd.Series) -> str:
    return ", ".join(str(seed) for seed in sorted(seeds))


def mean_text(mean: float, half: float, n: int) -> str:
    """Mean and the deviation from which such an interval comes."""
    quantile = student.ppf(0.975, n - 1) if n > 1 else 1.0
    return f"{mean:.2f}" + deviation_text(half * n**0.5 / quantile, int(n))


def deviation_text(deviation: float, n: int) -> str:
    return f" ± {deviation:.2f}" if n > 1 else ""


def signed(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[+-]\d+\.\d+", text)]


def unsigned(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]

from dataclasses import replace

import numpy as np
import pytest

from fer_core.metrics.intervals import hierarchical_difference
from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import group_runs
from fer_core.records.measures import MEASURES, gap_over_seeds_and_images, has_measure, unanswered
from fer_core.records.run import RecordError
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.measures import measures_table
from tests.made_records import MEASURED_LABELS
from tests.made_records import measured_run as run


@pytest.fixture
def runs(tmp_path):
    """Baseline and EAC, three seeds: EAC is right on 10, 11 and 12 images more."""
    return [
        run(tmp_path / f"{method}{seed}", method, seed, base + gain * seed)
        for method, base, gain in (("cross_entropy", 60, 0), ("eac", 70, 1))
        for seed in range(3)
    ]


@pytest.mark.slow
def test_the_interval_counts_seeds_and_images():
    generator = np.random.default_rng(0)
    gaps = (generator.random((5, 1000)) < 0.3).astype(float)
    found = hierarchical_difference(gaps, 2000, np.random.default_rng(1))
    assert found.value == pytest.approx(gaps.mean())
    images_alone = hierarchical_difference(gaps[:1], 2000, np.random.default_rng(1))
    expected = 1.96 * np.sqrt(gaps[0].mean() * (1 - gaps[0].mean()) / 1000)
    assert (images_alone.high - images_alone.low) / 2 == pytest.approx(expected, rel=0.1)
    shifted = gaps + np.linspace(-0.2, 0.2, 5)[:, None]  # seeds that differ widen it
    wide = hierarchical_difference(shifted, 2000, np.random.default_rng(1))
    assert wide.high - wide.low > 2 * (found.high - found.low)


@pytest.mark.slow
def test_images_of_one_kind_are_drawn_together_as_if_they_were_drawn_one_by_one():
    generator = np.random.default_rng(0)
    gaps = generator.choice([-1.0, 0.0, 0.4, 1.0], (3, 200))
    gaps[1] = gaps[0]  # seeds that agree: the images must stay the same for all of them
    found = hierarchical_difference(gaps, 4000, np.random.default_rng(1))
    drawn = [
        gaps[generator.integers(0, 3, 3)][:, generator.integers(0, 200, 200)].mean()
        for _ in range(4000)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_the_class_mean_counts_every_class_alike():
    gaps = np.where(MEASURED_LABELS == 1, 1.0, 0.0)[None]
    found = hierarchical_difference(gaps, 500, np.random.default_rng(0), labels=MEASURED_LABELS)
    assert found == (0.5, 0.5, 0.5)
    assert hierarchical_difference(gaps, 500, np.random.default_rng(0)).value == 0.2


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_its_gap_over_seeds_and_images(runs, name):
    ((baseline, eac),) = pair_with_baseline(group_runs(runs))
    gap = gap_over_seeds_and_images(eac, baseline, MEASURES[name])
    assert gap.value == pytest.approx(11.0)
    assert gap.low < 11 < gap.high
    again = gap_over_seeds_and_images(eac, baseline, MEASURES[name])
    assert gap == again


def test_runs_of_other_images_do_not_compare(tmp_path):
    pair = [run(tmp_path / "a", "cross_entropy", 0, 60), run(tmp_path / "b", "eac", 0, 70)]
    pair[1] = run(tmp_path / "c", "eac", 0, 70, names="other")
    ((baseline, eac),) = pair_with_baseline(group_runs(pair))
    with pytest.raises(RecordError, match="predicted other"):
        gap_over_seeds_and_images(eac, baseline, MEASURES["chosen"])


def test_earlier_records_lack_the_measures(tmp_path):
    pair = [run(tmp_path / f"{m}", m, 0, 60, old=True) for m in ("cross_entropy", "eac")]
    ((baseline, eac),) = pair_with_baseline(group_runs(pair))
    assert not has_measure(eac, MEASURES["chosen"])
    assert gap_over_seeds_and_images(eac, baseline, MEASURES["last5"]) is None
    with pytest.raises(ReportError, match="with --holdout"):
        measures_table(pair)


def test_a_class_that_is_never_predicted_right_is_named(runs):
    groups = {group.approach.method: group for group in group_runs(runs)}
    assert unanswered(groups["cross_entropy"], MEASURES["chosen_tta"]) == {"b": 3}
    better = [replace(runs[0]), *runs[3:]]
    assert unanswered(group_runs(better)[0], MEASURES["chosen"]) == {"b": 1}


@pytest.mark.slow
def test_the_table_has_a_row_for_each_approach_beside_its_baseline(runs, tmp_path):
    runs += [
        run(tmp_path / f"ema{seed}", "cross_entropy", seed, 65, ema_decay=0.999)
        for seed in range(3)
    ]
    text = measures_table(runs)
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    methods = [row.split("|")[3].strip() for row in rows]
    assert sorted(methods) == [
        "cross_entropy",
        "cross_entropy, ema decay 0.999",
        "eac",
    ]
    (eac,) = (row for row in rows if "| eac |" in row)
    assert "71.00 ± 1.00 [+11.00 (+8.52 to +13.48)]" in eac
    assert "b (3)" in eac
    assert "as in the paper" in text

"""Which groups are compared, and their differences."""

from dataclasses import replace

import pytest

from fer_core.config.methods import METHODS
from fer_core.records.compare import (
    noise_lines,
    pair_eac_with_baseline,
    pair_with_baseline,
    paired_gap,
    with_clean_pair,
)
from fer_core.records.groups import group_runs
from tests.made_records import made_record


@pytest.mark.parametrize(
    "treatment",
    [
        {"flip_probability": 0.0},
        {"pixel_noise": 30.0},
        {"ema_decay": 0.999},
        {"label_smoothing": 0.1},
    ],
)
def test_a_treatment_against_noise_belongs_to_the_approach_and_is_paired_with_the_baseline(
    treatment,
):
    baseline = made_record(method="cross_entropy", accuracy=0.7)
    treated = made_record(method="cross_entropy", accuracy=0.8, **treatment)
    ((one, other),) = pair_with_baseline(group_runs([treated, baseline]))
    assert one.setting == other.setting
    assert (one.approach.treatments, other.approach.treatments) == ({}, treatment)
    assert paired_gap(other, one).mean == pytest.approx(10.0)


def test_every_method_is_paired_with_the_baseline_whatever_its_own_settings():
    methods = [name for name, spec in METHODS.items() if spec.bundled]
    needed = {"label_smoothing": {"label_smoothing": 0.1}}
    runs = [made_record(method=method, **needed.get(method, {})) for method in methods]
    pairs = pair_with_baseline(group_runs(runs))
    assert {one.approach.method for one, _ in pairs} == {"cross_entropy"}
    assert {other.approach.method for _, other in pairs} == {*methods} - {"cross_entropy"}


def test_eac_alone_is_paired_with_a_baseline_of_the_same_average_and_smoothing():
    plain, smooth = (
        {
            method: made_record(method=method, label_smoothing=value)
            for method in ("cross_entropy", "eac")
        }
        for value in (0.0, 0.1)
    )
    assert pair_eac_with_baseline(group_runs([plain["cross_entropy"], smooth["eac"]])) == []
    pairs = pair_eac_with_baseline(group_runs([*plain.values(), *smooth.values()]))
    assert [one.approach.treatments == other.approach.treatments for one, other in pairs] == [
        True,
        True,
    ]


def test_where_every_run_has_a_treatment_the_treated_baseline_is_the_baseline():
    runs = [made_record(method=method, label_smoothing=0.1) for method in ("cross_entropy", "eac")]
    ((one, other),) = pair_with_baseline(group_runs(runs))
    assert (one.approach.method, other.approach.method) == ("cross_entropy", "eac")


def test_the_gap_is_paired_by_seed():
    eac = [made_record(seed=seed, accuracy=0.8 + 0.1 * seed) for seed in range(2)]
    plain = [made_record(seed=s, accuracy=0.7 + 0.1 * s, method="cross_entropy") for s in range(3)]
    of = {group.approach.method: group for group in group_runs([*eac, *plain])}
    gap = paired_gap(of["eac"], of["cross_entropy"])
    assert (gap.mean, gap.n) == (pytest.approx(10.0), 2)
    assert gap.half == pytest.approx(0.0, abs=1e-9)
    lonely = group_runs([made_record(seed=7)])[0]
    assert paired_gap(lonely, of["cross_entropy"]) is None


def test_clean_runs_start_the_line_of_every_kind_of_noise():
    runs = [
        made_record(noise="none", noise_rate=0.0),
        made_record(),
        made_record(noise_rate=0.1),
        made_record(noise="asymmetric", realised=0.2),
        made_record(noise="none", noise_rate=0.0, method="cross_entropy"),
    ]
    lines = noise_lines(group_runs(runs))
    shares = {
        (line.groups[0].approach.method, line.kind): [group.noise.percent for group in line.groups]
        for line in lines
    }
    assert shares == {
        ("eac", "symmetric"): [0, 10, 30],
        ("eac", "asymmetric"): [0, 20],
        ("cross_entropy", "none"): [0],
    }
    assert all(line.clean is not None for line in lines)
    (alone,) = noise_lines(group_runs([made_record()]))
    assert alone.clean is None


def test_a_noise_that_changed_no_label_is_none():
    listed = replace(made_record(), noise={"kind": "file", "rate": None, "realised_rate": 0.0})
    clean = made_record(noise="none", noise_rate=0.0)
    assert len(group_runs([listed, clean])) == 1


@pytest.mark.parametrize(
    ("other", "seeds"),
    [({}, [1]), ({"learning_rate": 1e-3}, []), ({"consistency_weight": 1.0}, [])],
)
def test_a_noisy_pair_is_set_against_the_clean_pair_that_differs_in_nothing_else(other, seeds):
    methods = ("cross_entropy", "eac")
    shared = {} if "consistency_weight" in other else other  # that one is EAC's own
    own = {"cross_entropy": shared, "eac": other}
    noisy = [made_record(method=method, seed=seed) for method in methods for seed in (0, 1)]
    clean = [
        made_record(method=method, seed=seed, noise="none", noise_rate=0.0, **own[method])
        for method in methods
        for seed in (1, 2)
    ]
    pairs = pair_eac_with_baseline(group_runs([*noisy, *clean]))
    (pair,) = [pair for pair in pairs if pair[1].noise.percent]
    four = with_clean_pair(pair, pairs)
    assert [group.approach.method for group in four] == [*methods, *methods][: 4 * len(seeds)]
    assert all([trial.seed for trial in group.trials] == seeds for group in four)


def test_runs_whose_noise_or_seed_nobody_stated_are_no_pair():
    methods = ("cross_entropy", "eac")
    for unknown in ({"seed": None}, {"noise": None, "noise_rate": None}):
        facts = {"seed": 0, **unknown}
        runs = [made_record(suite="thesis", method=method, **facts) for method in methods]
        assert pair_eac_with_baseline(group_runs(runs)) == []
        assert noise_lines(group_runs(runs)) == []
    runs = [made_record(suite="thesis", method=method, seed=0) for method in methods]
    assert len(pair_eac_with_baseline(group_runs(runs))) == 1
    other = [made_record(method="cross_entropy"), *runs[1:]]
    assert pair_eac_with_baseline(group_runs(other)) == []

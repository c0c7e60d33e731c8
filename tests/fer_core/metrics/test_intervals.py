import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from scipy import stats

from fer_core.metrics.intervals import (
    EXACT_BELOW,
    bootstrap_accuracy,
    bootstrap_mean,
    bootstrap_mean_class_accuracy,
    check_resamples,
    jackknife,
    mcnemar,
    paired_difference,
    paired_mean_class_accuracy_difference,
    wilson,
)

shares = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
several_shares = st.lists(shares, min_size=1, max_size=8)
pairs = st.integers(1, 400).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n)).flatmap(
        lambda p: st.tuples(st.just(p[0]), st.integers(0, n - p[0]), st.just(n))
    )
)


def columns(cases):
    return [np.array(column) for column in zip(*cases, strict=True)]


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 1998,
# table I, method 3.
@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_has_the_published_ends(hits, count, low, high):
    found = wilson(hits, count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(shares)
@pytest.mark.slow
def test_wilsons_interval_solves_the_equation_of_its_ends(case):
    hits, count = case
    found = wilson(hits, count)
    assert found.value == hits / count
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in found[1:]:  # |share - p| = z sqrt(p (1 - p) / n)
        distance = 1.959963984540054 * (end * (1 - end) / count) ** 0.5
        assert abs(found.value - end) == pytest.approx(distance, abs=1e-7)


def test_the_percentile_intervals_are_those_of_resampled_images():
    right = np.arange(400) % 20 < 13
    found = bootstrap_accuracy(int(right.sum()), 400, 20_000, default_rng(0))
    expected = stats.bootstrap(
        (right.astype(float),), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert found.value == right.mean()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.004)


def test_class_means_are_resampled_within_each_class():
    classes = [np.arange(30) < 12, np.arange(300) < 270, np.arange(8) < 4]
    found = bootstrap_mean_class_accuracy(
        np.array([12, 270, 4]), np.array([30, 300, 8]), 20_000, default_rng(0)
    )
    expected = stats.bootstrap(
        [right.astype(float) for right in classes],
        lambda *samples, axis: sum(sample.mean(axis) for sample in samples) / 3,
        n_resamples=20_000,
        method="percentile",
        rng=1,
    ).confidence_interval
    assert found.value == pytest.approx(np.mean([0.4, 0.9, 0.5]))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.008)


def test_paired_differences_are_those_of_resampled_pairs():
    kinds = np.repeat([1.0, -1.0, 0.0], [40, 22, 238])  # right only here, only there, both or none
    found = paired_difference(40, 22, 300, 20_000, default_rng(0))
    expected = stats.bootstrap(
        (kinds,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert found.value == pytest.approx(18 / 300)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.004)


@given(several_shares, st.integers(0, 2**32))
@pytest.mark.slow
def test_intervals_of_accuracies_contain_the_accuracy_and_are_shares(cases, seed):
    hits, counts = columns(cases)
    total = bootstrap_accuracy(int(hits.sum()), int(counts.sum()), 200, default_rng(seed))
    mean = bootstrap_mean_class_accuracy(hits, counts, 200, default_rng(seed))
    assert mean.value == pytest.approx(np.mean(hits / counts))
    for found in (total, mean):
        assert -1e-12 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1 + 1e-12


@given(st.lists(pairs, min_size=1, max_size=8), st.integers(0, 2**32))
@pytest.mark.slow
def test_intervals_of_differences_contain_the_difference(cases, seed):
    only_first, only_second, counts = columns(cases)
    sums = (int(column.sum()) for column in (only_first, only_second, counts))
    total = paired_difference(*sums, 400, default_rng(seed))
    mean = paired_mean_class_accuracy_difference(
        only_first, only_second, counts, 400, default_rng(seed)
    )
    assert mean.value == pytest.approx(np.mean((only_first - only_second) / counts))
    for found in (total, mean):
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12


def test_classes_without_images_do_not_count():
    some = bootstrap_mean_class_accuracy(
        np.array([3, 0, 5]), np.array([4, 0, 9]), 300, default_rng(0)
    )
    rest = bootstrap_mean_class_accuracy(np.array([3, 5]), np.array([4, 9]), 300, default_rng(0))
    assert some == rest
    one, other, counts = np.array([2, 0]), np.array([1, 0]), np.array([5, 0])
    found = paired_mean_class_accuracy_difference(one, other, counts, 300, default_rng(0))
    assert found == paired_difference(2, 1, 5, 300, default_rng(0))


def test_the_same_seed_gives_the_same_interval():
    one, again = (bootstrap_accuracy(700, 1000, 500, default_rng(3)) for _ in range(2))
    assert one == again != bootstrap_accuracy(700, 1000, 500, default_rng(4))


def test_a_model_against_itself_has_no_difference_and_no_interval():
    assert paired_difference(0, 0, 50, 200, default_rng(0)) == (0, 0, 0)
    assert mcnemar(0, 0).p_value == 1


def test_intervals_shrink_with_the_number_of_images():
    few, many = (bootstrap_accuracy(7 * n, 10 * n, 2000, default_rng(0)) for n in (10, 30_000))
    assert many.high - many.low < (few.high - few.low) / 20


@given(st.integers(0, EXACT_BELOW - 1), st.integers(0, EXACT_BELOW - 1))
def test_few_discordant_pairs_are_tested_exactly(one, other):
    found = mcnemar(one, other)
    if one + other >= EXACT_BELOW:
        assert found.test == "chi-square with continuity correction"
        return
    tail = sum(math.comb(one + other, k) for k in range(min(one, other) + 1))
    assert (found.test, found.statistic) == ("exact binomial", None)
    assert found.p_value == pytest.approx(min(1.0, 2 * tail / 2 ** (one + other)))


@given(st.integers(0, 500), st.integers(EXACT_BELOW, 500))
def test_many_discordant_pairs_are_tested_by_chi_square(one, other):
    found = mcnemar(one, other)
    statistic = max(abs(one - other) - 1, 0) ** 2 / (one + other)
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-9)


def test_both_tests_agree_where_one_gives_way_to_the_other():
    exact, chi_square = mcnemar(17, 7), mcnemar(17, 8)
    assert (exact.test, chi_square.test[:10]) == ("exact binomial", "chi-square")
    exact_there = stats.binomtest(17, 25).pvalue
    assert chi_square.p_value == pytest.approx(exact_there, rel=0.05)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemars_test_is_symmetric(one, other):
    found, turned = mcnemar(one, other), mcnemar(other, one)
    assert (found.p_value, found.statistic) == (turned.p_value, turned.statistic)
    assert (found.only_first, found.only_second) == (turned.only_second, turned.only_first)
    assert 0 <= found.p_value <= 1


@pytest.mark.parametrize("resamples", [0, 99, 1_000_001, -5])
def test_a_bad_number_of_resamples_is_named_with_what_is_allowed(resamples):
    with pytest.raises(ValueError, match=f"100 to 1,000,000 resamples, got {resamples}"):
        check_resamples(resamples)


def test_ends_of_the_range_of_resamples_are_allowed():
    check_resamples(100)
    check_resamples(1_000_000)


def test_an_interval_covers_the_mean_and_leaves_out_what_is_not_a_number():
    values = np.array([0.0, 1.0, 0.5, np.nan])
    found = bootstrap_mean(values, 500, default_rng(0))
    assert found.value == 0.5
    assert 0 <= found.low < 0.5 < found.high <= 1
    assert np.isnan(bootstrap_mean(np.array([np.nan]), 10, default_rng(0)).value)


def test_the_jackknife_of_a_mean_has_its_standard_error():
    values = default_rng(0).normal(size=40)
    found = jackknife(lambda rows: float(values[rows].mean()), 40)
    half = stats.norm.ppf(0.975) * values.std(ddof=1) / math.sqrt(40)
    assert found == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.metrics.ranking import (
    auroc,
    average_precision,
    precision_among_first,
    precision_recall_curve,
    ranking_figures,
)


def by_pairs(scores, positives):
    """The area by its definition: over all pairs of a positive and a negative."""
    gaps = scores[positives][:, None] - scores[~positives][None, :]
    return ((gaps > 0) + 0.5 * (gaps == 0)).mean()


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_that_of_all_pairs_with_ties_half(rows):
    scores = np.array([float(score) for score, _ in rows])
    positives = np.array([positive for _, positive in rows])
    if positives.all() or not positives.any():
        assert auroc(scores, positives) is None
    else:
        assert auroc(scores, positives) == pytest.approx(by_pairs(scores, positives))


def test_a_perfect_ranking_has_area_one_and_a_reversed_one_zero():
    wrong = np.array([True, True, False, False])
    assert auroc(np.array([4.0, 3.0, 2.0, 1.0]), wrong) == 1
    assert auroc(np.array([1.0, 2.0, 3.0, 4.0]), wrong) == 0


def test_the_average_precision_is_the_mean_precision_at_the_positives():
    scores, wrong = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])
    assert average_precision(scores, wrong) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(scores, np.zeros(4, bool)) is None


def test_the_precision_is_taken_among_the_first_of_the_ranking():
    order, wrong = np.array([2, 0, 1, 3]), np.array([False, True, True, False])
    assert precision_among_first(order, wrong, 1) == 1
    assert precision_among_first(order, wrong, 2) == 0.5
    with pytest.raises(ValueError, match="first must be 1 to 4 images, got 5"):
        precision_among_first(order, wrong, 5)


def test_images_that_tie_count_as_evenly_mixed_in_whatever_order_they_stand():
    scores = np.array([1.0] * 4 + [0.0] * 4)
    wrong = np.array([True, True, False, False, True, False, False, False])
    for order in (np.arange(8), np.arange(8)[::-1], np.array([3, 1, 0, 2, 7, 5, 6, 4])):
        generator = np.random.default_rng(0)
        figures = ranking_figures(scores[order], wrong[order], [2, 6], 100, generator)
        assert figures.precision[2].value == pytest.approx(0.5)
        assert figures.precision[6].value == pytest.approx((2 + 2 * 0.25) / 6)
        assert average_precision(scores[order], wrong[order]) == figures.average_precision.value
        curve = precision_recall_curve(scores[order], wrong[order], 100, generator)
        assert curve.precision[0] == pytest.approx(0.5)
    assert average_precision(np.zeros(8), wrong) == pytest.approx(3 / 8)


@pytest.fixture
def sample():
    """1,000 scores of which 300 positives tend to be higher."""
    generator = np.random.default_rng(0)
    wrong = np.arange(1000) < 300
    return generator.normal(size=1000) + 1.2 * wrong, wrong


def test_the_figures_are_those_of_the_images_and_lie_in_their_intervals(sample):
    scores, wrong = sample
    figures = ranking_figures(scores, wrong, [100, 5000], 200, np.random.default_rng(0))
    assert figures.auroc.value == pytest.approx(by_pairs(scores, wrong))
    assert figures.average_precision.value == average_precision(scores, wrong)
    assert list(figures.precision) == [100]
    order = np.argsort(-scores)
    assert figures.precision[100].value == precision_among_first(order, wrong, 100)
    for value, low, high in (figures.auroc, figures.average_precision, figures.precision[100]):
        assert low < value < high < low + 0.25


def test_the_interval_covers_what_other_samples_give(sample):
    scores, wrong = sample
    low, high = ranking_figures(scores, wrong, [], 500, np.random.default_rng(0)).auroc[1:]
    generator = np.random.default_rng(1)
    others = [auroc(generator.normal(size=1000) + 1.2 * wrong, wrong) for _ in range(200)]
    width = np.quantile(others, 0.975) - np.quantile(others, 0.025)
    assert high - low == pytest.approx(width, rel=0.25)


def test_the_curve_ends_at_the_share_of_positives_with_every_one_found(sample):
    curve = precision_recall_curve(*sample, 100, np.random.default_rng(0))
    assert (np.diff(curve.recall) > 0).all()
    assert curve.recall[-1] == 1
    assert 0.3 <= curve.precision[-1] < 0.35
    assert (curve.low <= curve.precision + 1e-9).mean() > 0.95
    assert (curve.high >= curve.precision - 1e-9).mean() > 0.95


@pytest.mark.parametrize("wrong", [np.zeros(4, bool), np.ones(4, bool)])
def test_where_there_is_nothing_to_tell_apart_there_are_no_figures(wrong):
    scores, generator = np.arange(4.0), np.random.default_rng(0)
    assert ranking_figures(scores, wrong, [1], 100, generator) is None
    assert precision_recall_curve(scores, wrong, 100, generator) is None

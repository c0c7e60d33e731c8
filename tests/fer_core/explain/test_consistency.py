import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.explain.consistency import MirrorCheck, correlation

GENERATOR = np.random.default_rng(0)
SLOPE = np.arange(9.0).reshape(3, 3)


def check(probabilities, maps):
    return MirrorCheck(np.array(probabilities, dtype=float), np.array(maps, dtype=float))


def test_two_views_that_are_alike_agree_in_full():
    alike = check([[0.7, 0.3], [0.7, 0.3]], [[SLOPE, -SLOPE], [SLOPE, -SLOPE]])
    assert alike.answer_agreement == 1
    assert alike.same_answer
    assert alike.consistency(0) == pytest.approx(1)


def test_answers_without_anything_in_common_have_no_consistency():
    apart = check([[1, 0], [0, 1]], [[SLOPE, SLOPE], [SLOPE, SLOPE]])
    assert apart.answer_agreement == 0
    assert not apart.same_answer
    assert apart.map_agreement(0) == pytest.approx(1)
    assert apart.consistency(0) == 0


def test_answers_share_what_is_below_both_of_them():
    part = check([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]], np.zeros((2, 3, 2, 2)))
    assert part.answer_agreement == pytest.approx(0.2 + 0.3 + 0.1)


def test_the_agreement_of_maps_is_their_correlation():
    one, other = GENERATOR.normal(size=(2, 4, 5))
    expected = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert correlation(one, other) == pytest.approx(max(0, expected))
    assert correlation(one, 3 * one - 8) == pytest.approx(1)
    assert correlation(one, -one) == 0


def test_a_map_without_shape_agrees_with_its_like_alone():
    flat = np.full((3, 3), 5.0)
    assert correlation(flat, flat + 1) == 1
    assert correlation(flat, SLOPE) == 0
    assert correlation(np.zeros((3, 3)), np.zeros((3, 3))) == 1


@given(st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_every_score_is_in_0_to_1_and_does_not_depend_on_the_order(seed):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(4), 2)
    maps = generator.normal(size=(2, 4, 3, 3))
    one, other = MirrorCheck(probabilities, maps), MirrorCheck(probabilities[::-1], maps[::-1])
    for index in range(4):
        assert 0 <= one.consistency(index) <= 1
        assert one.consistency(index) == pytest.approx(other.consistency(index))

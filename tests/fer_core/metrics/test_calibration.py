import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.metrics.calibration import (
    COLDEST,
    HOTTEST,
    CalibrationError,
    cross_fitted_temperatures,
    fit_temperature,
    in_second_half,
    negative_log_likelihood,
    softmax,
)

seeds = st.integers(0, 2**32)


def drawn(seed, count=4000, classes=5, spread=2.0):
    """Logits, and labels that are distributed as these say."""
    generator = np.random.default_rng(seed)
    logits = spread * generator.standard_normal((count, classes))
    cumulated = softmax(logits).cumsum(1)
    labels = (generator.random(count)[:, None] > cumulated).sum(1).clip(max=classes - 1)
    return logits.astype(np.float32), labels


@settings(max_examples=20, deadline=None)
@given(seeds)
@pytest.mark.slow
def test_calibrated_logits_have_temperature_1(seed):
    assert fit_temperature(*drawn(seed)) == pytest.approx(1, abs=0.12)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.2, 5))
def test_the_temperature_scales_with_the_logits(seed, factor):
    logits, labels = drawn(seed, count=300)
    found = fit_temperature(logits.astype(np.float64) * factor, labels)
    assert found == pytest.approx(factor * fit_temperature(logits, labels), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds)
@pytest.mark.slow
def test_no_other_temperature_has_less_cross_entropy(seed):
    logits, labels = drawn(seed, count=200, spread=4)
    found = fit_temperature(logits, labels)
    least = negative_log_likelihood(logits, labels, found)
    for other in np.geomspace(COLDEST, HOTTEST, 60):
        assert least <= negative_log_likelihood(logits, labels, other) + 1e-12


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(COLDEST, HOTTEST))
def test_a_temperature_changes_no_answer(seed, temperature):
    logits, _ = drawn(seed, count=50)
    assert (softmax(logits, temperature).argmax(1) == logits.argmax(1)).all()


def test_probabilities_add_up_to_one_however_large_the_logits_are():
    logits = np.array([[1000.0, -1000.0, 0.0], [-5000.0, -5000.0, -5000.0]], np.float32)
    for temperature in (0.01, 1.0, np.array([0.01, 100.0])):
        rows = softmax(logits, temperature)
        assert np.isfinite(rows).all()
        assert rows.sum(1) == pytest.approx([1, 1])


def test_each_image_may_have_its_own_temperature():
    logits, labels = drawn(0, count=100)
    each = np.geomspace(0.5, 2, 100)
    rows = [softmax(logits[i : i + 1], each[i])[0] for i in range(100)]
    assert softmax(logits, each) == pytest.approx(np.array(rows))
    expected = -np.log([row[label] for row, label in zip(rows, labels, strict=True)]).mean()
    assert negative_log_likelihood(logits, labels, each) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.55, 0.75, 0.95])
def test_with_two_classes_and_one_gap_the_temperature_is_the_one_of_the_odds(share):
    labels = (np.arange(400) >= round(400 * share)).astype(int)
    logits = np.tile([3.0, 0.0], (400, 1))  # sigmoid(3 / T) = share of the first class
    assert fit_temperature(logits, labels) == pytest.approx(3 / np.log(share / (1 - share)))


@pytest.mark.parametrize(("turn", "end"), [(1, COLDEST), (-1, HOTTEST)])
def test_logits_that_are_always_or_never_right_end_at_the_range_of_temperatures(turn, end):
    labels = np.arange(60) % 3
    logits = turn * np.eye(3)[labels]
    assert fit_temperature(logits, labels) == end


def test_logits_that_say_nothing_keep_temperature_1():
    assert fit_temperature(np.zeros((60, 3)), np.arange(60) % 3) == 1


def test_too_few_images_are_refused_with_their_number():
    with pytest.raises(CalibrationError, match="at least 50 images to be fitted on, got 49"):
        fit_temperature(np.zeros((49, 3)), np.zeros(49, int))


def test_halves_depend_on_the_name_alone_and_are_about_equal():
    names = [f"{index}.png" for index in range(2000)]
    halves = in_second_half(names)
    assert 900 < halves.sum() < 1100
    assert (in_second_half(names[::-1]) == halves[::-1]).all()
    assert in_second_half(["caf\udce9.png", "ß"]).shape == (2,)


def test_no_image_is_judged_by_a_temperature_that_was_fitted_on_it():
    logits, labels = drawn(0, count=600)
    names = [str(index) for index in range(600)]
    second = in_second_half(names)
    found = cross_fitted_temperatures(logits, labels, names)
    assert set(found[second]) == {fit_temperature(logits[~second], labels[~second])}
    assert set(found[~second]) == {fit_temperature(logits[second], labels[second])}

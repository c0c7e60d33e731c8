import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.metrics import classification as metrics

answers = st.integers(2, 8).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(
            st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)),
            min_size=1,
            max_size=60,
        ),
    )
)


def test_convention_rows_of_the_confusion_matrix_are_labels():
    confusion = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 1]), 3)
    assert confusion.tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]


@given(answers)
@pytest.mark.slow
def test_every_figure_agrees_with_its_definition(case):
    classes, pairs = case
    labels, predicted = np.array(pairs).T
    confusion = metrics.confusion_matrix(labels, predicted, classes)
    present = [c for c in range(classes) if (labels == c).any()]
    recalls = [(predicted[labels == c] == c).mean() for c in present]
    scores = []
    for c in range(classes):
        hits, answers = ((labels == c) & (predicted == c)).sum(), (predicted == c).sum()
        precision = hits / answers if answers else np.nan
        assert metrics.precisions(confusion)[c] == pytest.approx(precision, nan_ok=True)
        if c not in present:
            assert np.isnan(metrics.f1_scores(confusion)[c])
            continue
        recall = hits / (labels == c).sum()
        scores.append(2 * precision * recall / (precision + recall) if hits else 0.0)
        assert metrics.f1_scores(confusion)[c] == pytest.approx(scores[-1])
    assert confusion.sum() == len(pairs)
    assert metrics.accuracy(confusion) == pytest.approx((labels == predicted).mean())
    assert metrics.mean_class_accuracy(confusion) == pytest.approx(np.mean(recalls))
    assert metrics.macro_f1(confusion) == pytest.approx(np.mean(scores))


def test_class_mean_accuracy_weighs_rare_classes_like_frequent_ones():
    confusion = np.array([[98, 0], [2, 0]])
    assert metrics.accuracy(confusion) == pytest.approx(0.98)
    assert metrics.mean_class_accuracy(confusion) == pytest.approx(0.5)


def test_the_recall_of_a_class_without_images_is_not_a_number():
    assert np.isnan(metrics.recalls(np.array([[1, 0], [0, 0]]))).tolist() == [False, True]


def test_accuracy_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no predictions"):
        metrics.accuracy(np.zeros((3, 3), int))


def test_mean_of_last_takes_the_last_five_or_all_when_there_are_fewer():
    assert metrics.mean_of_last([9.0, 1, 2, 3, 4, 5]) == 3
    assert metrics.mean_of_last([1.0, 2.0]) == 1.5
    with pytest.raises(ValueError, match="no epochs"):
        metrics.mean_of_last([])


def test_calibration_error_is_the_gap_of_confidence_and_accuracy():
    sure = np.full(10, 0.95)
    assert metrics.expected_calibration_error(sure, np.arange(10) < 5) == pytest.approx(0.45)
    halves = np.array([0.25] * 4 + [1.0] * 6)
    right = np.array([True] + [False] * 3 + [True] * 6)
    assert metrics.expected_calibration_error(halves, right) == pytest.approx(0)


def test_gaps_of_opposite_sign_do_not_cancel_between_bins():
    confidences = np.array([0.1, 0.9])
    error = metrics.expected_calibration_error(confidences, np.array([True, False]))
    assert error == pytest.approx(0.9)


def test_a_higher_threshold_answers_less_and_counts_the_answered_alone():
    confidences = np.array([0.9, 0.8, 0.6, 0.4])
    correct = np.array([True, True, False, False])
    assert metrics.selective_accuracy(confidences, correct, 0.0) == (1.0, 0.5)
    assert metrics.selective_accuracy(confidences, correct, 0.6) == (0.75, pytest.approx(2 / 3))
    assert metrics.selective_accuracy(confidences, correct, 0.8) == (0.5, 1.0)


def test_no_answer_at_all_has_no_accuracy():
    coverage, accuracy = metrics.selective_accuracy(np.array([0.4]), np.array([True]), 0.5)
    assert coverage == 0
    assert np.isnan(accuracy)


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        (1, "its only epoch"),
        (4, "mean of its 4 epochs"),
        (5, "mean of its 5 epochs"),
        (15, "mean of the last 5 epochs"),
    ],
)
def test_the_averaged_epochs_are_those_that_there_are(epochs, words):
    assert metrics.averaged_epochs(epochs) == words

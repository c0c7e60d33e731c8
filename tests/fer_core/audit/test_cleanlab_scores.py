import numpy as np
import pytest

pytest.importorskip("cleanlab")

from fer_core.audit.cleanlab_scores import confident_learning, self_confidence


@pytest.fixture
def sample():
    """300 confident probabilities with 30 labels of which are wrong."""
    generator = np.random.default_rng(0)
    true = generator.integers(0, 3, 300)
    chances = 0.1 + 0.7 * np.eye(3)[true] + 0.02 * generator.random((300, 3))
    labels = true.copy()
    labels[:30] = (labels[:30] + 1) % 3
    return chances / chances.sum(1, keepdims=True), labels


def test_self_confidence_is_the_probability_of_the_label(sample):
    chances, labels = sample
    expected = 1 - chances[np.arange(300), labels]
    assert self_confidence(chances, labels) == pytest.approx(expected)


def test_confident_learning_puts_its_issues_above_all_others(sample):
    found = confident_learning(*sample)
    assert (found[:30] > 1).all()
    assert (found[30:] < 1).all()


@pytest.mark.parametrize("label", [0, 1, 2])
def test_labels_of_one_class_have_no_issues_whichever_it_is(sample, label):
    chances, labels = sample
    found = confident_learning(chances, np.full_like(labels, label))
    assert found == pytest.approx(1 - chances[:, label])

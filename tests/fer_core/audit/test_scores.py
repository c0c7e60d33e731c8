from typing import get_args

import numpy as np
import pytest

from fer_core.audit import scores
from fer_core.audit.folder import AuditError
from fer_core.audit.outputs import Outputs
from fer_core.audit.result import SCORES, ScoreName

CHANCES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]], np.float32)
LABELS = np.array([0, 0, 1])


def test_the_cross_entropy_is_minus_the_logarithm_of_the_label_probability():
    expected = -np.log([0.7, 0.1, 0.3])
    assert scores.cross_entropy(CHANCES, LABELS) == pytest.approx(expected, rel=1e-5)
    certain = scores.cross_entropy(np.array([[1.0, 0.0]]), np.array([1]))
    assert np.isfinite(certain).all()


def test_the_margin_compares_the_label_with_the_strongest_other_class():
    assert scores.margin(CHANCES, LABELS) == pytest.approx([-0.5, 0.7, 0.1], abs=1e-6)
    assert scores.margin(np.ones((2, 1)), np.zeros(2, int)).tolist() == [-1, -1]


def test_views_that_agree_do_not_diverge_and_opposite_ones_by_one_bit():
    one = np.array([[1.0, 0.0], [0.5, 0.5], [0.9, 0.1]])
    other = np.array([[0.0, 1.0], [0.5, 0.5], [0.6, 0.4]])
    found = scores.jensen_shannon(one, other)
    assert found[:2] == pytest.approx([1, 0])
    assert 0 < found[2] < 0.2
    assert found == pytest.approx(scores.jensen_shannon(other, one))


def test_the_doubt_of_a_class_is_the_share_predicted_otherwise():
    assert scores.class_doubt(CHANCES, LABELS).tolist() == [0.5, 0.5, 1]
    assert scores.class_doubt(CHANCES, np.array([0, 1, 2])).tolist() == [0, 0, 0]


def test_a_combination_is_the_mean_rank_with_ties_shared():
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 5.0, 0.0, 9.0])
    expected = (np.array([1, 2, 3, 4]) + np.array([2.5, 2.5, 1, 4]) - 1) / 8
    assert scores.combine([first, second]) == pytest.approx(expected)


def test_the_outputs_of_everything_give_every_score():
    pytest.importorskip("cleanlab")
    generator = np.random.default_rng(0)
    chances = generator.dirichlet(np.ones(3), 60).astype(np.float32)
    outputs = Outputs(chances, chances[:, ::-1], generator.normal(size=(60, 8)), chances)
    scored = scores.score_outputs(outputs, generator.integers(0, 3, 60))
    assert list(scored.scores) == list(SCORES)
    assert scored.missing == {}
    for values in scored.scores.values():
        assert values.shape == (60,)
        assert np.isfinite(values).all()


def test_every_score_that_may_be_asked_for_is_described():
    assert tuple(SCORES) == get_args(ScoreName)


def test_of_probabilities_alone_the_missing_scores_say_what_they_need():
    scored = scores.score_outputs(Outputs(CHANCES), LABELS)
    assert {"cross_entropy", "margin", "combined"} <= set(scored.scores)
    assert scored.scores["combined"] == pytest.approx([1 / 4, 7 / 12, 2 / 3])
    assert "flipped" in scored.missing["tta_cross_entropy"]
    assert "features" in scored.missing["knn"]
    assert "--folds" in scored.missing["out_of_fold"]


def test_without_cleanlab_its_scores_name_the_extra(monkeypatch):
    monkeypatch.setattr(scores, "is_installed", lambda: False)
    scored = scores.score_outputs(Outputs(CHANCES), LABELS)
    assert "fer-core[audit]" in scored.missing["cleanlab_self_confidence"]
    assert not any(name.startswith("cleanlab") for name in scored.scores)


@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array([0, 1, 3]), np.array([-1, 0, 1])])
def test_labels_that_do_not_fit_the_outputs_are_refused(labels):
    with pytest.raises(AuditError, match="labels"):
        scores.score_outputs(Outputs(CHANCES), labels)

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.audit.scores import Audit, audit_csv, audit_labels, auroc, precision_among_first
from fer_core.models.pretrained import load_model
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data


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


def test_the_precision_is_taken_among_the_first_of_the_ranking():
    order, wrong = np.array([2, 0, 1, 3]), np.array([False, True, True, False])
    assert precision_among_first(order, wrong, 1) == 1
    assert precision_among_first(order, wrong, 2) == 0.5
    with pytest.raises(ValueError, match="first must be 1 to 4 images, got 5"):
        precision_among_first(order, wrong, 5)


@pytest.fixture(scope="module")
def audit(tiny_run, tiny_config):
    data = load_run_data(tiny_config)
    noisy = draw_noisy_labels(tiny_config, data)
    model = load_model(tiny_run.path / "model").model
    return audit_labels(model, data.train, noisy, data.classes, truth_known=True)


def test_the_loss_is_the_cross_entropy_of_the_noisy_label(audit):
    rows = np.arange(len(audit.names))
    expected = -np.log(audit.probabilities[rows, audit.noisy_labels])
    assert audit.losses == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert (np.diff(audit.losses[audit.order]) <= 0).all()
    assert sorted(audit.order) == [*range(70)]


def test_a_label_is_wrong_where_noise_changed_it(audit, tiny_run):
    assert audit.wrong is not None
    assert audit.wrong.sum() == tiny_run.noise["noisy_label_count"]


def test_the_table_has_every_image_by_rank_with_all_probabilities(audit):
    rows = list(csv.DictReader(io.StringIO(audit_csv(audit))))
    assert [int(row["rank"]) for row in rows] == [*range(1, 71)]
    assert [row["image"] for row in rows] == [audit.names[index] for index in audit.order]
    chances = [float(rows[0][f"probability_{name}"]) for name in audit.classes]
    assert sum(chances) == pytest.approx(1, abs=1e-4)
    assert audit.classes[int(np.argmax(chances))] == rows[0]["predicted"]
    wrong = sum(row["noisy_label"] != row["true_label"] for row in rows)
    assert wrong == audit.wrong.sum()


def test_without_known_truth_there_is_no_column_of_it():
    labels, chances = np.array([1, 0]), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    losses = -np.log(chances[[0, 1], labels])
    audit = Audit(("calm", "glad"), ("a", "b"), labels, None, chances, losses, np.array([0, 1]))
    assert audit.wrong is None
    assert audit_csv(audit).splitlines() == [
        "rank,image,noisy_label,predicted,loss,probability_calm,probability_glad",
        "1,a,glad,calm,2.302585,0.900000,0.100000",
        "2,b,calm,calm,0.223144,0.800000,0.200000",
    ]

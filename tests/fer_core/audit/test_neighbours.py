import numpy as np
import pytest

from fer_core.audit import neighbours
from fer_core.audit.neighbours import neighbour_disagreement


def by_definition(features, labels, count):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -2)
    nearest = np.argsort(-similarity, 1)[:, :count]
    return (labels[nearest] != labels[:, None]).mean(1)


def test_the_blocks_find_the_neighbours_of_all_pairs(monkeypatch):
    monkeypatch.setattr(neighbours, "QUERIES", 7)
    monkeypatch.setattr(neighbours, "KEYS", 11)
    generator = np.random.default_rng(0)
    features = generator.normal(size=(50, 6)).astype(np.float32)
    labels = generator.integers(0, 3, 50)
    found = neighbour_disagreement(features, labels, 5)
    assert found == pytest.approx(by_definition(features, labels, 5))


def test_a_wrong_label_stands_out_among_its_neighbours():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    features = np.eye(4)[labels] + 0.1 * generator.normal(size=(100, 4))
    labels[0] = 1
    found = neighbour_disagreement(features.astype(np.float16), labels, 10)
    assert found[0] == 1
    assert found[1:].max() < 0.5


@pytest.mark.parametrize("count", [1, 2, 5])
def test_of_few_images_all_others_are_neighbours(count):
    found = neighbour_disagreement(np.ones((count, 3), np.float32), np.arange(count))
    assert found.tolist() == [float(count > 1)] * count

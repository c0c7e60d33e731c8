import hashlib
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.emotions import FERPLUS_VOTES
from fer_core.noise.generate import (
    NoisyLabels,
    asymmetric_noise,
    noise_facts,
    original_noise,
    rater_noise,
    symmetric_noise,
    transition_matrix,
)

moderate = settings(deadline=None, max_examples=60)

labels_of_classes = st.integers(2, 8).flatmap(
    lambda classes: st.tuples(st.just(classes), st.lists(st.integers(0, classes - 1), max_size=80))
)
rates = st.one_of(st.floats(0, 1, exclude_max=True), st.just(0.999))
seeds = st.integers(0, 2**31)
PAIRS = np.array([[0, 1, 3], [2, 0, 0], [0, 0, 0]], dtype=float)  # class 2 is never mistaken


def sha256(labels):
    return hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()


def random_votes(count, seed):
    generator = np.random.default_rng(seed)
    votes = generator.multinomial(10, generator.dirichlet(np.ones(10), count))
    return votes.argmax(1), votes


def draws(clean, classes, rate, seed):
    """Every kind of noise as a function of the order of the images."""
    votes = np.random.default_rng(1).multinomial(10, np.full(10, 0.1), len(clean))
    weights = 1.0 + np.arange(classes * classes).reshape(classes, classes)
    return {
        "symmetric": lambda i, names: symmetric_noise(clean[i], rate, classes, seed, names),
        "asymmetric": lambda i, names: asymmetric_noise(clean[i], rate, weights, seed, names),
        "rater": lambda i, names: rater_noise(clean[i], votes[i], 7, seed, names),
    }


@moderate
@given(labels_of_classes, rates, seeds)
@pytest.mark.slow
def test_exactly_the_asked_share_of_labels_changes_to_another_class(problem, rate, seed):
    classes, labels = problem
    clean = np.array(labels, dtype=np.int64)
    noisy = symmetric_noise(clean, rate, classes, seed)
    assert (noisy.noisy_labels != clean).sum() == round(rate * len(clean))
    assert np.array_equal(noisy.flipped, noisy.noisy_labels != clean)
    assert noisy.noisy_labels.dtype == np.int64
    assert ((noisy.noisy_labels >= 0) & (noisy.noisy_labels < classes)).all()


@moderate
@given(labels_of_classes, rates, seeds, st.data())
@pytest.mark.slow
def test_asymmetric_noise_changes_exactly_the_asked_share_of_each_class_with_confusions(
    problem, rate, seed, data
):
    classes, labels = problem
    cells = st.one_of(st.just(0.0), st.floats(0, allow_infinity=False))
    row = st.lists(cells, min_size=classes, max_size=classes)
    weights = np.array(data.draw(st.lists(row, min_size=classes, max_size=classes)))
    clean = np.array(labels, dtype=np.int64)
    noisy = asymmetric_noise(clean, rate, weights, seed)
    np.fill_diagonal(weights, 0)
    for label in range(classes):
        asked = round(rate * (clean == label).sum()) if weights[label].any() else 0
        assert noisy.flipped[clean == label].sum() == asked
    assert np.array_equal(noisy.flipped, noisy.noisy_labels != clean)
    assert noisy.noisy_labels.dtype == np.int64
    assert (weights[clean[noisy.flipped], noisy.noisy_labels[noisy.flipped]] > 0).all()


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric", "rater"])
@moderate
@given(st.lists(st.integers(0, 6), max_size=60), rates, seeds, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_of_the_files_changes_no_files_label(
    kind, labels, rate, seed, rng: random.Random
):
    clean = np.array(labels, dtype=np.int64)
    names = [f"train_{number:05d}.jpg" for number in range(len(clean))]
    draw = draws(clean, 7, rate, seed)[kind]
    sorted_order = np.arange(len(clean))
    listed = np.array(rng.sample(range(len(clean)), len(clean)), dtype=np.int64)
    plain = draw(sorted_order, None)
    assert np.array_equal(draw(sorted_order, names).noisy_labels, plain.noisy_labels)
    assert np.array_equal(
        draw(listed, [names[i] for i in listed]).noisy_labels, plain.noisy_labels[listed]
    )


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric", "rater"])
def test_the_same_seed_gives_the_same_labels_and_another_seed_others(kind):
    clean = np.arange(500) % 7
    everyone = np.arange(500)
    first, second, other = (
        draws(clean, 7, 0.3, seed)[kind](everyone, None).noisy_labels for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.array_equal(clean, np.arange(500) % 7)


def test_new_labels_are_uniform_over_the_other_classes():
    clean = np.repeat(np.arange(7), 3000)
    noisy = symmetric_noise(clean, 0.5, 7, 0)
    counts = transition_matrix(clean[noisy.flipped], noisy.noisy_labels[noisy.flipped], 7)
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(7, dtype=bool)]  # 250 each on average
    assert ((others - 250) ** 2 / 250).sum() < 41 + 5 * (2 * 41) ** 0.5  # chi-square


def test_asymmetric_labels_follow_the_weights():
    clean = np.repeat(np.arange(3), 20000)
    counts = transition_matrix(clean, asymmetric_noise(clean, 0.4, PAIRS, 0).noisy_labels, 3)
    assert counts[1].tolist() == [8000, 12000, 0]
    assert counts[2].tolist() == [0, 0, 20000]
    assert counts[0, 0] == 12000
    assert abs(counts[0, 1] - 2000) < 5 * (8000 * 0.25 * 0.75) ** 0.5


def test_only_ratios_within_a_row_count_and_the_diagonal_is_not_looked_at():
    clean = np.arange(300) % 3
    scaled = PAIRS * np.array([[1e-320], [1e307], [1.0]])  # the least and the largest floats
    np.fill_diagonal(scaled, [-1, np.nan, np.inf])
    given = asymmetric_noise(clean, 0.4, scaled, 0).noisy_labels
    ones = np.array([[0, 1, 3], [1, 0, 0], [0, 0, 0]])
    assert np.array_equal(given, asymmetric_noise(clean, 0.4, ones, 0).noisy_labels)


def test_the_noise_of_one_class_depends_on_no_other_class():
    clean = np.arange(300) % 3
    other_weights = PAIRS.copy()
    other_weights[0] = [0, 0, 0]
    first = asymmetric_noise(clean, 0.4, PAIRS, 0).noisy_labels
    second = asymmetric_noise(clean, 0.4, other_weights, 0).noisy_labels
    assert np.array_equal(first[clean == 1], second[clean == 1])


def test_classes_of_one_image_change_as_rounding_says():
    clean = np.array([0, 1, 2])
    assert asymmetric_noise(clean, 0.5, PAIRS, 0).flipped.tolist() == [False, False, False]
    assert asymmetric_noise(clean, 0.51, PAIRS, 0).flipped.tolist() == [True, True, False]


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("rate", [0.0, 0.999])
def test_no_image_and_one_image_are_no_special_case(count, rate):
    clean = np.zeros(count, dtype=np.int64)
    for kind in ("symmetric", "asymmetric"):
        noisy = draws(clean, 7, rate, 0)[kind](np.arange(count), None)
        assert noisy.flipped.tolist() == [rate > 0] * count
    votes = np.tile(np.eye(10, dtype=np.int64)[0], (count, 1))
    assert rater_noise(clean, votes, 7, 0).noisy_labels.tolist() == [0] * count
    assert transition_matrix(clean, clean, 7).sum() == count


def test_convention_noise_of_a_seed_never_changes():
    # Published runs name only a seed: the labels that it stands for must stay the same.
    noisy = symmetric_noise(np.arange(100) % 7, 0.3, 7, 0)
    expected = np.random.Generator(np.random.PCG64(0))
    chosen = expected.permutation(100)[:30]
    assert np.array_equal(np.flatnonzero(noisy.flipped), np.sort(chosen))
    digest = "5e397f21f2ee9aefbce5260ce0ee23f3807e2e56b0d45b39bed90254ef97fa6d"
    assert sha256(noisy.noisy_labels) == digest
    names = [f"train_{number:05d}.jpg" for number in range(100)]
    assert sha256(symmetric_noise(np.arange(100) % 7, 0.3, 7, 0, names).noisy_labels) == digest


def test_convention_asymmetric_and_rater_noise_of_a_seed_never_change():
    clean = np.arange(100) % 3
    assert sha256(asymmetric_noise(clean, 0.3, PAIRS, 0).noisy_labels) == (
        "b0d4da2afc0676409bf4424daa299f918bb604f95285e83f1606d4178c8d7bd6"
    )
    votes = (np.arange(1000).reshape(100, 10) * 7) % 5
    assert sha256(rater_noise(clean, votes, 7, 0).noisy_labels) == (
        "8faedb283cc1a7da9d2d38aa06fc87d5134838efde6ee25880c00888b968e8c3"
    )


@moderate
@given(st.sampled_from([7, 8]), st.integers(0, 60), seeds)
def test_a_rater_gives_a_label_that_has_votes_or_disagrees_by_a_vote_that_is_no_class(
    classes, count, seed
):
    winner, votes = random_votes(count, seed)
    clean = np.where(winner < classes, winner, 0)
    noisy = rater_noise(clean, votes, classes, seed)
    assert noisy.noisy_labels.dtype == np.int64
    assert ((noisy.noisy_labels >= 0) & (noisy.noisy_labels < classes)).all()
    voted = votes[np.arange(count), noisy.noisy_labels] > 0
    foreign = votes[:, classes:].any(1)
    assert (voted | (foreign & noisy.flipped)).all()


@pytest.mark.parametrize("classes", [7, 8])
def test_the_given_labels_disagree_as_often_as_the_raters(classes):
    clean, votes = random_votes(40000, 0)
    kept = clean < classes
    clean, votes = clean[kept], votes[kept]
    disagreement = 1 - votes[np.arange(len(clean)), clean] / votes.sum(1)
    noisy = rater_noise(clean, votes, classes, 0)
    sigma = (disagreement * (1 - disagreement)).sum() ** 0.5 / len(clean)
    assert abs(noisy.flipped.mean() - disagreement.mean()) < 4 * sigma


def test_a_vote_that_is_no_class_becomes_one_of_the_other_classes_uniformly():
    clean = np.full(12000, 2)
    votes = np.zeros((12000, 10), dtype=np.int64)
    votes[:, FERPLUS_VOTES.index("contempt")] = 1
    counts = np.bincount(rater_noise(clean, votes, 7, 0).noisy_labels, minlength=7)
    assert counts[2] == 0
    assert abs(np.delete(counts, 2) - 2000).max() < 5 * 2000**0.5
    assert set(rater_noise(clean, votes, 8, 0).noisy_labels) == {7}


def test_an_image_without_a_label_of_its_own_keeps_the_clean_one():
    noisy = original_noise(np.array([0, 1, 2, 3]), np.array([0, -1, 5, 0]))
    assert noisy.noisy_labels.tolist() == [0, 1, 5, 0]
    assert noisy.flipped.tolist() == [False, False, True, True]
    assert noisy.noisy_labels.dtype == np.int64
    assert len(original_noise(np.array([]), np.array([])).noisy_labels) == 0


@moderate
@given(labels_of_classes, rates, seeds)
@pytest.mark.slow
def test_transitions_add_up_to_the_clean_classes_and_the_changed_labels(problem, rate, seed):
    classes, labels = problem
    clean = np.array(labels, dtype=np.int64)
    noisy = symmetric_noise(clean, rate, classes, seed)
    counts = transition_matrix(clean, noisy.noisy_labels, classes)
    assert counts.dtype == np.int64
    assert np.array_equal(counts.sum(1), np.bincount(clean, minlength=classes))
    assert np.array_equal(counts.sum(0), np.bincount(noisy.noisy_labels, minlength=classes))
    assert counts.sum() - np.trace(counts) == noisy.flipped.sum()


def test_convention_rows_of_a_transition_are_clean_and_columns_given():
    assert transition_matrix(np.array([0, 0]), np.array([1, 1]), 2).tolist() == [[0, 2], [0, 0]]


def test_facts_of_the_noise_count_what_really_changed():
    labels = np.array([0, 1, 2, 3])
    noisy = NoisyLabels(labels, np.array([True, False, False, False]))
    facts = noise_facts("symmetric", 0.3, noisy, np.array([2, 1, 2, 3]), 4)
    plain = b"".join(int(label).to_bytes(8, "little") for label in labels)
    assert json.loads(json.dumps(facts)) == {
        "kind": "symmetric",
        "rate": 0.3,
        "realised_rate": 0.25,
        "noisy_label_count": 1,
        "noisy_labels_sha256": hashlib.sha256(plain).hexdigest(),
        "transition": [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]],
    }


@pytest.mark.parametrize(
    ("labels", "rate", "classes", "sentence"),
    [
        ([0, 1], 1.2, 7, r"rate must be in \[0, 1\), got 1.2"),
        ([0, 1], 1.0, 7, r"rate must be in \[0, 1\), got 1.0"),
        ([0, 1], -0.1, 7, r"rate must be in \[0, 1\), got -0.1"),
        ([0, 1], float("nan"), 7, r"rate must be in \[0, 1\), got nan"),
        ([0, 0], 0.5, 1, "at least 2 classes, got 1"),
        ([0, 7], 0.5, 7, r"labels must be in \[0, 7\), got 0 to 7"),
        ([-1, 3], 0.5, 7, r"labels must be in \[0, 7\), got -1 to 3"),
    ],
)
def test_values_out_of_range_are_refused(labels, rate, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        symmetric_noise(np.array(labels), rate, classes, 0)


@pytest.mark.parametrize(
    ("labels", "rate", "weights", "sentence"),
    [
        ([0, 1], 1.0, PAIRS, r"rate must be in \[0, 1\), got 1.0"),
        ([0, 3], 0.5, PAIRS, r"labels must be in \[0, 3\), got 0 to 3"),
        ([0, 1], 0.5, -PAIRS, "finite numbers of at least 0 off the diagonal"),
        ([0, 1], 0.5, PAIRS + np.inf, "finite numbers of at least 0 off the diagonal"),
        ([0, 1], 0.5, PAIRS[:2], r"must be \(K, K\) with K of at least 2, got \(2, 3\)"),
        ([0, 0], 0.5, PAIRS[:1, :1], r"must be \(K, K\) with K of at least 2, got \(1, 1\)"),
        ([0, 0], 0.5, PAIRS[0], r"must be \(K, K\) with K of at least 2, got \(3,\)"),
    ],
)
def test_weights_out_of_range_are_refused(labels, rate, weights, sentence):
    with pytest.raises(ValueError, match=sentence):
        asymmetric_noise(np.array(labels), rate, weights, 0)


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric", "rater"])
def test_names_that_are_not_unique_or_do_not_fit_are_refused(kind):
    draw = draws(np.zeros(3, dtype=np.int64), 7, 0.5, 0)[kind]
    with pytest.raises(ValueError, match=r"must be unique, 'b\.png' is given twice"):
        draw(np.arange(3), ["b.png", "a.png", "b.png"])
    with pytest.raises(ValueError, match="2 names do not fit 3 labels"):
        draw(np.arange(3), ["a.png", "b.png"])


@pytest.mark.parametrize(
    ("clean", "votes", "classes", "sentence"),
    [
        ([0], [[1] * 10], 6, r"classes must be 7 or 8 \(with contempt\), got 6"),
        ([7], [[1] * 10], 7, r"labels must be in \[0, 7\), got 7 to 7"),
        ([0], [[1] * 8], 7, r"votes must be \(1, 10\), .* contempt, unknown, NF, got \(1, 8\)"),
        ([0, 0], [[1] * 10], 7, r"votes must be \(2, 10\), .* got \(1, 10\)"),
        ([0], [[-1] + [1] * 9], 7, "votes must be whole numbers of at least 0"),
        ([0], [[0.5] * 10], 7, "votes must be whole numbers of at least 0"),
        (
            [0, 0, 0],
            [[0] * 10, [1] * 10, [0] * 10],
            7,
            "2 of 3 images have no votes, first image 0",
        ),
    ],
)
def test_votes_that_do_not_fit_are_refused(clean, votes, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        rater_noise(np.array(clean), np.array(votes), classes, 0)


def test_an_image_without_votes_is_named():
    votes = np.array([[1] * 10, [0] * 10])
    with pytest.raises(ValueError, match=r"1 of 2 images have no votes, first 'a\.png'"):
        rater_noise(np.array([0, 0]), votes, 7, 0, ["b.png", "a.png"])


def test_original_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one for each of 2 images, got \(1,\)"):
        original_noise(np.array([0, 1]), np.array([0]))
    with pytest.raises(ValueError, match="class numbers, or -1 for none, got -2"):
        original_noise(np.array([0, 1]), np.array([0, -2]))


def test_labels_that_do_not_fit_a_transition_are_refused():
    with pytest.raises(ValueError, match="1 noisy labels do not fit 2 true labels"):
        transition_matrix(np.array([0, 1]), np.array([0]), 2)
    with pytest.raises(ValueError, match=r"noisy labels must be in \[0, 2\), got 0 to 2"):
        transition_matrix(np.array([0, 1]), np.array([0, 2]), 2)

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.emotions import RAFDB_LABELS, SEVEN_CLASSES
from fer_core.noise import NoisyLabels, noise_facts, noise_from_list, symmetric_noise

problems = st.tuples(
    st.integers(2, 8).flatmap(
        lambda classes: st.tuples(
            st.just(classes), st.lists(st.integers(0, classes - 1), max_size=80)
        )
    ),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 2**31),
)


@given(problems)
def test_exactly_the_asked_share_of_labels_changes_to_another_class(problem):
    (classes, labels), rate, seed = problem
    clean = np.array(labels, dtype=np.int64)
    noisy = symmetric_noise(clean, rate, classes, seed)
    assert (noisy.labels != clean).sum() == round(rate * len(clean))
    assert np.array_equal(noisy.flipped, noisy.labels != clean)
    assert noisy.labels.dtype == np.int64
    assert ((noisy.labels >= 0) & (noisy.labels < classes)).all()


@given(problems)
def test_the_same_seed_gives_the_same_labels_and_leaves_the_clean_ones_alone(problem):
    (classes, labels), rate, seed = problem
    clean = np.array(labels, dtype=np.int64)
    first, second = (symmetric_noise(clean, rate, classes, seed) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert clean.tolist() == labels


def test_another_seed_gives_other_labels():
    clean = np.zeros(500, dtype=np.int64)
    assert not np.array_equal(
        symmetric_noise(clean, 0.3, 7, 0).labels, symmetric_noise(clean, 0.3, 7, 1).labels
    )


def test_new_labels_are_uniform_over_the_other_classes():
    clean = np.repeat(np.arange(7), 3000)
    noisy = symmetric_noise(clean, 0.5, 7, 0)
    counts = np.zeros((7, 7))
    np.add.at(counts, (clean[noisy.flipped], noisy.labels[noisy.flipped]), 1)
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(7, dtype=bool)]  # 250 each on average
    assert others.min() > 250 - 5 * 250**0.5
    assert others.max() < 250 + 5 * 250**0.5


def test_convention_noise_of_a_seed_never_changes():
    # Published runs name only a seed: the labels that it stands for must stay the same.
    noisy = symmetric_noise(np.arange(100) % 7, 0.3, 7, 0)
    expected = np.random.Generator(np.random.PCG64(0))
    chosen = expected.permutation(100)[:30]
    assert np.array_equal(np.flatnonzero(noisy.flipped), np.sort(chosen))
    digest = hashlib.sha256(noisy.labels.astype("<i8").tobytes()).hexdigest()
    assert digest == "5e397f21f2ee9aefbce5260ce0ee23f3807e2e56b0d45b39bed90254ef97fa6d"


@pytest.mark.parametrize(
    ("labels", "rate", "classes", "sentence"),
    [
        ([0, 1], 1.2, 7, r"rate must be in \[0, 1\), got 1.2"),
        ([0, 1], -0.1, 7, r"rate must be in \[0, 1\), got -0.1"),
        ([0, 0], 0.5, 1, "at least 2 classes, got 1"),
        ([0, 7], 0.5, 7, r"labels must be in \[0, 7\), got 0 to 7"),
        ([-1, 3], 0.5, 7, r"labels must be in \[0, 7\), got -1 to 3"),
    ],
)
def test_values_out_of_range_are_refused(labels, rate, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        symmetric_noise(np.array(labels), rate, classes, 0)


def test_a_list_in_rafdb_format_gives_the_labels_and_what_was_changed(tmp_path):
    path = tmp_path / "noise01.txt"
    path.write_text("train_00001.jpg 5\ntest_0001.jpg 1\n\ntrain_00002.jpg 4\n")
    clean = np.array([SEVEN_CLASSES.index("sadness"), SEVEN_CLASSES.index("fear")])
    names = ("train_00001.jpg", "train_00002.jpg")
    noisy = noise_from_list(path, names, clean, SEVEN_CLASSES)
    assert [SEVEN_CLASSES[label] for label in noisy.labels] == ["sadness", "happiness"]
    assert noisy.flipped.tolist() == [False, True]


@pytest.mark.parametrize("listed", ["train_00001.jpg", "train_00001_aligned.jpg"])
@pytest.mark.parametrize("named", ["train_00001.jpg", "train_00001_aligned.jpg"])
def test_the_suffix_aligned_makes_no_difference(tmp_path, listed, named):
    path = tmp_path / "noise01.txt"
    path.write_text(f"{listed} 7\n")
    noisy = noise_from_list(path, [named], np.array([0]), SEVEN_CLASSES)
    assert noisy.labels.tolist() == [SEVEN_CLASSES.index("neutral")]


def test_convention_all_seven_numbers_of_a_list_are_those_of_rafdb(tmp_path):
    path = tmp_path / "noise01.txt"
    path.write_text("".join(f"train_{n}.jpg {n}\n" for n in RAFDB_LABELS))
    names = [f"train_{n}.jpg" for n in RAFDB_LABELS]
    noisy = noise_from_list(path, names, np.zeros(7, dtype=int), SEVEN_CLASSES)
    assert [SEVEN_CLASSES[label] for label in noisy.labels] == list(RAFDB_LABELS.values())


def test_a_training_image_without_a_line_is_an_error(tmp_path):
    path = tmp_path / "noise01.txt"
    path.write_text("train_00001.jpg 5\n")
    names = ["train_00001.jpg", "train_00002.jpg", "train_00003.jpg"]
    with pytest.raises(ValueError, match=r"no line for 2 of 3 .* first 'train_00002.jpg'"):
        noise_from_list(path, names, np.zeros(3, dtype=int), SEVEN_CLASSES)


@pytest.mark.parametrize("line", ["train_00002.jpg 8", "train_00002.jpg 0", "train_00002.jpg", "5",
                                  "train_00002.jpg five", "train_00002.jpg ²"])  # fmt: skip
def test_a_broken_line_is_named_by_its_number(tmp_path, line):
    path = tmp_path / "noise01.txt"
    path.write_text(f"train_00001.jpg 5\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"noise01.txt line 2: expected 'FILE LABEL'"):
        noise_from_list(path, ["train_00001.jpg"], np.array([0]), SEVEN_CLASSES)


def test_an_absent_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no noise list at .*nothing\.txt"):
        noise_from_list(tmp_path / "nothing.txt", [], np.array([]), SEVEN_CLASSES)


def test_a_list_with_a_class_that_the_data_set_lacks_is_refused(tmp_path):
    path = tmp_path / "noise01.txt"
    path.write_text("a.jpg 2\n")
    with pytest.raises(ValueError, match=r"label fear, which the data set does not have"):
        noise_from_list(path, ["a.jpg"], np.array([0]), ("neutral", "happiness"))


def test_facts_of_the_noise_count_what_really_changed():
    labels = np.array([0, 1, 2, 3])
    facts = noise_facts(
        "symmetric", 0.3, NoisyLabels(labels, np.array([True, False, False, False]))
    )
    assert facts["rate"] == 0.3
    assert facts["realised_rate"] == 0.25
    assert facts["changed_labels"] == 1
    plain = b"".join(int(label).to_bytes(8, "little") for label in labels)
    assert facts["labels_sha256"] == hashlib.sha256(plain).hexdigest()

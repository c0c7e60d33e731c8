import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.emotions import EIGHT_CLASSES, RAFDB_LABELS, SEVEN_CLASSES
from fer_core.noise.label_files import LIST_LABELS, noise_from_list, write_noise_list

THREE = ("neutral", "happiness", "anger")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), min_size=1)
file_names = st.one_of(texts.filter(lambda name: name == name.strip()), st.from_regex(
    r"(train/)?(happy/|sad/)?[ab](_aligned)?( [0-9])?(\.png|\.jpg)?", fullmatch=True))  # fmt: skip


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.fixture
def listed(tmp_path):
    return lambda text: write(tmp_path / "noise01.txt", text)


def read(path, names, classes=SEVEN_CLASSES):
    noisy = noise_from_list(path, names, np.zeros(len(names), dtype=np.int64), classes)
    return [classes[label] for label in noisy.noisy_labels]


def test_a_list_in_rafdb_format_gives_the_labels_and_what_was_changed(listed):
    path = listed("train_00001.jpg 5\ntest_0001.jpg 1\n\ntrain_00002.jpg 4\n")
    clean = np.array([SEVEN_CLASSES.index("sadness"), SEVEN_CLASSES.index("fear")])
    noisy = noise_from_list(path, ("train_00001.jpg", "train_00002.jpg"), clean, SEVEN_CLASSES)
    assert [SEVEN_CLASSES[label] for label in noisy.noisy_labels] == ["sadness", "happiness"]
    assert noisy.flipped.tolist() == [False, True]
    assert noisy.noisy_labels.dtype == np.int64


def test_a_list_of_fewer_classes_is_doubted_and_heavy_noise_is_not(tmp_path, caplog):
    true = np.repeat(np.arange(7), 30)
    names = [f"{number:03}.png" for number in range(len(true))]
    few, noisy = tmp_path / "few.txt", tmp_path / "noisy.txt"
    write_noise_list(noisy, names, generate_noise(true), SEVEN_CLASSES)
    noise_from_list(noisy, names, true, SEVEN_CLASSES)
    assert caplog.text == ""
    write_noise_list(few, names, true % 3, SEVEN_CLASSES)
    noise_from_list(few, names, true, SEVEN_CLASSES)
    assert (
        "gives no training image the labels sadness, anger, disgust, fear, which 120" in caplog.text
    )


def generate_noise(true):
    """Symmetric noise of 80 %."""
    generator = np.random.default_rng(0)
    other = (true + generator.integers(1, 7, len(true))) % 7
    return np.where(generator.random(len(true)) < 0.8, other, true)


@pytest.mark.parametrize("line", ["train_00001.jpg", "train_00001_aligned.jpg"])
@pytest.mark.parametrize(
    "name", ["train_00001.jpg", "train_00001_aligned.jpg", "x/train_00001.png"]
)
def test_folder_suffix_and_aligned_make_no_difference(listed, line, name):
    assert read(listed(f"{line} 7\n"), [name]) == ["neutral"]


def test_a_line_of_another_folder_is_not_meant(listed):
    path = listed("train/bored/001.png 5\ntrain/alert/002.png 4\n")
    assert read(path, ["train/bored/001.jpg", "alert/002.png"]) == ["sadness", "happiness"]
    with pytest.raises(ValueError, match=r"train/tired/001\.png"):
        read(path, ["train/tired/001.png"])


def test_the_full_name_goes_before_the_stem(listed):
    path = listed("train/happy/a.png 4\ntrain/sad/a.png 5\na.png 6\n")
    names = ["train/sad/a.png", "train/happy/a.png"]
    assert read(path, names) == ["sadness", "happiness"]


def test_a_stem_that_several_lines_or_images_have_is_an_error_that_names_two(listed):
    path = listed("happy/a.png 4\nsad/a_aligned.png 5\nb.png 5\n")
    sentence = r"which label 'a\.png' has: the lines 'happy/a\.png' and 'sad/a_aligned\.png' differ"
    with pytest.raises(ValueError, match=sentence):
        read(path, ["a.png"])
    sentence = r"which label 'x/b\.png' has: the training images 'x/b\.png' and 'y/b\.jpg' differ"
    with pytest.raises(ValueError, match=sentence):
        read(path, ["x/b.png", "y/b.jpg"])


def test_convention_all_numbers_of_a_list_are_those_of_rafdb_and_8_is_contempt(listed):
    path = listed("".join(f"train_{n}.jpg {n}\n" for n in range(1, 9)))
    names = [f"train_{n}.jpg" for n in range(1, 9)]
    assert read(path, names, EIGHT_CLASSES) == [*RAFDB_LABELS.values(), "contempt"]
    assert read(path, names[:7]) == list(RAFDB_LABELS.values())


def test_every_class_has_a_number_in_a_list():
    assert set(LIST_LABELS.values()) == set(EIGHT_CLASSES)


def test_windows_line_ends_and_a_mark_of_byte_order_are_understood(listed):
    assert read(listed("\ufeffa.jpg 4\r\nb.jpg 5\r\n"), ["a.jpg", "b.jpg"]) == [
        "happiness",
        "sadness",
    ]


def test_a_training_image_without_a_line_is_an_error(listed):
    path = listed("train_00001.jpg 5\n")
    names = ["train_00001.jpg", "train_00002.jpg", "train_00003.jpg"]
    with pytest.raises(ValueError, match=r"no line for 2 of 3 .* first 'train_00002.jpg'"):
        read(path, names)


@pytest.mark.parametrize("line", ["train_00002.jpg 9", "train_00002.jpg 0", "train_00002.jpg", "5",
                                  "train_00002.jpg five", "train_00002.jpg ²"])  # fmt: skip
def test_a_broken_line_is_named_by_its_number(listed, line):
    path = listed(f"train_00001.jpg 5\n{line}\n")
    sentence = (
        r"noise01.txt line 2: expected 'FILE LABEL', label from 1 to 7 or 8 for contempt, got"
    )
    with pytest.raises(ValueError, match=sentence):
        read(path, ["train_00001.jpg"])


def test_a_label_0_is_answered_with_the_hint_that_numbers_start_at_1(listed):
    with pytest.raises(ValueError, match=r"got 'a\.jpg 0'; the numbers start at 1, not at 0"):
        read(listed("a.jpg 0\n"), ["a.jpg"])


def test_the_same_image_twice_needs_the_same_label(listed):
    assert read(listed("a.jpg 4\na.jpg 4\n"), ["a.jpg"]) == ["happiness"]
    sentence = r"line 3: 'a\.jpg' has the label 5, but 4 in an earlier line"
    with pytest.raises(ValueError, match=sentence):
        read(listed("a.jpg 4\nb.jpg 1\na.jpg 5\n"), ["b.jpg"])


def test_an_absent_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no noise list at .*nothing\.txt"):
        read(tmp_path / "nothing.txt", [])


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("gesicht_ä.jpg 4\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.txt is not UTF-8 text"):
        read(path, ["gesicht_ä.jpg"])


def test_a_list_with_a_class_that_the_data_set_lacks_is_refused(listed):
    with pytest.raises(ValueError, match=r"label fear, which the data set does not have"):
        read(listed("a.jpg 2\n"), ["a.jpg"], ("neutral", "happiness"))


@settings(deadline=None, max_examples=100)
@given(names=st.lists(file_names, unique=True, max_size=12), data=st.data())
@pytest.mark.slow
def test_a_written_list_reads_back_as_the_same_labels(tmp_path_factory, names, data):
    path = tmp_path_factory.getbasetemp() / "round_trip.txt"
    classes = data.draw(st.sampled_from([SEVEN_CLASSES, EIGHT_CLASSES, THREE]))
    number = st.integers(0, len(classes) - 1)
    labels = np.array(data.draw(st.lists(number, min_size=len(names), max_size=len(names))), int)
    write_noise_list(path, names, labels, classes)
    clean = np.zeros(len(names), dtype=np.int64)
    noisy = noise_from_list(path, names, clean, classes)
    assert np.array_equal(noisy.noisy_labels, labels)
    assert np.array_equal(noisy.flipped, labels != 0)


def test_a_list_is_written_in_rafdb_format_and_replaces_an_earlier_one(tmp_path):
    path = write(tmp_path / "noise.txt", "old")
    write_noise_list(path, ["a b.png", "x/c.png"], np.array([0, 7]), EIGHT_CLASSES)
    assert path.read_bytes() == b"a b.png 7\nx/c.png 8\n"
    assert [file.name for file in tmp_path.iterdir()] == ["noise.txt"]


@pytest.mark.parametrize("name", ["", " a.png", "a.png ", "a\n.png", "a\r.png", "\ufeffa.png",
                                  "\xa0a.png", "\udcff.png"])  # fmt: skip
def test_a_name_that_cannot_stand_in_a_line_is_refused_before_anything_is_written(tmp_path, name):
    path = write(tmp_path / "noise.txt", "old")
    with pytest.raises(ValueError, match=r"image name '.*' cannot be in a noise list"):
        write_noise_list(path, ["a.png", name], np.array([0, 1]), SEVEN_CLASSES)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["noise.txt"]


@pytest.mark.parametrize(
    ("names", "labels", "classes", "sentence"),
    [
        (["a", "b"], [0], THREE, "2 names do not fit 1 labels"),
        (["a", "a"], [0, 0], THREE, "image names must be unique, 'a' is given twice"),
        (["a"], [3], THREE, r"labels must be in \[0, 3\), got 3 for 'a'"),
        (["a"], [-1], THREE, r"labels must be in \[0, 3\), got -1 for 'a'"),
    ],
)
def test_labels_that_cannot_be_written_are_refused(tmp_path, names, labels, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        write_noise_list(tmp_path / "noise.txt", names, np.array(labels), classes)
    assert not list(tmp_path.iterdir())


def test_convention_classes_of_ones_own_count_from_1_in_their_order(tmp_path):
    path, names, own = tmp_path / "list.txt", ("a.png", "眠い/b.png", "c.png"), ("bored", "眠い")
    write_noise_list(path, names, np.array([0, 1, 1]), own)
    assert path.read_text(encoding="utf-8") == "a.png 1\n眠い/b.png 2\nc.png 2\n"
    noisy = noise_from_list(path, names, np.array([0, 0, 1]), own)
    assert noisy.noisy_labels.tolist() == [0, 1, 1]
    assert noisy.flipped.tolist() == [False, True, False]


def test_a_number_that_stands_for_no_class_of_ones_own_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("a.png 3\n")
    with pytest.raises(ValueError, match=r"label from 1 \(bored\) to 2 \(engaged\), got 'a.png 3'"):
        noise_from_list(tmp_path / "list.txt", ("a.png",), np.array([0]), ("bored", "engaged"))

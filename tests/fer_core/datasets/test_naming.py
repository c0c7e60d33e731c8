"""Whether the names of class folders are emotions, classes of their own, or a question."""

import unicodedata

import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data

SMALL = Decoding(16, 3)


def write(root, *names, splits=("train", "test")):
    for split in splits:
        for name in names:
            folder = root / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (20, 20), (90, 0, 0)).save(folder / "a.png")
    return root


def listed(root, options=""):
    return list_data(f"folder:{root}{options}", SMALL)


def test_names_of_which_none_is_near_an_emotion_are_classes_as_they_stand(tmp_path):
    listing = listed(write(tmp_path, "pain", "engaged", "bored"))
    assert listing.classes == ("bored", "engaged", "pain")
    assert listing.train.true_labels.tolist() == [0, 1, 2]
    assert listing.train.names[0] == "train/bored/a.png"
    assert not listing.problems


def test_two_classes_are_enough_and_one_is_not(tmp_path):
    assert listed(write(tmp_path / "two", "awake", "drowsy")).classes == ("awake", "drowsy")
    with pytest.raises(DataError, match="images of 1 class, at least 2 are needed"):
        listed(write(tmp_path / "one", "awake"))


def test_names_of_any_language_keep_their_blanks_umlauts_and_characters(tmp_path):
    names = ["nicht müde", "Überrascht?", "眠い", "боль", "très fatigué"]
    listing = listed(write(tmp_path, *names))
    assert listing.classes == ("nicht müde", "très fatigué", "Überrascht?", "боль", "眠い")


def test_the_same_letters_composed_otherwise_are_the_same_class(tmp_path):
    write(tmp_path, "bored", unicodedata.normalize("NFC", "müde"), splits=("train",))
    write(tmp_path, "bored", unicodedata.normalize("NFD", "müde"), splits=("test",))
    listing = listed(tmp_path)
    assert listing.classes == ("bored", "müde")
    assert listing.eval.true_labels.tolist() == [0, 1]


def test_synonyms_in_any_case_with_blanks_and_in_the_plural_are_emotions(tmp_path):
    names = ["Angry faces", " HAPPY", "fears", "sad_expression", "Surprised-Faces"]
    listing = listed(write(tmp_path, *names))
    assert listing.classes == ("happiness", "surprise", "sadness", "anger", "fear")


def test_a_mixture_names_the_doubtful_folders_and_both_ways_out(tmp_path):
    write(tmp_path, "happy", "sad", "suprised", "engaged")
    with pytest.raises(DataError) as error:
        listed(tmp_path)
    told = str(error.value)
    assert "'engaged' is not an emotion and 'suprised' may be surprise" in told
    assert "while 'happy' and 'sad' name emotions" in told
    assert f"'folder:{tmp_path}?classes=as-is'" in told
    assert f"'folder:{tmp_path}?classes=emotions'" in told


def test_both_ways_out_of_a_mixture_work(tmp_path):
    write(tmp_path, "happy", "sad", "suprised", "engaged")
    own = listed(tmp_path, "?classes=as-is")
    assert own.classes == ("engaged", "happy", "sad", "suprised")
    assert not own.problems
    read = listed(tmp_path, "?classes=emotions")
    assert read.classes == ("happiness", "surprise", "sadness")
    assert [problem.name for problem in read.problems] == ["train/engaged/", "test/engaged/"]


@pytest.mark.parametrize(
    ("name", "emotion"),
    [("hapy", "happiness"), ("suprized", "surprise"), ("not happy", "happiness"), ("fera", "fear")],
)
def test_a_near_miss_is_a_question_whatever_stands_beside_it(tmp_path, name, emotion):
    for place, other in (("own", "engaged"), ("emotions", "angry")):
        write(tmp_path / place, name, other)
        with pytest.raises(DataError, match=f"'{name}' may be {emotion}"):
            listed(tmp_path / place)
    assert listed(tmp_path / "own", "?classes=as-is").classes == tuple(sorted([name, "engaged"]))
    assert set(listed(tmp_path / "emotions", "?classes=emotions").classes) == {emotion, "anger"}


@pytest.mark.parametrize(
    "names",
    [
        ("awake", "drowsy", "yawning"),
        ("attentive", "distracted"),
        ("genuine smile", "fake smile"),
        ("boredom", "confusion", "engagement", "frustration"),
        ("boy", "girl"),
        ("positive", "negative"),
    ],
)
def test_usual_classes_of_other_tasks_are_no_near_misses(tmp_path, names):
    assert listed(write(tmp_path, *names)).classes == tuple(sorted(names))


def test_a_near_miss_in_the_test_split_alone_is_a_question_too(tmp_path):
    write(tmp_path, "bored", "engaged")
    write(tmp_path, "hapy", splits=("test",))
    with pytest.raises(DataError, match="'hapy' may be happiness"):
        listed(tmp_path)


def test_numbers_alone_are_a_question(tmp_path):
    write(tmp_path, "1", "2")
    with pytest.raises(DataError, match="'1' is a number alone and '2' is a number alone"):
        listed(tmp_path)
    assert listed(tmp_path, "?classes=as-is").classes == ("1", "2")


def test_of_many_doubtful_names_the_first_ones_are_told(tmp_path):
    write(tmp_path, *(f"{number:02d}" for number in range(14)))
    with pytest.raises(DataError, match=r"'09' is a number alone and 4 more\. Say"):
        listed(tmp_path)


def test_the_option_takes_two_words_only(tmp_path):
    write(tmp_path, "bored", "engaged")
    with pytest.raises(DataError, match="folder classes must be as-is or emotions, got 'own'"):
        listed(tmp_path, "?classes=own")


def test_the_ways_out_keep_the_other_options(tmp_path):
    write(tmp_path, "happy", "bored", splits=("one", "two"))
    with pytest.raises(DataError, match=r"\?train=one&test=two&classes=as-is'"):
        listed(tmp_path, "?train=one&test=two")


def test_a_name_that_cannot_be_printed_is_a_problem(tmp_path):
    listing = listed(write(tmp_path, "bored", "engaged", "in\npain"))
    assert listing.classes == ("bored", "engaged")
    assert "class name 'in\\npain' must be printable text" in listing.problems[0].detail


def test_a_test_class_of_another_case_is_refused_with_the_one_that_was_meant(tmp_path):
    write(tmp_path, "bored", "Engaged", splits=("train",))
    write(tmp_path, "bored", "engaged", splits=("test",))
    problems = listed(tmp_path).problems
    assert [problem.name for problem in problems] == ["test/engaged/"]
    assert "no training images; did you mean 'Engaged'?" in problems[0].detail


def test_class_folders_without_splits_are_a_test_split_of_classes_as_they_stand(tmp_path):
    write(tmp_path, "pain", "bored")
    listing = listed(tmp_path / "test")
    assert listing.classes == ("bored", "pain")
    assert len(listing.eval.true_labels) == 2
    assert not len(listing.train.true_labels)

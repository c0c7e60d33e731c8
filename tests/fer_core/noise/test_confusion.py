import numpy as np
import pytest

from fer_core.emotions import EIGHT_CLASSES, SEVEN_CLASSES
from fer_core.noise.confusion import PRESETS, confusion_weights
from fer_core.noise.generate import asymmetric_noise

THREE = ("neutral", "happiness", "anger")
TABLE = "label,neutral,happy,anger\nneutral,,1,2\nhappy,0.5,9,0\nangry,0,0,\n"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def test_a_table_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("label,ä\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.csv is not UTF-8 text"):
        confusion_weights(path, SEVEN_CLASSES)


@pytest.mark.parametrize("classes", [SEVEN_CLASSES, EIGHT_CLASSES])
def test_the_preset_people_confuses_three_pairs_both_ways(classes):
    weights = confusion_weights("people", classes)
    pairs = {(classes[i], classes[j]) for i, j in np.argwhere(weights)}
    expected = {("fear", "surprise"), ("sadness", "neutral"), ("anger", "disgust")}
    assert pairs == expected | {(other, one) for one, other in expected}
    assert weights.shape == (len(classes), len(classes))
    clean = np.repeat(np.arange(len(classes)), 10)
    noisy = asymmetric_noise(clean, 0.3, weights, 0)
    assert noisy.flipped.sum() == 6 * 3


def test_every_preset_names_classes_that_all_data_sets_have():
    for pairs in PRESETS.values():
        assert {name for pair in pairs for name in pair} <= set(SEVEN_CLASSES)


def test_a_preset_with_a_class_that_the_data_set_lacks_is_refused():
    with pytest.raises(ValueError, match="confusions 'people' need the class fear, which the data"):
        confusion_weights("people", THREE)


def test_a_table_gives_the_weights_in_the_order_of_the_classes(table):
    path = table(TABLE)
    assert confusion_weights(path, THREE).tolist() == [[0, 1, 2], [0.5, 0, 0], [0, 0, 0]]
    assert confusion_weights(str(path), ("anger", "happiness", "neutral")).tolist() == [
        [0, 0, 0],
        [0, 0, 0.5],
        [2, 1, 0],
    ]


def test_a_table_may_have_blank_lines_other_line_ends_and_rows_in_any_order(table):
    head, *rows = TABLE.splitlines()
    path = table("\ufeff" + "\r\n".join([head, "", *reversed(rows), ",,,"]))
    assert confusion_weights(path, THREE).tolist() == [[0, 1, 2], [0.5, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (",2", ",-2", "row neutral, column anger: a weight must be a finite .* 0, got '-2'"),
        (",2", ",nan", "row neutral, column anger: a weight must be a finite .* got 'nan'"),
        (",2", ",inf", "row neutral, column anger: a weight must be a finite .* got 'inf'"),
        (",2", ",two", "row neutral, column anger: a weight must be a finite .* got 'two'"),
        (",2", ",", "row neutral, column anger: a weight must be a finite .* got ''"),
        (",2", "", "line 2: expected 4 cells, got 3"),
        (",2", ",2,3", "line 2: expected 4 cells, got 5"),
        ("angry,0,0,\n", "", "has no row for anger"),
        ("angry,0,0,\n", "sad,0,0,\n", "has a row for sadness, which the data set does not have"),
        ("happy,anger", "happy,sad", "has a column for sadness, which the data set does not have"),
        ("angry,0", "joy,0", "has more than one row for happiness"),
        ("happy,anger", "happy,joy", "has more than one column for happiness"),
        ("angry,0", "smirk,0", "has a row with an unknown emotion 'smirk': use one of neutral"),
        ("happy,anger", "smirk,anger", "has a column with an unknown emotion 'smirk'"),
        ("label,", "class,", "the header must be 'label,<class>,...', one column a class"),
        (TABLE, "", "the header must be 'label,<class>,...', one column a class"),
        (",1,2\nhappy,0.5", ",0,0\nhappy,0", "no weight above 0 off its diagonal"),
        ("neutral,,1", 'neutral,,"1', "is not a readable CSV: unexpected end of data"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table, old, new, sentence):
    assert old in TABLE
    with pytest.raises(ValueError, match=rf"table\.csv.* {sentence}"):
        confusion_weights(table(TABLE.replace(old, new, 1)), THREE)


def test_a_table_without_a_column_of_a_class_is_refused(table):
    path = table("label,neutral,happy\nneutral,,1\nhappy,1,\n")
    with pytest.raises(ValueError, match=r"table\.csv has no column for anger"):
        confusion_weights(path, THREE)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("poeple", "'poeple'; did you mean 'people'?"), ("raters.csv", "'raters.csv'")],
)
def test_what_is_neither_a_preset_nor_a_file_is_answered_with_both(name, ending):
    with pytest.raises(FileNotFoundError) as caught:
        confusion_weights(name, SEVEN_CLASSES)
    assert str(caught.value) == (
        "confusions must be a preset (people) or the path of a CSV with the header "
        f"'label,<class>,...' and one row per class, got {ending}"
    )


OWN = ("bored", "engaged", "眠い")


def test_a_table_of_classes_of_ones_own_names_them_as_they_stand(table):
    path = table("label,engaged,眠い,bored\nbored,1,2,\nengaged,,1,0\n眠い,0,,3\n")
    assert confusion_weights(path, OWN).tolist() == [[0, 1, 2], [0, 0, 1], [3, 0, 0]]


def test_a_table_with_a_class_that_the_data_set_does_not_have_lists_its_own(table):
    path = table("label,engaged,眠い,bord\nbored,1,2,\nengaged,,1,0\n眠い,0,,3\n")
    with pytest.raises(ValueError, match="unknown class 'bord': use one of bored, engaged, 眠い"):
        confusion_weights(path, OWN)


def test_the_confusions_of_people_are_between_emotions_alone():
    with pytest.raises(
        ValueError, match=r"between emotions, .* own: bored, engaged, 眠い\. Name a"
    ):
        confusion_weights("people", OWN)

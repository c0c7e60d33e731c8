import csv

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, content_hash, list_data, load_data
from fer_core.datasets.vote_rules import majority_labels, probability_labels, vote_shares
from fer_core.emotions import EIGHT_CLASSES, FERPLUS_VOTES

GREY = Decoding(48, 1)
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
# Usage, image, votes: what the majority rule makes of each stands behind it.
ROWS = [
    ("Training", "fer0000000.png", {"neutral": 8, "sadness": 2}),  # neutral
    ("Training", "fer0000001.png", {"happiness": 5, "surprise": 5}),  # tie: left out
    ("Training", "fer0000002.png", {"contempt": 9, "anger": 1}),  # contempt
    ("Training", "fer0000003.png", {"unknown": 9, "anger": 1}),  # left out
    ("Training", "", {"NF": 10}),  # has no image
    ("Training", "fer0000005.png", {"fear": 10}),  # fear
    ("PublicTest", "fer0028638.png", {"anger": 6, "disgust": 4}),  # anger
    ("PublicTest", "fer0028639.png", {"NF": 10}),  # left out
    ("PrivateTest", "fer0032220.png", {"surprise": 10}),  # surprise
]


def write_table(root, rows):
    with (root / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *FERPLUS_VOTES])
        for usage, name, votes in rows:
            writer.writerow([usage, name, *(votes.get(column, 0) for column in FERPLUS_VOTES)])


@pytest.fixture
def root(tmp_path):
    write_table(tmp_path, ROWS)
    for value, (usage, name, _) in enumerate(ROWS):
        folder = tmp_path / FOLDERS[usage]
        folder.mkdir(exist_ok=True)
        if name:
            Image.new("L", (48, 48), 10 * value).save(folder / name)
    return tmp_path


def names(split, classes):
    return [classes[label] for label in split.true_labels]


@pytest.mark.parametrize(
    ("votes", "eight", "seven"),
    [
        ({"neutral": 10}, "neutral", "neutral"),
        ({"neutral": 6, "sadness": 4}, "neutral", "neutral"),
        ({"happiness": 5, "surprise": 5}, None, None),
        ({"happiness": 5, "surprise": 3, "fear": 2}, None, None),  # 5 of 10 is not more than half
        ({"happiness": 5, "surprise": 3, "fear": 1, "anger": 1}, "happiness", "happiness"),
        ({"anger": 2, **dict.fromkeys(EIGHT_CLASSES[:4], 1)}, "anger", "anger"),
        (dict.fromkeys(EIGHT_CLASSES, 1), None, None),  # single votes only
        ({"contempt": 7, "neutral": 3}, "contempt", None),
        ({"contempt": 4, "neutral": 4, "unknown": 2}, None, None),
        ({"unknown": 7, "neutral": 3}, None, None),
        ({"NF": 10}, None, None),
        ({"fear": 4, "unknown": 3, "NF": 3}, None, None),
        ({}, None, None),
    ],
)
def test_the_majority_rule_drops_single_votes_and_wants_more_than_half(votes, eight, seven):
    row = np.array([[votes.get(column, 0) for column in FERPLUS_VOTES]])
    for classes, expected in ((8, eight), (7, seven)):
        label = -1 if expected is None else EIGHT_CLASSES.index(expected)
        assert majority_labels(row, classes).tolist() == [label]


@pytest.mark.parametrize(
    ("votes", "eight", "seven"),
    [
        ({"neutral": 10}, "neutral", "neutral"),
        ({"happiness": 5, "surprise": 5}, "happiness", "happiness"),  # of equals the first
        ({"happiness": 5, "surprise": 3, "fear": 2}, "happiness", "happiness"),
        ({"happiness": 4, "surprise": 2, "fear": 2, "anger": 2}, None, None),  # four classes
        ({"fear": 4, "anger": 2, "sadness": 2, "unknown": 2}, "fear", "fear"),
        ({"contempt": 6, "neutral": 4}, "contempt", None),
        ({"unknown": 7, "neutral": 3}, None, None),
        ({"unknown": 5, "neutral": 5}, None, None),  # neutral alone has no more than half
        ({"neutral": 6, "unknown": 4}, "neutral", "neutral"),
        ({"neutral": 4, "unknown": 3, "NF": 3}, None, None),
        (dict.fromkeys(EIGHT_CLASSES, 1), None, None),  # single votes only
        ({}, None, None),
    ],
)
def test_the_probability_rule_counts_in_up_to_three_classes(votes, eight, seven):
    row = np.array([[votes.get(column, 0) for column in FERPLUS_VOTES]])
    for classes, expected in ((8, eight), (7, seven)):
        label = -1 if expected is None else EIGHT_CLASSES.index(expected)
        assert probability_labels(row, classes).tolist() == [label]


def test_the_probability_rule_is_for_training_alone(root):
    write_table(root, [*ROWS, ("PublicTest", "tie.png", {"happiness": 5, "surprise": 5})])
    Image.new("L", (48, 48), 99).save(root / "FER2013Valid" / "tie.png")
    majority, probability = (
        load_data(f"ferplus:{root}?rule={rule}", GREY) for rule in ("majority", "probability")
    )
    assert set(probability.train.names) - set(majority.train.names) == {"fer0000001.png"}
    assert probability.eval.names == majority.eval.names == ("fer0028638.png",)


def test_images_without_a_clear_winner_are_left_out(root):
    data = load_data(f"ferplus:{root}", GREY)
    assert data.classes == EIGHT_CLASSES
    assert names(data.train, data.classes) == ["neutral", "contempt", "fear"]
    assert data.train.names == ("fer0000000.png", "fer0000002.png", "fer0000005.png")
    assert data.train.images[:, 0, 0, 0].tolist() == [0, 20, 50]
    assert names(data.eval, data.classes) == ["anger"]
    assert (data.train.name, data.eval.name) == ("train", "val")
    assert (data.source_size, data.grey) == (48, True)


def test_without_contempt_its_images_are_left_out(root):
    data = load_data(f"ferplus:{root}?classes=7", GREY)
    assert data.classes == EIGHT_CLASSES[:7]
    assert names(data.train, data.classes) == ["neutral", "fear"]


@pytest.mark.parametrize("option", ["eval=test", "test=FER2013Test"])
def test_the_official_test_split_is_evaluated_where_it_is_asked_for(root, option):
    data = load_data(f"ferplus:{root}?{option}", GREY)
    assert data.eval.name == "test"
    assert names(data.eval, data.classes) == ["surprise"]


def test_votes_are_kept_beside_the_images(root):
    votes = load_data(f"ferplus:{root}", GREY).train.votes
    assert votes.shape == (3, 10)
    assert votes.dtype == np.int64
    assert dict(zip(FERPLUS_VOTES, votes[0], strict=True))["sadness"] == 2
    assert votes.sum(1).tolist() == [10, 10, 10]


def test_a_table_with_a_byte_order_mark_is_read(root):
    text = (root / "fer2013new.csv").read_text()
    (root / "fer2013new.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert len(load_data(f"ferplus:{root}", GREY).train.true_labels) == 3


def test_a_missing_table_shows_the_expected_tree(root):
    (root / "fer2013new.csv").unlink()
    with pytest.raises(DataError, match=r"no vote table at .*fer2013new\.csv[\s\S]*FER2013Train/"):
        load_data(f"ferplus:{root}", GREY)


def test_a_missing_split_folder_shows_the_expected_tree(root):
    (root / "FER2013Valid" / "fer0028638.png").unlink()
    (root / "FER2013Valid" / "fer0028639.png").unlink()
    (root / "FER2013Valid").rmdir()
    with pytest.raises(
        DataError, match=r"FER2013Valid is absent: 2 rows.*missing[\s\S]*Expected:[\s\S]*PATH/"
    ):
        load_data(f"ferplus:{root}", GREY)


def test_a_missing_image_is_named(root):
    (root / "FER2013Train" / "fer0000002.png").unlink()
    with pytest.raises(DataError, match=r"fer0000002\.png is absent"):
        load_data(f"ferplus:{root}", GREY)


def test_a_missing_image_that_is_left_out_anyway_is_no_problem(root):
    (root / "FER2013Train" / "fer0000001.png").unlink()
    assert len(load_data(f"ferplus:{root}", GREY).train.true_labels) == 3


def test_a_broken_image_is_named(root):
    (root / "FER2013Train" / "fer0000005.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"fer0000005\.png is not a readable image"):
        load_data(f"ferplus:{root}", GREY)


def test_missing_columns_are_named(root):
    text = (root / "fer2013new.csv").read_text().replace("contempt", "scorn")
    (root / "fer2013new.csv").write_text(text)
    with pytest.raises(DataError, match="lacks the columns contempt"):
        load_data(f"ferplus:{root}", GREY)


def test_a_vote_that_is_no_number_is_refused(root):
    write_table(root, [("Training", "fer0000000.png", {"neutral": "many"})])
    with pytest.raises(DataError, match=r"a vote that is not a number.*many"):
        load_data(f"ferplus:{root}", GREY)


def test_a_split_without_any_clear_winner_is_refused(root):
    write_table(root, [row for row in ROWS if row[1] != "fer0028638.png"])
    with pytest.raises(DataError, match="FER2013Valid: none of its 1 images has a clear label"):
        load_data(f"ferplus:{root}", GREY)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("classes=6", "classes must be 7 or 8, got '6'"),
        ("eval=train", "eval must be val or test, got 'train'"),
        ("test=FER2013Train", "eval must be val or test, got 'train'"),
        ("eval=val&test=FER2013Test", "former name of eval"),
        ("rule=argmax", "rule must be majority or probability, got 'argmax'"),
        ("split=x", "ferplus has no option 'split'"),
    ],
)
def test_options_that_are_not_allowed_are_refused(root, options, sentence):
    with pytest.raises(DataError, match=sentence):
        load_data(f"ferplus:{root}?{options}", GREY)


# The table of FER2013: its rows stand in the order of ROWS. Own labels are those of FER2013.
OWN = (6, 3, 0, 0, 0, 2, 1, 4, 5)
OWN_NAMES = ("neutral", "anger", "fear")  # of the three training images that are kept


def write_pixel_table(root, rows=None, name="fer2013.csv"):
    """Rows are (Usage, label, pixels); the grey value of row i is 10 i, as in the PNG files."""
    if rows is None:
        rows = [(row[0], label, None) for row, label in zip(ROWS, OWN, strict=True)]
    with (root / name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for index, (usage, label, pixels) in enumerate(rows):
            writer.writerow([label, pixels or " ".join([str(10 * index)] * 48 * 48), usage])


@pytest.fixture
def table(tmp_path):
    """FERPlus without PNG folders: the images stand in FER2013's own table."""
    write_table(tmp_path, ROWS)
    write_pixel_table(tmp_path)
    return tmp_path


def test_convention_rows_of_both_tables_belong_together_whatever_the_names_count(table):
    rows = [list(row) for row in ROWS]
    rows[5][1] = "fer0000004.png"  # FER+ numbers pass over the row without a face
    write_table(table, rows)
    data = load_data(f"ferplus:{table}", GREY)
    assert data.train.names == ("fer0000000.png", "fer0000002.png", "fer0000004.png")
    assert data.train.images[:, 7, 5, 0].tolist() == [0, 20, 50]


def test_images_of_the_table_are_those_of_the_folders(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("table")
    write_table(other, ROWS)
    write_pixel_table(other)
    for options in ("", "?classes=7", "?eval=test"):
        folders, table = (load_data(f"ferplus:{path}{options}", GREY) for path in (root, other))
        assert content_hash(folders) == content_hash(table)
        assert folders.train.names == table.train.names
        assert folders.eval.name == table.eval.name
        assert np.array_equal(folders.train.votes, table.train.votes)


def test_the_other_name_of_the_table_is_known(table):
    (table / "fer2013.csv").rename(table / "icml_face_data.csv")
    assert len(load_data(f"ferplus:{table}", GREY).train.true_labels) == 3


@pytest.mark.parametrize("folders", [False, True])
def test_convention_original_labels_are_those_of_the_table(table, root, folders):
    if not folders:
        for folder in FOLDERS.values():
            (table / folder).rename(table / f"not_{folder}")
    data = load_data(f"ferplus:{table}", GREY)
    assert tuple(data.classes[label] for label in data.train.original_labels) == OWN_NAMES
    assert [data.classes[label] for label in data.eval.original_labels] == ["disgust"]


def test_without_the_table_original_labels_come_from_their_list(root):
    lines = "Training,fer0000000.png,sad\nTraining,fer0000002.png,\n"
    (root / "fer2013_labels.csv").write_text(f"Usage,Image name,label\n{lines}")
    data = load_data(f"ferplus:{root}", GREY)
    assert data.train.original_labels.tolist() == [data.classes.index("sadness"), -1, -1]


def test_without_either_there_are_no_original_labels(root):
    assert load_data(f"ferplus:{root}", GREY).train.original_labels is None


def test_tables_of_unequal_length_are_refused(table):
    write_table(table, ROWS[:-1])
    with pytest.raises(DataError, match=r"fer2013new\.csv has 8 rows, fer2013\.csv 9; they must"):
        load_data(f"ferplus:{table}", GREY)


def test_tables_that_part_are_refused_with_the_row(table):
    write_table(table, [*ROWS[:5], ROWS[6], ROWS[5], *ROWS[7:]])
    with pytest.raises(
        DataError, match="at row 6 they part, Usage 'PublicTest' against 'Training'"
    ):
        load_data(f"ferplus:{table}", GREY)


def test_a_broken_row_of_pixels_is_a_problem_of_its_image(table):
    rows = [(row[0], label, None) for row, label in zip(ROWS, OWN, strict=True)]
    rows[1] = ("Training", 3, "1 2 3")  # left out anyway
    rows[2] = ("Training", 0, "1 2 3")
    rows[8] = ("PrivateTest", 9, None)  # of a split that is not used
    write_pixel_table(table, rows)
    listing = list_data(f"ferplus:{table}", GREY)
    problems = [(problem.kind, problem.name) for problem in listing.problems]
    assert problems == [("unreadable file", "fer0000002.png")]
    assert listing.train.names == ("fer0000000.png", "fer0000005.png")
    with pytest.raises(DataError, match=r"fer2013\.csv line 4: pixels must be .*got 3 numbers"):
        load_data(f"ferplus:{table}", GREY)


def test_a_vote_that_is_no_number_is_a_problem_of_its_image(root):
    rows = [list(row) for row in ROWS]
    rows[2][2] = {"contempt": -1}
    write_table(root, rows)
    listing = list_data(f"ferplus:{root}", GREY)
    assert [(p.kind, p.name) for p in listing.problems] == [("label", "fer0000002.png")]
    assert listing.train.names == ("fer0000000.png", "fer0000005.png")


def test_a_vote_table_that_is_no_utf8_is_named(root):
    (root / "fer2013new.csv").write_bytes(b"\xff\xfe\xe9")
    with pytest.raises(DataError, match=r"fer2013new\.csv is not a UTF-8 table"):
        load_data(f"ferplus:{root}", GREY)


def test_vote_shares_are_those_of_the_classes_without_single_raters():
    votes = {"happiness": 6, "surprise": 2, "fear": 1, "contempt": 3, "unknown": 4}
    row = np.array([[votes.get(column, 0) for column in FERPLUS_VOTES]])
    eight = dict(zip(EIGHT_CLASSES, vote_shares(row, 8)[0].tolist(), strict=True))
    assert eight["happiness"] == pytest.approx(6 / 11)
    assert eight["contempt"] == pytest.approx(3 / 11)
    assert eight["fear"] == 0
    seven = vote_shares(row, 7)
    assert seven.dtype == np.float32
    assert seven[0, EIGHT_CLASSES.index("surprise")] == pytest.approx(2 / 8)
    assert seven.sum(1) == pytest.approx(1)


def test_an_image_that_stands_in_the_table_twice_is_refused(root):
    write_table(root, [*ROWS, ROWS[0]])
    with pytest.raises(DataError, match=r"ferplus names the image fer0000000\.png 2 times"):
        load_data(f"ferplus:{root}", GREY)


def test_a_vote_beyond_all_numbers_is_refused(root):
    write_table(root, [*ROWS[1:], ("Training", "fer0000000.png", {"neutral": "9" * 30})])
    with pytest.raises(DataError, match="a vote that is not a number: '999"):
        load_data(f"ferplus:{root}", GREY)

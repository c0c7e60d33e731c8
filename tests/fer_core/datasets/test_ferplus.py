import csv

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, load_data
from fer_core.datasets.ferplus import majority_labels
from fer_core.emotions import EIGHT_CLASSES, FERPLUS_VOTES

GREY = Decoding(48, 1)
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
# Usage, image, votes: what the majority rule makes of each stands behind it.
ROWS = [
    ("Training", "fer0000000.png", {"neutral": 8, "sadness": 2}),  # neutral
    ("Training", "fer0000001.png", {"happiness": 5, "surprise": 5}),  # tie: left out
    ("Training", "fer0000002.png", {"contempt": 9, "anger": 1}),  # contempt
    ("Training", "fer0000003.png", {"unknown": 9, "anger": 1}),  # left out
    ("Training", "", {"NF": 10}),  # has no picture
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
    return [classes[label] for label in split.labels]


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


def test_images_without_a_clear_winner_are_left_out(root):
    data = load_data(f"ferplus:{root}", GREY)
    assert data.classes == EIGHT_CLASSES
    assert names(data.train, data.classes) == ["neutral", "contempt", "fear"]
    assert data.train.names == ("fer0000000.png", "fer0000002.png", "fer0000005.png")
    assert data.train.images[:, 0, 0, 0].tolist() == [0, 20, 50]
    assert names(data.test, data.classes) == ["anger"]
    assert (data.train.name, data.test.name) == ("FER2013Train", "FER2013Valid")
    assert (data.source_size, data.grey) == (48, True)


def test_without_contempt_its_images_are_left_out(root):
    data = load_data(f"ferplus:{root}?classes=7", GREY)
    assert data.classes == EIGHT_CLASSES[:7]
    assert names(data.train, data.classes) == ["neutral", "fear"]


def test_the_other_test_split_can_be_asked_for(root):
    data = load_data(f"ferplus:{root}?test=FER2013Test", GREY)
    assert data.test.name == "FER2013Test"
    assert names(data.test, data.classes) == ["surprise"]


def test_votes_are_kept_beside_the_images(root):
    votes = load_data(f"ferplus:{root}", GREY).train.votes
    assert votes.shape == (3, 10)
    assert votes.dtype == np.int64
    assert dict(zip(FERPLUS_VOTES, votes[0], strict=True))["sadness"] == 2
    assert votes.sum(1).tolist() == [10, 10, 10]


def test_a_table_with_a_byte_order_mark_is_read(root):
    text = (root / "fer2013new.csv").read_text()
    (root / "fer2013new.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert len(load_data(f"ferplus:{root}", GREY).train.labels) == 3


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


def test_a_missing_picture_is_named(root):
    (root / "FER2013Train" / "fer0000002.png").unlink()
    with pytest.raises(DataError, match=r"fer0000002\.png is absent"):
        load_data(f"ferplus:{root}", GREY)


def test_a_missing_picture_that_is_left_out_anyway_is_no_problem(root):
    (root / "FER2013Train" / "fer0000001.png").unlink()
    assert len(load_data(f"ferplus:{root}", GREY).train.labels) == 3


def test_a_broken_picture_is_named(root):
    (root / "FER2013Train" / "fer0000005.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"fer0000005\.png is no readable picture"):
        load_data(f"ferplus:{root}", GREY)


def test_missing_columns_are_named(root):
    text = (root / "fer2013new.csv").read_text().replace("contempt", "scorn")
    (root / "fer2013new.csv").write_text(text)
    with pytest.raises(DataError, match="lacks the columns contempt"):
        load_data(f"ferplus:{root}", GREY)


def test_a_vote_that_is_no_number_is_refused(root):
    write_table(root, [("Training", "fer0000000.png", {"neutral": "many"})])
    with pytest.raises(DataError, match=r"a vote that is no number.*many"):
        load_data(f"ferplus:{root}", GREY)


def test_a_split_without_any_clear_winner_is_refused(root):
    write_table(root, [row for row in ROWS if row[1] != "fer0028638.png"])
    with pytest.raises(DataError, match="FER2013Valid: none of its 1 images has a clear majority"):
        load_data(f"ferplus:{root}", GREY)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("classes=6", "classes must be 7 or 8, got '6'"),
        ("test=FER2013Train", "must be FER2013Valid or FER2013Test, got 'FER2013Train'"),
        ("split=x", "ferplus has no option 'split'"),
    ],
)
def test_options_that_are_not_allowed_are_refused(root, options, sentence):
    with pytest.raises(DataError, match=sentence):
        load_data(f"ferplus:{root}?{options}", GREY)

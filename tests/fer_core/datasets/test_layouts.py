"""The layouts in which people have faces: each is made here, and read with the right labels."""

import codecs
import json
import logging

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.dividing import _emptiest
from fer_core.emotions import (
    AFFECTNET_LABELS,
    EIGHT_CLASSES,
    FER2013_LABELS,
    RAFDB_LABELS,
    SEVEN_CLASSES,
)

COLOUR = Decoding(16, 3)


def put(root, *places):
    """Images of one colour each, so that no two are the same file."""
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        value = sum((root / place).as_posix().encode()) % 251, len(place), places.index(place) % 256
        Image.new("RGB", (12, 12), value).save(root / place)


def labels_of(split, classes):
    """Image -> class name."""
    return dict(zip(split.names, (classes[i] for i in split.true_labels), strict=True))


def read(uri):
    """Image -> class of the training and of the evaluation split, and the problems."""
    listing = list_data(str(uri), COLOUR)
    train, held = (labels_of(part, listing.classes) for part in (listing.train, listing.eval))
    return train, held, [problem.detail for problem in listing.problems]


@pytest.mark.parametrize("train", ["train", "Train", "TRAIN", "training"])
@pytest.mark.parametrize(
    "held", ["test", "Test", "val", "valid", "Validation", "validation", "testing"]
)
def test_splits_are_found_by_the_names_that_they_usually_have(tmp_path, train, held):
    put(tmp_path, f"{train}/happy/a.png", f"{train}/sad/b.png", f"{held}/happy/c.png")
    trained, evaluated, problems = read(f"folder:{tmp_path}")
    assert trained == {f"{train}/happy/a.png": "happiness", f"{train}/sad/b.png": "sadness"}
    assert evaluated == {f"{held}/happy/c.png": "happiness"}
    assert problems == []


def test_of_two_evaluation_splits_the_test_split_is_read_and_the_other_named(tmp_path, caplog):
    put(tmp_path, "train/happy/a.png", "train/sad/b.png", "val/sad/c.png", "test/sad/d.png")
    with caplog.at_level(logging.INFO, "fer_core.datasets.folder"):
        assert [*read(f"folder:{tmp_path}")[1]] == ["test/sad/d.png"]
    assert "val is not read: test=val names it" in caplog.text
    assert [*read(f"folder:{tmp_path}?test=val")[1]] == ["val/sad/c.png"]


@pytest.mark.parametrize(
    ("folder", "emotion"),
    [
        ("0_neutral", "neutral"), ("01-happy", "happiness"), ("HAPPY", "happiness"),
        ("3.Sad", "sadness"), ("Angry faces", "anger"), ("7 contempt", "contempt"),
    ],
)  # fmt: skip
def test_class_folders_may_have_numbers_before_their_names(tmp_path, folder, emotion):
    put(tmp_path, f"train/{folder}/a.png", "train/fear/b.png", f"test/{folder}/c.png")
    assert read(f"folder:{tmp_path}")[1] == {f"test/{folder}/c.png": emotion}


def test_what_systems_leave_in_folders_never_counts(tmp_path):
    put(tmp_path, "train/happy/a.png", "train/sad/b.png", "test/sad/c.png")
    for place in (
        *(".DS_Store", "train/happy/.DS_Store", "train/happy/Thumbs.db", "train/sad/desktop.ini"),
        *("train/happy/._a.png", "train/__MACOSX/happy/._a.png", "train/.cache/x.png"),
        *("train/happy/__MACOSX/b.png", "test/@eaDir/sad/c.png"),
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"no image")
    train, held, problems = read(f"folder:{tmp_path}")
    assert ([*train], [*held], problems) == (
        ["train/happy/a.png", "train/sad/b.png"],
        ["test/sad/c.png"],
        [],
    )


def test_folders_in_a_class_folder_are_read_with_it(tmp_path):
    put(tmp_path, "train/happy/a.png", "train/happy/more/b.png", "train/happy/more/deep/c.png")
    put(tmp_path, "train/sad/s1/d.png", "test/sad/e.png")
    assert read(f"folder:{tmp_path}")[0] == {
        "train/happy/a.png": "happiness",
        "train/happy/more/b.png": "happiness",
        "train/happy/more/deep/c.png": "happiness",
        "train/sad/s1/d.png": "sadness",
    }


def test_a_link_to_the_folder_above_is_not_followed_for_ever(tmp_path):
    put(tmp_path, "train/happy/a.png", "train/sad/b.png", "test/sad/c.png")
    (tmp_path / "train" / "happy" / "loop").symlink_to(tmp_path / "train", target_is_directory=True)
    assert len(read(f"folder:{tmp_path}")[0]) == 2


@pytest.fixture
def flat(tmp_path):
    """Ten images of one class and five of another, of five subjects, without splits."""
    for number in range(10):
        put(tmp_path, f"happy/s{number % 5}/{number}.png")
    for number in range(5):
        put(tmp_path, f"sad/s{number}/{number}.png")
    return tmp_path


def test_a_set_without_splits_is_divided_by_subjects_and_evenly_by_class(flat):
    train, held, _ = read(f"folder:{flat}?split=0.2")
    assert {name.split("/")[1] for name in train}.isdisjoint(name.split("/")[1] for name in held)
    assert sorted(held.values()) == ["happiness", "happiness", "sadness"]
    assert len(train) == 12


def test_the_same_seed_divides_alike_and_another_one_differently(flat):
    parts = {seed: read(f"folder:{flat}?split=0.4&seed={seed}") for seed in range(6)}
    assert parts[0] == read(f"folder:{flat}?split=0.4")
    assert len({tuple(sorted(held)) for _, held, _ in parts.values()}) > 1


def test_copies_of_an_image_stay_in_one_part(tmp_path):
    for number in range(12):
        put(tmp_path, f"{'happy' if number % 2 else 'sad'}/{number}.png")
    for number in (0, 1):
        name = f"{'happy' if number % 2 else 'sad'}/{number}.png"
        (tmp_path / name).with_name(f"copy{number}.png").write_bytes((tmp_path / name).read_bytes())
    for seed in range(5):
        train, _, _ = read(f"folder:{tmp_path}?split=0.3&seed={seed}")
        assert ("sad/0.png" in train) == ("sad/copy0.png" in train)
        assert ("happy/1.png" in train) == ("happy/copy1.png" in train)


def test_folds_are_disjoint_and_together_everything(flat):
    held = [[*read(f"folder:{flat}?folds=5&fold={fold}")[1]] for fold in range(5)]
    assert sorted(name for part in held for name in part) == sorted(
        path.relative_to(flat).as_posix() for path in flat.rglob("*.png")
    )
    assert {len(part) for part in held} == {3}


def test_a_class_of_one_image_is_trained_on():
    parts, totals = np.zeros((2, 1)), np.array([1])
    assert _emptiest(parts, np.array([1]), totals, 0.5) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("split=1.5", "above 0 and below 1, got '1.5'"),
        ("split=some", "above 0 and below 1, got 'some'"),
        ("folds=1", "folds must be 2 to 100, got '1'"),
        ("folds=5&fold=5", "fold must be 0 to 4, got '5'"),
        ("split=0.2&folds=5", "takes split or folds, got both"),
        ("split=0.2&by=age", "by must be image or subject, got 'age'"),
        ("split=0.2&seed=x", "seed must be a whole number, got 'x'"),
        ("split=0.2&test=val", "divide class folders that have no splits"),
    ],
)
def test_a_division_that_cannot_be_is_refused(flat, options, sentence):
    with pytest.raises(DataError, match=sentence):
        read(f"folder:{flat}?{options}")


@pytest.mark.parametrize("option", ["fold=2", "by=subject", "seed=3"])
def test_options_of_a_division_are_refused_where_nothing_is_divided(flat, option):
    write_table(flat / "t.csv", [("a.png", "happy"), ("b.png", "sad")])
    for uri in (f"folder:{flat}?", f"csv:{flat}/t.csv?", f"csv:{flat}/t.csv?usage=label&"):
        with pytest.raises(DataError, match=f"{option} has no effect without a division: add"):
            read(uri + option)
    assert len(read(f"folder:{flat}?by=&seed=0")[1]) == 15


def test_subjects_are_asked_for_where_there_are_none(tmp_path):
    put(tmp_path, "happy/a.png", "happy/b.png", "sad/c.png", "sad/d.png")
    with pytest.raises(DataError, match="by=subject needs a folder for each subject"):
        read(f"folder:{tmp_path}?split=0.5&by=subject")
    write_table(tmp_path / "t.csv", [("happy/a.png", "happy"), ("sad/c.png", "sad")])
    with pytest.raises(DataError, match="by=subject needs subject=COLUMN; without it, use"):
        read(f"csv:{tmp_path}/t.csv?split=0.5&by=subject")


@pytest.mark.parametrize(
    ("kind", "classes"), [("fer2013", ("happy", "sad")), ("rafdb", "45"), ("affectnet", "12")]
)
def test_other_kinds_name_the_evaluation_folder_that_they_do_not_read(
    tmp_path, caplog, kind, classes
):
    for place in ("train", "test", "val"):
        put(tmp_path, *(f"{place}/{one}/{place}_000{one}.png" for one in classes))
    with caplog.at_level(logging.INFO, "fer_core.datasets.layouts"):
        read(f"{kind}:{tmp_path}")
    assert "val is not read: test is" in caplog.text


def test_a_table_of_rafdb_means_the_aligned_images_where_there_are_both(tmp_path):
    for place, end in (("aligned", "_aligned"), ("original", "")):
        for name in ("train_00001", "test_0001"):
            put(tmp_path, f"Image/{place}/{name}{end}.jpg")
    for split, name in (("train", "train_00001"), ("test", "test_0001")):
        (tmp_path / f"{split}_labels.csv").write_text(f"image,label\n{name}.jpg,5\n")
    listing = list_data(f"rafdb:{tmp_path}", Decoding(48, 1))
    assert [path.stem for path in listing.train.images.paths] == ["train_00001_aligned"]


@pytest.mark.parametrize("above", ["", "DATASET/"])
@pytest.mark.parametrize("end", ["_aligned.jpg", ".jpg", "_aligned.png"])
def test_rafdb_is_read_as_numbered_folders(tmp_path, above, end):
    for number in RAFDB_LABELS:
        put(tmp_path, f"{above}train/{number}/train_0000{number}{end}")
    put(tmp_path, f"{above}test/4/test_0001{end}")
    (tmp_path / "train_labels.csv").write_text("image,label\n")
    train, held, problems = read(f"rafdb:{tmp_path}")
    assert train == {f"train_0000{n}.jpg": name for n, name in RAFDB_LABELS.items()}
    assert held == {"test_0001.jpg": "happiness"}
    assert problems == []


def test_rafdb_is_read_by_its_tables_of_labels(tmp_path):
    put(tmp_path, "images/train_00001_aligned.jpg", "images/test_0001_aligned.jpg")
    (tmp_path / "train_labels.csv").write_text("image,label\ntrain_00001_aligned.jpg,5\n")
    (tmp_path / "test_labels.csv").write_text("image,label\ntest_0001_aligned.jpg,8\n")
    train, held, problems = read(f"rafdb:{tmp_path}")
    assert train == {"train_00001.jpg": "sadness"}
    assert held == {}
    assert "test_labels.csv line 2: expected a label from 1" in problems[0]


@pytest.mark.parametrize("below", ["", "basic/"])
@pytest.mark.parametrize("spelling", ["patition", "partition"])
@pytest.mark.parametrize(
    "image",
    ["aligned/train_00001_aligned.jpg", "original/train_00001.jpg", "aligned/train_00001.png"],
)
def test_rafdb_is_read_by_its_list(tmp_path, below, spelling, image):
    put(tmp_path, f"{below}Image/{image}")
    put(tmp_path, f"{below}Image/{image.replace('train_0', 'test_')}")
    (tmp_path / below / "EmoLabel").mkdir()
    text = "train_00001.jpg 5\ntest_0001.jpg 1\n"
    (tmp_path / below / "EmoLabel" / f"list_{spelling}_label.txt").write_text(text)
    listing = list_data(f"rafdb:{tmp_path}", COLOUR)
    assert labels_of(listing.train, listing.classes) == {"train_00001.jpg": "sadness"}
    assert listing.eval.images.open(0).size == (12, 12)


@pytest.mark.parametrize("held", ["val", "test", "valid"])
@pytest.mark.parametrize("form", ["{}", "{:03d}", "class{:03d}"])
def test_affectnet_is_read_as_numbered_folders(tmp_path, held, form):
    for number in AFFECTNET_LABELS:
        put(tmp_path, f"train/{form.format(number)}/{number}.jpg")
    put(tmp_path, f"{held}/{form.format(7)}/x.jpg", f"{held}/{form.format(6)}/y.jpg")
    train, evaluated, problems = read(f"affectnet:{tmp_path}")
    assert [*train.values()] == [*AFFECTNET_LABELS.values()]
    assert [*evaluated.values()] == ["anger", "contempt"]
    assert problems == []
    assert [*read(f"affectnet:{tmp_path}?classes=7")[1].values()] == ["anger"]


PIXELS = " ".join(["7"] * 48 * 48)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["emotion pixels Usage", "Emotion Pixels usage"])
def test_fer2013_is_read_from_tables_of_any_separator_and_encoding(
    tmp_path, encoding, sign, header
):
    rows = [f"{n}{sign}{PIXELS}{sign}Training" for n in FER2013_LABELS]
    rows += [f"3{sign}{PIXELS}{sign}PrivateTest", f"{sign}{sign} ", ""]
    text = "\n".join([header.replace(" ", sign), *rows])
    (tmp_path / "fer2013.csv").write_text(text, encoding=encoding)
    train, held, problems = read(f"fer2013:{tmp_path}")
    assert [*train.values()] == [*FER2013_LABELS.values()]
    assert [*held.values()] == ["happiness"]
    assert problems == []


def test_junk_at_the_end_of_fer2013_is_named_with_its_line(tmp_path):
    rows = [f"0,{PIXELS},Training", f"0,{PIXELS},PrivateTest", "total 2 images"]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    assert "line 4: the row has 1 cells" in read(f"fer2013:{tmp_path}")[2][0]


def test_fer2013_with_training_rows_alone_says_what_it_has(tmp_path):
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n0,{PIXELS},Training\n")
    with pytest.raises(DataError, match="no row with the Usage PrivateTest; it has Training"):
        read(f"fer2013:{tmp_path}")


def write_table(file, rows, columns=("image", "label")):
    if file.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
    else:
        lines = [",".join(columns), *(",".join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_table_of_images_and_labels_is_divided(tmp_path, name):
    rows = [(f"faces/{n}.png", "happy" if n % 2 else "Sad") for n in range(10)]
    put(tmp_path, *(image for image, _ in rows))
    write_table(tmp_path / name, rows)
    train, held, problems = read(f"csv:{tmp_path / name}?split=0.4")
    assert (len(train), len(held), problems) == (6, 4, [])
    assert {**train, **held} == {
        image: "happiness" if label == "happy" else "sadness" for image, label in rows
    }


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_table_may_name_its_columns_as_it_likes_and_say_the_splits(tmp_path, name):
    rows = [("a.png", "cat", "train"), ("b.png", "dog", "Train"), ("c.png", "dog", "test")]
    put(tmp_path, *(f"below/{image}" for image, *_ in rows))
    write_table(tmp_path / name, rows, ("photo", "animal", "part"))
    uri = f"csv:{tmp_path / name}?image=photo&label=animal&usage=part&images=below"
    listing = list_data(uri, COLOUR)
    assert listing.classes == ("cat", "dog")
    assert read(uri)[:2] == ({"a.png": "cat", "b.png": "dog"}, {"c.png": "dog"})
    assert listing.eval.images.open(0).size == (12, 12)


def test_a_second_table_is_measured_on(tmp_path):
    put(tmp_path, "a.png", "b.png", "c.png")
    write_table(tmp_path / "train.csv", [("a.png", "happy"), ("b.png", "sad")])
    write_table(tmp_path / "test.csv", [("c.png", "sad")])
    assert read(f"csv:{tmp_path}/train.csv?test=test.csv")[1] == {"c.png": "sadness"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "\n\nimage;label\n0.png;happy\n1.png;sad\n"),
        ("a.jsonl", '\n{"image": "0.png", "label": "happy"}\n{"image": "1.png", "label": "sad"}\n'),
    ],
)
def test_a_table_may_begin_with_blank_lines(tmp_path, name, text):
    put(tmp_path, "0.png", "1.png")
    (tmp_path / name).write_text(text)
    assert read(f"csv:{tmp_path}/{name}")[1] == {"0.png": "happiness", "1.png": "sadness"}


def test_two_tables_in_folders_of_their_own_may_name_other_images_alike(tmp_path):
    for split in ("train", "test"):
        put(tmp_path, f"{split}/0.png", f"{split}/1.png")
        (tmp_path / split / "labels.csv").write_text("image,label\n0.png,happy\n1.png,sad\n")
    train, held, problems = read(f"csv:{tmp_path}/train/labels.csv?test=../test/labels.csv")
    assert problems == []
    assert train == {"0.png": "happiness", "1.png": "sadness"}
    assert held == {"test/0.png": "happiness", "test/1.png": "sadness"}


def test_a_table_alone_is_there_to_measure_a_model_on(tmp_path):
    write_table(tmp_path / "faces.csv", [("a.png", "happy"), ("b.png", "sad")])
    assert read(f"csv:{tmp_path}/faces.csv")[:2] == (
        {},
        {"a.png": "happiness", "b.png": "sadness"},
    )


def test_subjects_of_a_table_stay_together(tmp_path):
    rows = [(f"{n}.png", ("happy", "sad")[n % 2], f"s{n // 4}") for n in range(16)]
    put(tmp_path, *(row[0] for row in rows))
    write_table(tmp_path / "t.csv", rows, ("image", "label", "person"))
    train, held, _ = read(f"csv:{tmp_path}/t.csv?split=0.25&subject=person")
    subject = {row[0]: row[2] for row in rows}
    assert {subject[name] for name in train}.isdisjoint({subject[name] for name in held})
    assert len(held) == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("subject=person", "subject=person has no effect without a division: add split=0.2"),
        ("subject=person&usage=part", "subject=person has no effect without a division"),
        ("subject=person&split=0.5&by=image", "subject=person has no effect with by=image"),
    ],
)
def test_subjects_that_nothing_keeps_together_are_refused(tmp_path, options, sentence):
    rows = [("a.png", "happy", "train", "1"), ("b.png", "sad", "test", "2")]
    write_table(tmp_path / "t.csv", rows, ("image", "label", "part", "person"))
    with pytest.raises(DataError, match=sentence):
        read(f"csv:{tmp_path}/t.csv?{options}")


def test_an_image_without_a_subject_is_a_problem_and_no_person_of_its_own(tmp_path):
    rows = [(f"{n}.png", ("happy", "sad")[n % 2], f"s{n // 4}") for n in range(16)]
    rows[3], rows[9] = (("3.png", "sad", ""), ("9.png", "sad", " "))
    put(tmp_path, *(row[0] for row in rows))
    write_table(tmp_path / "t.csv", rows, ("image", "label", "person"))
    train, held, problems = read(f"csv:{tmp_path}/t.csv?split=0.25&subject=person")
    assert len(train) + len(held) == 14
    assert [problem.endswith("person is empty") for problem in problems] == [True, True]


@pytest.mark.parametrize("wrong", [0, 5, 15])
def test_subjects_stay_together_beside_a_row_that_cannot_be_used(tmp_path, wrong):
    rows = [(f"{n}.png", ("happy", "sad")[n % 2], f"s{n // 4}") for n in range(16)]
    rows[wrong] = (rows[wrong][0], "bogus", rows[wrong][2])
    put(tmp_path, *(row[0] for row in rows))
    write_table(tmp_path / "t.csv", rows, ("image", "label", "person"))
    subject = {row[0]: row[2] for row in rows}
    for seed in range(4):
        options = f"split=0.25&by=subject&subject=person&classes=emotions&seed={seed}"
        train, held, problems = read(f"csv:{tmp_path}/t.csv?{options}")
        assert {subject[name] for name in train}.isdisjoint({subject[name] for name in held})
        assert len(train) + len(held) == 15
        assert len(problems) == 1
        assert "'bogus'" in problems[0]


def test_a_table_whose_labels_are_all_unknown_names_the_first(tmp_path):
    write_table(tmp_path / "t.csv", [("a.png", "bogus"), ("b.png", "wrong")])
    with pytest.raises(DataError, match=r"images of no classes, .* the first problem: .*'bogus'"):
        read(f"csv:{tmp_path}/t.csv?split=0.5&classes=emotions")


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ([("a.png", "happy")], "image=photo", "lacks the columns photo; it has image, label"),
        ([("a.png", "happy"), ("b.png", "happy")], "split=0.5", "images of 1 class,"),
        ([("a.png", "happy")], "usage=label", "must say train for some images"),
        ([("a.png", "happy")], "usage=label&split=0.2", "takes one of usage, test, split"),
        ([("a.png", "happy")], "test=other.csv", "no table at .*other.csv, which test="),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path, rows, options, sentence):
    write_table(tmp_path / "t.csv", rows)
    with pytest.raises(DataError, match=sentence):
        read(f"csv:{tmp_path}/t.csv?{options}")


def test_rows_that_cannot_be_used_are_problems_with_their_lines(tmp_path):
    rows = [("a.png", "happy"), ("a.png", "sad"), ("", "sad"), ("b.png", ""), ("c.png", "sad")]
    write_table(tmp_path / "t.csv", rows)
    details = read(f"csv:{tmp_path}/t.csv")[2]
    assert [detail.split("t.csv ")[1] for detail in details] == [
        "line 3: 'a.png' is listed twice",
        "line 4: image is empty",
        "line 5: label is empty",
    ]


def test_rows_of_an_unknown_usage_are_problems_and_unread_parts_are_counted(tmp_path, caplog):
    usages = ("train", "Training", "trian", "", "val", "test", "VAL")
    rows = [(f"{n}.png", ("happy", "sad")[n % 2], usage) for n, usage in enumerate(usages)]
    write_table(tmp_path / "t.csv", rows, ("image", "label", "part"))
    with caplog.at_level(logging.INFO, "fer_core.datasets.labelled_table"):
        train, held, problems = read(f"csv:{tmp_path}/t.csv?usage=part")
    assert [*train, *held] == ["0.png", "1.png", "5.png"]
    first, second = (problem.split("t.csv ")[1] for problem in problems)
    assert first.startswith("line 4: part must be one of train, training, ")
    assert first.endswith(", got 'trian'")
    assert second == "line 5: part is empty"
    assert "the 2 images of val are not read: test is evaluated" in caplog.text


def test_json_lines_without_a_value_are_problems_as_empty_cells_are(tmp_path):
    values = [("a.png", "dog"), ("b.png", None), (None, "cat"), ("c.png", ["cat"]), ({}, "cat")]
    write_table(tmp_path / "t.jsonl", [*values, ("d.png", 3)])
    listing = list_data(f"csv:{tmp_path}/t.jsonl?classes=as-is", COLOUR)
    assert labels_of(listing.eval, listing.classes) == {"a.png": "dog", "d.png": "3"}
    assert [problem.detail.split("t.jsonl ")[1] for problem in listing.problems] == [
        "line 2: label is empty",
        "line 3: image is empty",
        "line 4: the row has a list or an object as label: text or a number is needed",
        "line 5: the row has a list or an object as image: text or a number is needed",
    ]
    assert [problem.name for problem in listing.problems][::2] == ["b.png", "c.png"]


def test_a_json_line_nested_too_deep_is_a_sentence(tmp_path):
    deep = "[" * 20_000 + "]" * 20_000
    (tmp_path / "t.jsonl").write_text(f'{{"image": "a.png", "label": {deep}}}\n')
    with pytest.raises(DataError, match="line 1 is not valid JSON: it is nested too deep"):
        read(f"csv:{tmp_path}/t.jsonl")


def test_a_table_without_a_usual_header_asks_for_the_columns(tmp_path):
    (tmp_path / "t.csv").write_text("photo,mood\na.png,happy\n")
    with pytest.raises(DataError, match="columns photo, mood: say which is the image, as image="):
        read(f"csv:{tmp_path}/t.csv")


FOREIGN = {
    "rafdb": ["train/1/a.jpg", "train/7/b.jpg", "test/1/c.jpg"],
    "affectnet": [f"train/{n}/a.jpg" for n in range(8)] + ["val/0/b.jpg"],
    "folder": ["training/happy/a.jpg", "training/sad/b.jpg", "validation/sad/c.jpg"],
    "folder?split=0.2": ["happy/a.jpg", "sad/b.jpg"],
}


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        *(("ferplus", right) for right in FOREIGN),
        ("fer2013", "folder?split=0.2"),
        *((kind, right) for kind in ("rafdb", "affectnet") for right in FOREIGN if "fol" in right),
    ],
)
def test_a_foreign_layout_names_what_was_found_and_the_kind_that_reads_it(tmp_path, kind, right):
    put(tmp_path, *FOREIGN[right])
    name, sign, query = right.partition("?")
    with pytest.raises(DataError) as refusal:
        read(f"{kind}:{tmp_path}")
    assert f"Found in {tmp_path}: " in str(refusal.value)
    assert f"{FOREIGN[right][0].split('/')[0]}/" in str(refusal.value)
    assert f"{name}:{tmp_path}{sign}{query} may read it." in str(refusal.value)


@pytest.mark.parametrize("right", ["rafdb", "affectnet"])
def test_numbers_alone_are_no_classes_of_a_folder(tmp_path, right):
    put(tmp_path, *FOREIGN[right])
    with pytest.raises(DataError, match="is a number alone") as refusal:
        read(f"folder:{tmp_path}")
    assert f"{right}:{tmp_path} may read it" in str(refusal.value)


def test_a_layout_one_folder_further_down_is_named(tmp_path):
    put(tmp_path, "archive/train/happy/a.png", "archive/train/sad/b.png", "archive/test/sad/c.png")
    with pytest.raises(DataError, match=r"Found in .*: archive/\. folder:.*archive may read it"):
        read(f"folder:{tmp_path}")


def test_an_empty_folder_says_that_it_holds_no_folder(tmp_path):
    with pytest.raises(DataError, match=r"Found in .*: no folder"):
        read(f"folder:{tmp_path}")


@pytest.mark.parametrize(("right", "uri"), [(right, right.partition("?")) for right in FOREIGN])
def test_a_folder_in_place_of_a_uri_is_answered_with_the_uri(tmp_path, right, uri):
    put(tmp_path, *FOREIGN[right])
    kind, sign, query = uri
    with pytest.raises(DataError, match="is a folder: say what it holds, as ") as refusal:
        list_data(str(tmp_path), COLOUR)
    assert f"as {kind}:{tmp_path}{sign}{query};" in str(refusal.value)


def test_a_table_in_place_of_a_uri_is_answered_with_the_uri(tmp_path):
    write_table(tmp_path / "t.csv", [])
    with pytest.raises(DataError, match=r"is a file: .* is read as csv:"):
        list_data(str(tmp_path / "t.csv"), COLOUR)


def test_a_lone_table_is_recognised_by_its_columns(tmp_path):
    put(tmp_path, "images/a.png")
    (tmp_path / "faces.csv").write_bytes(
        codecs.BOM_UTF8 + b"filename,emotion\nimages/a.png,happy\n"
    )
    with pytest.raises(DataError, match=r"faces\.csv\?image=\S*filename&label=emotion&split=0\.2"):
        read(f"folder:{tmp_path}")


def test_the_classes_of_numbered_layouts_are_those_of_the_data_set(tmp_path):
    put(tmp_path, *FOREIGN["rafdb"])
    assert list_data(f"rafdb:{tmp_path}", COLOUR).classes == SEVEN_CLASSES
    other = tmp_path / "other"
    put(other, *FOREIGN["affectnet"])
    assert list_data(f"affectnet:{other}", COLOUR).classes == EIGHT_CLASSES


def test_a_table_of_json_lines_is_recognised_and_an_unknown_one_asks_for_its_columns(tmp_path):
    lines = tmp_path / "all.jsonl"
    lines.write_text('{"image": "1.png", "label": "anger"}\n')
    with pytest.raises(DataError, match=r"csv:.*all\.jsonl\?image=image&label=label"):
        read(f"folder:{tmp_path}")
    lines.write_text("[1]\n")
    put(tmp_path, "1.png")
    with pytest.raises(DataError, match=r"csv:.*all\.jsonl\?image=COLUMN&label=COLUMN"):
        read(f"folder:{tmp_path}")


def test_numbers_of_another_data_set_name_it(tmp_path):
    for split in ("train_set", "val_set"):
        put(tmp_path, *(f"{split}/{number}/{split}{number}.png" for number in range(8)))
    *_, problems = read(f"rafdb:{tmp_path}")
    assert len(problems) == 2  # the folder 0 of each
    assert all(f"; affectnet:{tmp_path} has all of these" in problem for problem in problems)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("labels.csv", "image,label\n", "lists no image that can be read. Expected"),
        ("labels.csv", "image,label\na.png,\n", "line 2: label is empty"),
        ("labels.csv", "", "is empty"),
        ("labels.jsonl", "", "is empty"),
    ],
)
def test_a_table_without_images_says_so(tmp_path, name, content, sentence):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=sentence):
        read(f"csv:{tmp_path / name}?split=0.2")


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    write_table(tmp_path / "t.csv", [("a.png", "happy", "sad")], ("image", "label", "label"))
    with pytest.raises(DataError, match="has several columns label: rename all but one"):
        read(f"csv:{tmp_path}/t.csv")
    write_table(tmp_path / "u.csv", [("a.png", "happy", "", "")], ("image", "label", "x", "x"))
    assert read(f"csv:{tmp_path}/u.csv")[1] == {"a.png": "happiness"}

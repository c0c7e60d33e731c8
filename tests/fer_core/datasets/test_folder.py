import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data, load_data
from fer_core.datasets.checks.check import check_data
from fer_core.datasets.checks.report import to_json
from fer_core.datasets.loading import passed_over_text
from fer_core.reporting.data_text import report_text

COLOUR = Decoding(16, 3)


def put(root, *places, size=20):
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (size, size), (100, 0, 0)).save(root / place)


@pytest.fixture
def root(tmp_path):
    faces = tmp_path / "faces"
    put(faces, "train/happy/a.png", "train/happy/b.JPG", "train/ANGRY/c.png", "train/fear/d.bmp")
    put(faces, "test/happiness/e.png", "test/anger/f.png")
    return faces


def test_classes_are_the_emotions_with_training_images_in_the_order_of_the_project(root):
    data = load_data(f"folder:{root}", COLOUR)
    assert data.classes == ("happiness", "anger", "fear")
    assert data.train.true_labels.tolist() == [0, 0, 1, 2]
    assert data.eval.true_labels.tolist() == [0, 1]


def test_aliases_and_suffixes_of_any_case_are_understood(root):
    data = load_data(f"folder:{root}", COLOUR)
    assert data.train.names[:3] == ("train/happy/a.png", "train/happy/b.JPG", "train/ANGRY/c.png")


def test_folders_of_one_emotion_under_two_names_are_one_class(root):
    put(root, "train/joy/g.png")
    data = load_data(f"folder:{root}", COLOUR)
    assert data.train.true_labels.tolist() == [0, 0, 0, 1, 2]


def test_the_data_set_has_the_name_of_its_folder(root, monkeypatch):
    assert load_data(f"folder:{root}", COLOUR).name == "faces"
    monkeypatch.chdir(root)
    assert load_data("folder:.", COLOUR).name == "faces"


def test_the_typical_size_of_the_images_is_known(root):
    put(root, "train/fear/large.png", size=200)
    assert load_data(f"folder:{root}", COLOUR).source_size == 20


def test_files_that_are_no_images_or_in_no_class_are_passed_over_and_counted(root, caplog):
    (root / "train" / "happy" / "inner").mkdir()
    (root / "train" / "happy" / "inner" / "x.avif").write_text("another form")
    (root / "train" / "happy" / ".hidden").write_text("none of ours")
    put(root, "test/outside.png")
    (root / "train" / "README.txt").write_text("of the set, not of a class")
    with caplog.at_level("INFO"):
        data = load_data(f"folder:{root}", COLOUR)
    assert len(data.train.true_labels) == 4
    assert len(data.eval.true_labels) == 2
    sentence = (
        "2 files are not read, for want of an image suffix or of a class folder: 1 .avif, 1 .png; "
        "first 'train/happy/inner/x.avif'"
    )
    assert f"faces: {sentence}" in caplog.text
    report = check_data(list_data(f"folder:{root}", COLOUR))
    assert sentence in report_text(report)
    assert to_json(report)["passed_over"] == ["train/happy/inner/x.avif", "test/outside.png"]


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("rafdb", "1 4"),
        ("affectnet", "0 1 2 3 4 5 6 7"),
        ("fer2013", "happy sad"),
        ("folder", "ab cd"),
    ],
)
def test_passed_over_files_are_counted_in_every_tree_of_classes(tmp_path, kind, places):
    for split in ("train", "test"):
        for place in places.split():
            put(tmp_path, f"{split}/{place}/{split}_0000{place[0]}.png")
        (tmp_path / split / place / "x.txt").write_text("")
    listing = list_data(f"{kind}:{tmp_path}", COLOUR)
    assert listing.train.passed_over == (f"train/{place}/x.txt",)
    assert listing.eval.passed_over == (f"test/{place}/x.txt",)


def test_many_kinds_of_files_that_are_not_read_are_not_all_named(root):
    for number in range(9):
        (root / "train" / "happy" / f"scan.{number}").touch()
    listing = list_data(f"folder:{root}?train=train&test=test", COLOUR)
    assert passed_over_text(listing.train.passed_over).endswith(
        "1 .0, 1 .1, 1 .2, 1 .3, 1 .4 and 4 more kinds; first 'train/happy/scan.0'"
    )
    divided = list_data(f"folder:{root / 'train'}?split=0.5", COLOUR)
    assert [len(split.passed_over) for split in (divided.train, divided.eval)] == [9, 0]


def test_an_unknown_emotion_folder_is_named_with_the_known_ones(root):
    put(root, "train/bored/h.png")
    with pytest.raises(
        DataError, match=r"train/bored: unknown emotion 'bored': use one of neutral"
    ):
        load_data(f"folder:{root}?classes=emotions", COLOUR)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_shows_the_expected_tree(root, split):
    (root / split).rename(root / "elsewhere")
    with pytest.raises(DataError, match=rf"no folder at .*{split}\. Expected:[\s\S]*PATH/train/"):
        load_data(f"folder:{root}", COLOUR)


def test_an_empty_split_is_refused(root):
    for place in ("test/happiness/e.png", "test/anger/f.png"):
        (root / place).unlink()
    with pytest.raises(DataError, match=r"test holds no images\. Expected:"):
        load_data(f"folder:{root}", COLOUR)


def test_one_emotion_is_too_few(tmp_path):
    put(tmp_path, "train/happy/a.png", "test/happy/b.png")
    with pytest.raises(DataError, match="images of 1 emotion, at least 2"):
        load_data(f"folder:{tmp_path}", COLOUR)


def test_a_test_class_that_is_never_trained_is_refused(root):
    put(root, "test/sad/i.png")
    with pytest.raises(DataError, match=r"test/sad holds sadness, which has no training images"):
        load_data(f"folder:{root}", COLOUR)


@pytest.mark.parametrize("place", ["train/happy/a.png", "test/anger/f.png"])
def test_a_broken_image_is_named(root, place):
    (root / place).write_bytes(b"no image")
    with pytest.raises(DataError, match=f"{place} is not a readable image"):
        load_data(f"folder:{root}", COLOUR)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("train=test", "train and test must be two folders, got 'test' twice"),
        ("train=../faces/train", r"train must be a folder in .*, got '\.\./faces/train'"),
        ("test=/etc", "test must be a folder in .*, got '/etc'"),
        ("test=", "test must be a folder in .*, got ''"),
    ],
)
def test_splits_are_two_folders_of_the_data_set(root, options, sentence):
    with pytest.raises(DataError, match=sentence):
        load_data(f"folder:{root}?{options}", COLOUR)


def test_other_names_of_the_splits_can_be_given(root):
    (root / "test").rename(root / "held out")
    assert load_data(f"folder:{root}?test=held out", COLOUR).eval.name == "held out"


def test_folders_of_classes_alone_are_a_test_split_beside_no_training_images(root):
    listing = list_data(f"folder:{root / 'test'}", COLOUR)
    assert (listing.name, listing.eval.name) == ("test", "test")
    assert listing.classes == ("happiness", "anger")
    assert listing.eval.names == ("happiness/e.png", "anger/f.png")
    assert listing.eval.true_labels.tolist() == [0, 1]
    assert len(listing.train.true_labels) == len(listing.train.images) == 0


def test_folders_of_classes_alone_cannot_be_trained_on(root):
    with pytest.raises(DataError, match="split train has no images left: a run needs both splits"):
        load_data(f"folder:{root / 'test'}", COLOUR)


def test_an_unknown_folder_among_the_folders_of_classes_is_a_problem(root):
    put(root, "test/bored/g.png")
    listing = list_data(f"folder:{root / 'test'}?classes=emotions", COLOUR)
    assert [(problem.kind, problem.name) for problem in listing.problems] == [("class", "bored/")]


def test_folders_of_classes_beside_a_split_are_no_data_set(root):
    put(root, "happy/g.png")
    (root / "test").rename(root / "elsewhere")
    with pytest.raises(DataError, match=r"no folder at .*test\. Expected:"):
        load_data(f"folder:{root}", COLOUR)

import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, load_data
from fer_core.emotions import RAFDB_LABELS, SEVEN_CLASSES

COLOUR = Decoding(32, 3)


@pytest.fixture
def root(tmp_path):
    """The official layout with one training image a class and two test images."""
    lines = [f"train_{number:05d}.jpg {number}" for number in RAFDB_LABELS]
    lines += ["test_0001.jpg 7", "test_0002.jpg 4"]
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    folder = tmp_path / "Image" / "aligned"
    folder.mkdir(parents=True)
    for value, line in enumerate(lines):
        name = line.split(".")[0]
        Image.new("RGB", (100, 100), (20 * value, 0, 0)).save(folder / f"{name}_aligned.jpg")
    return tmp_path


def change_list(root, text):
    (root / "EmoLabel" / "list_patition_label.txt").write_text(text, encoding="utf-8")


def test_convention_numbers_become_the_classes_of_the_project(root):
    data = load_data(f"rafdb:{root}", COLOUR)
    assert data.classes == SEVEN_CLASSES
    assert [SEVEN_CLASSES[label] for label in data.train.true_labels] == list(RAFDB_LABELS.values())
    assert [SEVEN_CLASSES[label] for label in data.eval.true_labels] == ["neutral", "happiness"]


def test_every_label_stays_with_its_image(root):
    data = load_data(f"rafdb:{root}", COLOUR)
    reds = data.train.images[:, 16, 16, 0].astype(int)
    assert all(abs(red - 20 * value) <= 3 for value, red in enumerate(reds))
    assert data.train.names[0] == "train_00001.jpg"
    assert data.eval.names == ("test_0001.jpg", "test_0002.jpg")
    assert data.train.images.shape == (7, 32, 32, 3)
    assert (data.source_size, data.grey) == (100, False)


def test_a_missing_list_shows_the_expected_tree(root):
    (root / "EmoLabel" / "list_patition_label.txt").unlink()
    with pytest.raises(DataError, match=r"no label list at .*Expected:[\s\S]*Image/aligned/"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_missing_image_is_named(root):
    (root / "Image" / "aligned" / "test_0002_aligned.jpg").unlink()
    with pytest.raises(DataError, match=r"test_0002_aligned\.jpg is absent"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_broken_image_is_named(root):
    (root / "Image" / "aligned" / "train_00003_aligned.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"train_00003_aligned\.jpg is not a readable image"):
        load_data(f"rafdb:{root}", COLOUR)


@pytest.mark.parametrize(
    "line", ["train_00001.jpg 8", "train_00001.jpg 0", "train_00001.jpg", "5", "train_00001.jpg ²"]
)
def test_a_broken_line_is_named_by_its_number(root, line):
    change_list(root, f"train_00002.jpg 2\n\n{line}\n")
    with pytest.raises(DataError, match=r"list_patition_label\.txt line 3: expected"):
        load_data(f"rafdb:{root}", COLOUR)


def test_more_blanks_than_one_make_no_difference(root):
    change_list(root, "train_00001.jpg   1 \r\ntest_0001.jpg 7\r\n")
    data = load_data(f"rafdb:{root}", COLOUR)
    assert data.train.names == ("train_00001.jpg",)


def test_a_list_without_a_split_is_refused(root):
    change_list(root, "train_00001.jpg 1\n")
    with pytest.raises(DataError, match="names no test image"):
        load_data(f"rafdb:{root}", COLOUR)


def test_it_takes_no_options(root):
    with pytest.raises(DataError, match="rafdb has no option 'classes'; its options: none"):
        load_data(f"rafdb:{root}?classes=7", COLOUR)


def put_attributes(root, **texts):
    (root / "Annotation" / "manual").mkdir(parents=True)
    for name, text in texts.items():
        (root / "Annotation" / "manual" / f"{name}_manu_attri.txt").write_text(text)


LANDMARKS = "31.5\t40.1\n62.0\t39.8\n46.2\t58.0\n35.1\t74.9\n59.9\t75.2\n"


def test_gender_race_and_age_are_kept_as_slices(root):
    put_attributes(root, test_0001=f"{LANDMARKS}1\n2\n3\n", test_0002="0\n0\n0")
    data = load_data(f"rafdb:{root}", COLOUR)
    assert data.eval.slices == {
        "gender": ("female", "male"),
        "race": ("Asian", "Caucasian"),
        "age": ("40-69", "0-3"),
    }
    assert data.train.slices["age"] == ("unknown",) * 7


def test_without_attribute_files_there_are_no_slices(root):
    assert load_data(f"rafdb:{root}", COLOUR).eval.slices == {}


@pytest.mark.parametrize("text", ["", "1\n2\n", "1\n2\n9\n", "1\n2\nold\n"])
def test_a_broken_attribute_file_is_named(root, text):
    put_attributes(root, test_0002=text)
    with pytest.raises(DataError, match=r"test_0002_manu_attri\.txt must end with three numbers"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_list_that_counts_from_0_is_recognised(root):
    change_list(root, "train_00001.jpg 0\ntest_0001.jpg 6\n")
    with pytest.raises(DataError, match=r"from 1 .* to 7 .*, got 0; this list seems to count from"):
        load_data(f"rafdb:{root}", COLOUR)


def test_the_same_image_twice_in_the_list_is_refused(root):
    change_list(root, "train_00001.jpg 1\ntrain_00001.jpg 2\ntest_0001.jpg 6\n")
    with pytest.raises(DataError, match=r"line 2: train_00001\.jpg is listed twice"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_list_that_is_no_text_is_named(root):
    path = root / "EmoLabel" / "list_patition_label.txt"
    path.write_bytes("gesicht_ä.jpg 4\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"list_patition_label\.txt is not UTF-8 text"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_list_with_a_mark_of_byte_order_keeps_its_first_image(root):
    change_list(root, "\ufefftrain_00001.jpg 1\ntest_0001.jpg 7\n")
    assert load_data(f"rafdb:{root}", COLOUR).train.names == ("train_00001.jpg",)


def test_a_name_of_neither_split_is_refused(root):
    change_list(root, "train_00001.jpg 1\nface_1.jpg 3\ntest_0001.jpg 7\n")
    with pytest.raises(DataError, match=r"line 2: a name starts with train_ or test_, got 'face_1"):
        load_data(f"rafdb:{root}", COLOUR)


def test_a_name_that_no_file_can_have_is_a_missing_image(root):
    change_list(root, "train_00001.jpg 1\ntrain_\0.jpg 3\ntest_0001.jpg 7\n")
    with pytest.raises(DataError, match=r"_aligned\.jpg is (absent|not a readable image)"):
        load_data(f"rafdb:{root}", COLOUR)

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data, load_data
from fer_core.emotions import FER2013_LABELS, SEVEN_CLASSES

GREY = Decoding(48, 1)
# Label, Usage; the grey value of row i is i.
ROWS = [
    *((number, "Training") for number in FER2013_LABELS),
    (3, "PublicTest"),
    (6, "PrivateTest"),
    (0, "PrivateTest"),
]


def pixels(value=0, count=48 * 48):
    return " ".join([str(value)] * count)


def write_table(path, rows, header="emotion,pixels,Usage"):
    """Rows are (emotion, usage) or (emotion, usage, pixels); any other text is a line."""
    columns = [column.strip() for column in header.split(",")]
    lines = [header]
    for index, row in enumerate(rows):
        if isinstance(row, str):
            lines.append(row)
            continue
        cells = dict(zip(("emotion", "Usage", "pixels"), (*row, pixels(index)), strict=False))
        lines.append(",".join(str(cells[column]) for column in columns))
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path):
    write_table(tmp_path / "fer2013.csv", ROWS)
    return tmp_path


def emotions(split):
    return [SEVEN_CLASSES[label] for label in split.true_labels]


def test_convention_numbers_become_the_classes_of_the_project(root):
    data = load_data(f"fer2013:{root}", GREY)
    assert data.classes == SEVEN_CLASSES
    assert emotions(data.train) == list(FER2013_LABELS.values())
    assert emotions(data.eval) == ["neutral", "anger"]


def test_every_label_stays_with_its_pixels(root):
    data = load_data(f"fer2013:{root}", GREY)
    assert data.train.images[:, 5, 7, 0].tolist() == list(range(7))
    assert data.eval.images[:, 5, 7, 0].tolist() == [8, 9]
    assert (data.source_size, data.grey) == (48, True)


def test_convention_pixels_run_along_the_rows(tmp_path):
    values = np.arange(48 * 48) % 251
    text = " ".join(map(str, values))
    write_table(tmp_path / "fer2013.csv", [(0, "Training", text), (0, "PrivateTest", text)])
    image = load_data(f"fer2013:{tmp_path}", GREY).train.images[0, :, :, 0]
    assert np.array_equal(image, values.reshape(48, 48))


def test_convention_names_are_rows_of_the_whole_table_and_not_the_numbers_of_ferplus(root):
    listing = list_data(f"fer2013:{root}", GREY)
    assert listing.train.names[:2] == ("row00000", "row00001")
    assert listing.eval.names == ("row00008", "row00009")


def test_either_test_split_can_be_asked_for(root):
    data = load_data(f"fer2013:{root}?test=PublicTest", GREY)
    assert (data.train.name, data.eval.name) == ("Training", "PublicTest")
    assert emotions(data.eval) == ["happiness"]


def test_the_table_with_blanks_in_its_header_is_read(tmp_path):
    write_table(tmp_path / "icml_face_data.csv", ROWS, "emotion, Usage, pixels")
    assert len(load_data(f"fer2013:{tmp_path}", GREY).train.true_labels) == 7


def test_the_path_may_name_the_table(root):
    (root / "fer2013.csv").rename(root / "faces.csv")
    assert len(load_data(f"fer2013:{root / 'faces.csv'}", GREY).train.true_labels) == 7


BAD_ROWS = [
    ((7, "Training"), "label", "emotion must be a number from 0 .* to 6 .*, got '7'"),
    (("happy", "Training"), "label", "emotion must be a number from 0 .*, got 'happy'"),
    ((0, "Test"), "label", "Usage must be Training, PublicTest, PrivateTest, got 'Test'"),
    ((0, "Training", pixels(0, 2303)), "unreadable file", "must be 2304 numbers .* got 2303 num"),
    ((0, "Training", pixels(0, 2305)), "unreadable file", "got 2305 numbers"),
    ((0, "Training", ""), "unreadable file", "got 0 numbers"),
    ((0, "Training", pixels(0, 2303) + " 256"), "unreadable file", "from 0 to 255, got '256'"),
    ((0, "Training", "-1 " + pixels(0, 2303)), "unreadable file", "from 0 to 255, got '-1'"),
    ((0, "Training", pixels(0, 2303) + " x"), "unreadable file", "from 0 to 255, got 'x'"),
    ((0, "Training", pixels(0, 2303) + " " + "9" * 5000), "unreadable file", "got '9999"),
    ((0, "Training", pixels("0.5")), "unreadable file", "got '0.5'"),
    ("0,1 2 3", "unreadable file", "the row has 2 cells, the header has 3"),
]


@pytest.mark.parametrize(("row", "kind", "sentence"), BAD_ROWS)
def test_a_row_that_cannot_be_used_is_a_problem_and_the_others_keep_their_names(
    tmp_path, row, kind, sentence
):
    write_table(tmp_path / "fer2013.csv", [ROWS[0], row, *ROWS])
    listing = list_data(f"fer2013:{tmp_path}", GREY)
    assert [(problem.kind, problem.name) for problem in listing.problems] == [(kind, "row00001")]
    assert listing.train.names == ("row00000", *(f"row{index:05d}" for index in range(2, 9)))
    with pytest.raises(DataError, match=rf"fer2013\.csv line 3: .*{sentence}"):
        load_data(f"fer2013:{tmp_path}", GREY)


def test_rows_of_a_split_that_is_not_used_are_no_problem(tmp_path):
    write_table(tmp_path / "fer2013.csv", [*ROWS, (9, "PublicTest")])
    assert not list_data(f"fer2013:{tmp_path}", GREY).problems
    assert list_data(f"fer2013:{tmp_path}?test=PublicTest", GREY).problems


def test_a_table_that_is_no_utf8_is_named(root):
    (root / "fer2013.csv").write_bytes(b"emotion,pixels,Usage\n0,\xe9,Training\n")
    with pytest.raises(DataError, match=r"fer2013\.csv is not a UTF-8 table"):
        load_data(f"fer2013:{root}", GREY)


def test_missing_columns_are_named(root):
    write_table(root / "fer2013.csv", [], "emotion,pixels")
    with pytest.raises(DataError, match="lacks the columns Usage"):
        load_data(f"fer2013:{root}", GREY)


@pytest.mark.parametrize("usage", ["Training", "PrivateTest"])
def test_a_table_without_a_split_is_refused(root, usage):
    write_table(root / "fer2013.csv", [row for row in ROWS if row[1] != usage])
    with pytest.raises(DataError, match=f"has no row with the Usage {usage}"):
        load_data(f"fer2013:{root}", GREY)


def test_an_empty_folder_shows_the_expected_tree(tmp_path):
    with pytest.raises(DataError, match=r"no fer2013\.csv[\s\S]*Expected:[\s\S]*PATH/train/angry"):
        load_data(f"fer2013:{tmp_path}", GREY)


def test_options_that_are_not_allowed_are_refused(root):
    with pytest.raises(DataError, match="test must be PublicTest or PrivateTest, got 'Training'"):
        load_data(f"fer2013:{root}?test=Training", GREY)
    with pytest.raises(DataError, match="fer2013 has no option 'classes'"):
        load_data(f"fer2013:{root}?classes=7", GREY)


@pytest.fixture
def folders(tmp_path):
    for place in ("train/happy/1.png", "train/angry/2.png", "test/sad/3.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (48, 48), 9).save(tmp_path / place)
    return tmp_path


def test_image_folders_have_the_seven_classes_whatever_is_in_them(folders):
    data = load_data(f"fer2013:{folders}", GREY)
    assert data.classes == SEVEN_CLASSES
    assert emotions(data.train) == ["happiness", "anger"]
    assert emotions(data.eval) == ["sadness"]
    assert data.train.names == ("train/happy/1.png", "train/angry/2.png")
    assert (data.train.name, data.eval.name) == ("train", "test")


def test_image_folders_have_one_test_split(folders):
    with pytest.raises(DataError, match="test=PublicTest needs the CSV file"):
        load_data(f"fer2013:{folders}?test=PublicTest", GREY)


def test_image_folders_of_other_classes_are_problems(folders):
    (folders / "train" / "contempt").mkdir()
    (folders / "test" / "bored").mkdir()
    problems = list_data(f"fer2013:{folders}", GREY).problems
    assert [problem.name for problem in problems] == ["train/contempt/", "test/bored/"]
    with pytest.raises(DataError, match="FER2013 has no contempt: use one of neutral"):
        load_data(f"fer2013:{folders}", GREY)


def test_image_folders_without_a_split_show_the_expected_tree(folders):
    (folders / "test").rename(folders / "elsewhere")
    with pytest.raises(DataError, match=r"no folder at .*test\. Expected:[\s\S]*PATH/train/"):
        load_data(f"fer2013:{folders}", GREY)

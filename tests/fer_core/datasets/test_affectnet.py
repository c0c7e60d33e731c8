import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data, load_data
from fer_core.emotions import AFFECTNET_LABELS, EIGHT_CLASSES, SEVEN_CLASSES

COLOUR = Decoding(16, 3)
HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal"
)
BOX = "10,20,30,40"
NAMES = list(AFFECTNET_LABELS.values())


def line(name, expression, box=BOX):
    return f"{name},{box},1.5;2.5;3.5,{expression},0.1,-0.2"


def save(path, value=0):
    """A black image of 60 x 70 with the face, 30 x 40 from (10, 20), in red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (60, 70))
    image.paste((value, 0, 0), (10, 20, 40, 60))
    image.save(path)


def write_list(root, name, lines, header=HEADER):
    folder = root / "Manually_Annotated_file_lists"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join([header, *lines] if header else lines) + "\n")


@pytest.fixture
def official(tmp_path):
    train = [line(f"1/{number}.png", number) for number in range(11)]
    write_list(tmp_path, "training", train)
    write_list(tmp_path, "validation", [line("2/a.png", 7), line("2/b.png", 0)])
    for number in range(11):
        save(tmp_path / "Manually_Annotated_Images" / "1" / f"{number}.png", 20 * number + 10)
    for name in ("a", "b"):
        save(tmp_path / "Manually_Annotated_Images" / "2" / f"{name}.png", 255)
    return tmp_path


def put_npy(root, place, stem, value):
    folder = root / place
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "annotations").mkdir(exist_ok=True)
    Image.new("RGB", (24, 24), (9, 9, 9)).save(folder / "images" / f"{stem}.jpg")
    np.save(folder / "annotations" / f"{stem}_exp.npy", value)
    np.save(folder / "annotations" / f"{stem}_val.npy", np.array("0.25"))


@pytest.fixture
def packed(tmp_path):
    for number in range(11):
        put_npy(tmp_path, "train_set", number, np.array(str(number)))
    put_npy(tmp_path, "val_set", 0, np.array("7"))
    put_npy(tmp_path, "val_set", 5, np.array("6"))
    return tmp_path


def emotions(split):
    return [EIGHT_CLASSES[label] for label in split.true_labels]


@pytest.mark.parametrize("layout", ["official", "packed"])
def test_convention_numbers_become_the_classes_of_the_project(layout, request):
    data = load_data(f"affectnet:{request.getfixturevalue(layout)}", COLOUR)
    assert data.classes == EIGHT_CLASSES
    assert sorted(emotions(data.train)) == sorted(NAMES)
    assert sorted(emotions(data.eval))[-1] == ("neutral" if layout == "official" else "contempt")
    assert (data.train.name, data.eval.name) == ("training", "validation")
    assert data.grey is False


@pytest.mark.parametrize("layout", ["official", "packed"])
def test_images_without_an_expression_are_left_out_and_no_problem(layout, request):
    listing = list_data(f"affectnet:{request.getfixturevalue(layout)}", COLOUR)
    assert len(listing.train.true_labels) == 8
    assert not listing.problems


@pytest.mark.parametrize("layout", ["official", "packed"])
@pytest.mark.slow
def test_with_seven_classes_contempt_is_left_out(layout, request):
    data = load_data(f"affectnet:{request.getfixturevalue(layout)}?classes=7", COLOUR)
    assert data.classes == SEVEN_CLASSES
    assert len(data.train.true_labels) == 7
    assert len(data.eval.true_labels) == 1


def test_convention_the_face_box_is_left_top_width_height(official):
    data = load_data(f"affectnet:{official}", COLOUR)
    assert (data.train.images[..., 0].std(axis=(1, 2)) == 0).all()  # nothing but the face
    assert data.train.images[:, 0, 0, 0].tolist() == [20 * number + 10 for number in range(8)]
    assert data.train.names[:2] == ("1/0.png", "1/1.png")
    assert emotions(data.train) == NAMES


def test_the_size_of_cut_out_faces_is_measured_and_that_of_ready_ones_known(official):
    assert load_data(f"affectnet:{official}", COLOUR).source_size == 30


def test_ready_crops_are_224_pixels(packed):
    assert load_data(f"affectnet:{packed}", COLOUR).source_size == 224


def test_the_official_validation_list_without_a_header_is_read(official):
    write_list(official, "validation", [line("2/a.png", 7), line("2/b.png", 0)], header="")
    assert emotions(load_data(f"affectnet:{official}", COLOUR).eval) == ["contempt", "neutral"]


def test_lists_and_images_may_stand_in_the_folder_itself(official):
    for folder in ("Manually_Annotated_file_lists", "Manually_Annotated_Images"):
        for path in (official / folder).iterdir():
            path.rename(official / path.name)
        (official / folder).rmdir()
    assert len(load_data(f"affectnet:{official}", COLOUR).train.true_labels) == 8


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (line("1/x.png", 11), "expression must be a number from 0 .* to 7 .*, got '11'"),
        (line("1/x.png", "happy"), "expression must be .* got 'happy'"),
        (line("1/x.png", ""), "expression must be .* got ''"),
        (line("1/x.png", 1, "NULL,NULL,NULL,NULL"), "numbers of pixels.* got NULL, NULL"),
        (line("1/x.png", 1, "10,20,0,40"), "width and height above 0, got 10, 20, 0, 40"),
        (line("1/x.png", 1, "nan,20,30,40"), "numbers of pixels.* got nan, 20"),
        (line("1/x.png", 1, "1,2,inf,4"), "numbers of pixels.* got 1, 2, inf"),
        ("1/x.png,1,2", "the row has 3 cells, the header has 9"),
        (line("1/0.png", 0), "'1/0.png' is listed twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_problem(official, bad, sentence):
    train = [line(f"1/{number}.png", number) for number in range(8)]
    write_list(official, "training", [*train, bad])
    listing = list_data(f"affectnet:{official}", COLOUR)
    assert [(p.kind, p.name) for p in listing.problems] == [("label", bad.split(",")[0])]
    assert len(listing.train.true_labels) == 8
    with pytest.raises(DataError, match=rf"training\.csv line 10: .*{sentence}"):
        load_data(f"affectnet:{official}", COLOUR)


def test_a_missing_image_is_named(official):
    (official / "Manually_Annotated_Images" / "2" / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.png is absent"):
        load_data(f"affectnet:{official}", COLOUR)


def test_a_list_that_is_no_utf8_is_named(official):
    path = official / "Manually_Annotated_file_lists" / "validation.csv"
    path.write_bytes(path.read_bytes() + b"\xe9\n")
    with pytest.raises(DataError, match=r"validation\.csv is not a UTF-8 table"):
        load_data(f"affectnet:{official}", COLOUR)


def test_missing_columns_are_named(official):
    write_list(official, "training", [], HEADER.replace("expression", "emotion"))
    with pytest.raises(DataError, match=r"training\.csv lacks the columns expression"):
        load_data(f"affectnet:{official}", COLOUR)


@pytest.mark.parametrize("name", ["training", "validation"])
def test_a_missing_list_shows_the_expected_tree(official, name):
    (official / "Manually_Annotated_file_lists" / f"{name}.csv").unlink()
    with pytest.raises(
        DataError, match=rf"no {name}\.csv in [\s\S]*Expected:[\s\S]*PATH/train_set/images/0\.jpg"
    ):
        load_data(f"affectnet:{official}", COLOUR)


@pytest.mark.parametrize("place", ["train_set/annotations", "val_set/images"])
def test_a_missing_folder_shows_the_expected_tree(packed, place):
    (packed / place).rename(packed / "elsewhere")
    with pytest.raises(DataError, match=rf"no folder at .*{place}\. Expected:"):
        load_data(f"affectnet:{packed}", COLOUR)


@pytest.mark.parametrize(
    "value", [np.array("3"), np.array(3), np.array([3]), np.array(3.0), np.array(b"3")]
)
def test_annotations_are_understood_as_text_or_number(packed, value):
    np.save(packed / "train_set" / "annotations" / "0_exp.npy", value)
    assert emotions(list_data(f"affectnet:{packed}", COLOUR).train)[0] == "surprise"


def write_pickle(path):
    np.save(path, np.array([{"expression": 3}]), allow_pickle=True)


@pytest.mark.parametrize(
    ("write", "kind", "sentence"),
    [
        (lambda path: np.save(path, np.array("11")), "label", "from 0 .* to 7 .* got '11'"),
        (lambda path: np.save(path, np.array(1.5)), "label", "got '1.5'"),
        (lambda path: np.save(path, np.array("")), "label", "got ''"),
        (lambda path: np.save(path, np.arange(2)), "unreadable file", "no npy file with one num"),
        (lambda path: path.write_bytes(b""), "unreadable file", "no npy file with one number"),
        (lambda path: path.write_bytes(b"3"), "unreadable file", "no npy file with one number"),
        (write_pickle, "unreadable file", "no npy file with one number: Object arrays cannot"),
    ],
)
def test_an_annotation_that_cannot_be_used_is_a_problem(packed, write, kind, sentence):
    write(packed / "train_set" / "annotations" / "2_exp.npy")
    listing = list_data(f"affectnet:{packed}", COLOUR)
    assert [(p.kind, p.name) for p in listing.problems] == [(kind, "train_set/images/2.jpg")]
    assert len(listing.train.true_labels) == 7
    with pytest.raises(DataError, match=rf"2_exp\.npy: .*{sentence}"):
        load_data(f"affectnet:{packed}", COLOUR)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("images/2.jpg", r"annotations/2_exp\.npy has no image in .*train_set/images"),
        ("annotations/2_exp.npy", r"images/2\.jpg has no annotation .*2_exp\.npy"),
    ],
)
def test_an_image_without_annotation_and_the_other_way_round_are_problems(packed, gone, sentence):
    (packed / "train_set" / gone).unlink()
    listing = list_data(f"affectnet:{packed}", COLOUR)
    problems = [(problem.kind, problem.name) for problem in listing.problems]
    assert problems == [("missing file", "train_set/images/2.jpg")]
    with pytest.raises(DataError, match=sentence):
        load_data(f"affectnet:{packed}", COLOUR)


def test_a_split_without_any_image_of_the_classes_is_refused(packed):
    np.save(packed / "val_set" / "annotations" / "5_exp.npy", np.array("9"))
    with pytest.raises(DataError, match="split validation holds no image of the 7 classes"):
        load_data(f"affectnet:{packed}?classes=7", COLOUR)


def test_options_that_are_not_allowed_are_refused(packed):
    with pytest.raises(DataError, match="classes must be 7 or 8, got '6'"):
        load_data(f"affectnet:{packed}?classes=6", COLOUR)
    with pytest.raises(DataError, match="affectnet has no option 'test'"):
        load_data(f"affectnet:{packed}?test=x", COLOUR)


def test_a_row_without_an_image_is_named_by_its_line(official):
    write_list(official, "training", [line("1/0.png", 0), line("", 1)])
    (problem,) = list_data(f"affectnet:{official}", COLOUR).problems
    assert problem.name == "training.csv line 3"
    assert "subDirectory_filePath is empty" in problem.detail

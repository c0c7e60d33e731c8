"""Whole photographs: what is listed, which face is judged, and what enters the figures."""

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError
from fer_core.evaluation.photo_folder import list_photo_folder
from fer_core.evaluation.photo_report import assess_photos
from fer_core.evaluation.photos import NO_FACE, predict_photos
from fer_core.faces.face import Face
from fer_core.metrics.intervals import wilson

CLASSES = ("neutral", "happiness", "anger")
LANDMARKS = np.array([[1.0, 1.0], [2.0, 1.0], [1.5, 2.0]])


class Answer:
    """Probabilities alone, as a predictor gives them."""

    def __init__(self, probabilities):
        self.probabilities = np.array(probabilities, np.float32)


class Stub:
    """Finds as many faces as an image's red says, and classifies by its green (crops: its blue)."""

    def find_faces(self, photo):
        count = photo.getpixel((0, 0))[0] // 10 if photo.width < 100 else 0
        return [Face((0, 0, width + 1, 5), LANDMARKS, 1.0) for width in range(count)]

    def predict_faces(self, image, faces):
        self.judged = [face.box for face in faces]
        return [Answer(self._of(image.getpixel((0, 0))[1])) for _ in faces]

    def classify(self, crops):
        return Answer([self._of(crop.getpixel((0, 0))[2]) for crop in crops])

    @staticmethod
    def _of(colour):
        probabilities = np.full(3, 0.1)
        probabilities[colour // 10] = 0.8
        return probabilities


def save(root, name, faces, predicted, of_crop=0, size=(40, 30)):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10 * faces + 5, 10 * predicted + 5, 10 * of_crop + 5)).save(file)


@pytest.fixture
def root(tmp_path):
    """Two photographs of neutral, three of happiness; one without a face, one with two."""
    save(tmp_path, "neutral/a.png", 1, 0)
    save(tmp_path, "neutral/b.png", 1, 2, of_crop=0)
    save(tmp_path, "Happy/a.png", 2, 1, of_crop=1)
    save(tmp_path, "Happy/b.png", 0, 1, of_crop=1)
    save(tmp_path, "Happy/c.png", 1, 1, of_crop=2)
    return tmp_path


def measure(root, classes=CLASSES, **options):
    return predict_photos(Stub(), classes, list_photo_folder(str(root)), **options)


def reasons(predictions):
    return {row.photo.name: row.reason for row in predictions.rows}


def test_folders_are_read_as_emotions_by_any_of_their_names(root):
    folder = list_photo_folder(str(root))
    assert folder.classes == ("neutral", "happiness")
    assert [(p.name, p.label) for p in folder.photos][-1] == ("Happy/c.png", "happiness")
    assert all(photo.box is None for photo in folder.photos)


def test_names_can_be_taken_as_they_are(root):
    assert list_photo_folder(f"{root}?classes=as-is").classes == ("Happy", "neutral")
    assert list_photo_folder(f"folder:{root}?classes=as-is").classes == ("Happy", "neutral")


def test_a_missed_face_is_an_error(root):
    predictions = measure(root)
    figures = assess_photos(predictions)
    assert reasons(predictions)["Happy/b.png"] == NO_FACE
    assert (figures.photos, figures.found, figures.right) == (5, 4, 3)
    assert figures.accuracy == wilson(3, 5)
    assert figures.accuracy_where_found == wilson(3, 4)
    assert figures.detection_rate == wilson(4, 5)
    assert figures.classes["happiness"].recall == wilson(2, 3)
    assert figures.classes["happiness"].found == 2
    assert figures.classes["anger"].recall is None
    assert figures.mean_class_accuracy == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert figures.confusion.tolist() == [[1, 0, 1, 0], [0, 2, 0, 1], [0, 0, 0, 0]]


def test_of_several_faces_the_largest_is_judged_and_they_are_counted(root):
    predictions = measure(root)
    row = next(row for row in predictions.rows if row.photo.name == "Happy/a.png")
    assert row.faces == 2
    assert row.box == (0, 0, 2, 5)
    assert assess_photos(predictions).several == 1


def test_an_unreadable_photograph_is_named_and_enters_no_figure(root):
    (root / "neutral" / "c.png").write_bytes(b"no image")
    predictions = measure(root)
    assert "unreadable photograph" in reasons(predictions)["neutral/c.png"]
    assert assess_photos(predictions).photos == 5


def test_a_folder_without_a_readable_photograph_is_refused(tmp_path):
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"none of the 1 photographs.*happy/a\.png"):
        assess_photos(measure(tmp_path))


def test_classes_that_the_model_does_not_know_are_excluded_and_counted(root):
    save(root, "fear/a.png", 1, 1)
    predictions = measure(root)
    assert predictions.unknown == {"fear": 1}
    assert "does not know fear" in reasons(predictions)["fear/a.png"]
    assert assess_photos(predictions).photos == 5


def test_a_folder_of_unknown_classes_alone_is_refused(tmp_path):
    save(tmp_path, "cats/a.png", 1, 1)
    save(tmp_path, "dogs/a.png", 1, 1)
    with pytest.raises(DataError, match="cats, dogs"):
        measure(tmp_path)


def test_with_shared_classes_the_model_chooses_from_those_of_the_folder(root):
    predictions = measure(root, shared_classes=True)
    assert predictions.classes == ("neutral", "happiness")
    assert predictions.absent == ()
    for row in predictions.rows:
        if row.probabilities is not None:
            assert row.probabilities.sum() == pytest.approx(1)
    assert measure(root).absent == ("anger",)


def test_classes_of_your_own_are_measured(tmp_path):
    save(tmp_path, "calm/a.png", 1, 0)
    save(tmp_path, "tense/a.png", 1, 1)
    figures = assess_photos(measure(tmp_path, ("calm", "tense", "other")))
    assert figures.right == 2
    assert figures.classes["tense"].photos == 1


def test_known_boxes_show_what_the_detector_costs(root):
    (root / "boxes.csv").write_text(
        "file,left,top,right,bottom\nneutral/b.png,0,0,20,20\nHappy/a.png,0,0,20,20\n"
        "Happy/b.png,0,0,20,20\nHappy/c.png,0,0,20,20\n"
    )
    crops = assess_photos(measure(root)).crops
    assert crops is not None
    assert (crops.photos, crops.missed) == (4, 1)
    assert crops.on_photos == wilson(2, 4)
    assert crops.on_crops == wilson(3, 4)
    assert (crops.mcnemar.only_first, crops.mcnemar.only_second) == (1, 2)


def test_a_box_outside_of_its_photograph_costs_the_comparison_alone(root):
    (root / "boxes.csv").write_text("file,left,top,right,bottom\nneutral/a.png,90,0,99,9\n")
    predictions = measure(root)
    row = next(row for row in predictions.rows if row.photo.name == "neutral/a.png")
    assert "outside" in row.box_fault
    assert row.probabilities is not None
    assert assess_photos(predictions).crops is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("neutral/z.png,0,0,9,9", r"line 2.*neutral/z\.png"),
        ("neutral/a.png,0,0,9", "line 2"),
        ("neutral/a.png,0,0,wide,9", "wide"),
        ("neutral/a.png,9,0,9,9", "left < right"),
        ("neutral/a.png,0,0,nan,9", "left < right"),
        ("neutral/a.png,0,0,9,9\nneutral/a.png,0,0,8,8", r"line 3.*one face"),
    ],
)
def test_boxes_that_do_not_fit_are_refused_with_their_line(root, line, told):
    (root / "boxes.csv").write_text(f"file,left,top,right,bottom\n{line}\n")
    with pytest.raises(DataError, match=told):
        list_photo_folder(str(root))


def test_boxes_without_their_columns_are_refused(root):
    (root / "boxes.csv").write_text("image,x,y\n")
    with pytest.raises(DataError, match="file, left, right, top"):
        list_photo_folder(str(root))

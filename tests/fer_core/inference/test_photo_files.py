"""Photographs as files: a large JPEG is decoded no larger than its faces need."""

import io

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.photo_files import open_for, predict_photos
from fer_core.inference.photos import PhotoError
from fer_core.inference.predictor import Predictor
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.landmarks.head_pose import HeadPose

pytestmark = pytest.mark.slow
WHOLE, HALF = (4000, 3000), (2000, 1500)


@pytest.fixture(scope="module")
def predictor():
    return Predictor()


def jpeg(side, kind="JPEG", count=1):
    """A photograph of 12 megapixels with faces of about a third of a side, on grain."""
    random = np.random.default_rng(side)
    photo = Image.new("RGB", WHOLE, "#8899aa")
    for index in range(count):
        photo.paste(draw_portrait("happiness", side, random), (300 + 1900 * index, 400))
    stream = io.BytesIO()
    photo.save(stream, kind, quality=92)
    return stream.getvalue()


class Watched:
    """A predictor, and the sizes of the photographs that it looked at."""

    def __init__(self, predictor):
        self.predictor, self.sizes = predictor, []
        self.least_width = predictor.least_width

    def predict_all(self, photos, **options):
        self.sizes += [photo.size for photo in photos]
        return self.predictor.predict_all(photos, **options)

    def find_faces(self, photo, **options):
        return self.predictor.find_faces(photo, **options)

    def predict_faces(self, photo, faces):
        self.sizes.append(photo.size)
        return self.predictor.predict_faces(photo, faces)


def test_large_faces_of_a_large_jpeg_are_those_of_the_whole_photograph(predictor):
    content = jpeg(1400, count=2)
    watched = Watched(predictor)
    (found,) = predict_photos(watched, [content])
    assert watched.sizes == [HALF]
    expected = predictor.predict(Image.open(io.BytesIO(content)))
    assert len(found) == len(expected) == 2
    for face, other in zip(found, expected, strict=True):
        width = other.box[2] - other.box[0]
        assert face.box == pytest.approx(other.box, abs=0.01 * width)
        assert face.landmarks == pytest.approx(other.landmarks, abs=0.01 * width)
        assert face.to_photo == pytest.approx(other.to_photo, abs=0.02 * width)
        assert face.probabilities == pytest.approx(other.probabilities, abs=0.03)


@pytest.mark.parametrize(
    ("side", "kind"),
    [
        (600, "JPEG"),  # the face is known, and too small in the copy
        (300, "JPEG"),  # smaller ones may be there
        (1400, "PNG"),
    ],
)
def test_a_photograph_is_read_whole_where_a_copy_is_not_enough(predictor, side, kind):
    content, watched = jpeg(side, kind), Watched(predictor)
    (found,) = predict_photos(watched, [content])
    assert watched.sizes == [WHOLE]
    (face,), (other,) = found, predictor.predict(Image.open(io.BytesIO(content)))
    assert face.box == pytest.approx(other.box, abs=0.03 * (other.box[2] - other.box[0]))


def test_a_detector_of_ones_own_sees_the_whole_photograph():
    sizes = []
    predictor = Predictor(detector=lambda photo: sizes.append(photo.size) or [])
    content = jpeg(300)
    assert predictor.predict(content) == []
    assert open_for(predictor, content).factor == 1
    assert sizes == [WHOLE]


def test_photographs_keep_their_order_and_a_broken_one_is_named(predictor, portrait):
    large, small = jpeg(1400), portrait.resize((400, 400))
    widths = [
        [round(face.box[2] - face.box[0], -2) for face in faces]
        for faces in predictor.predict([small, large, Image.new("RGB", (90, 90))])
    ]
    assert [len(faces) for faces in widths] == [1, 1, 0]
    assert widths[1][0] > widths[0][0]
    with pytest.raises(PhotoError, match="photograph 1 of 2: 5 bytes are not"):
        predictor.predict([small, b"12345"])
    with pytest.raises(PhotoError, match=r"^5 bytes are not"):
        predictor.predict(b"12345")


def test_a_prediction_is_scaled_with_all_that_is_in_pixels(predictor, portrait):
    class Analyser:
        def __call__(self, photo, faces):
            points = np.full((2, 3), 7, np.float32)
            return [FaceAnalysis({}, HeadPose(0.0, 0.0, 0.0), points) for _ in faces]

    (face,) = Predictor(analyser=Analyser()).predict(portrait.resize((400, 400)))
    larger = face.scaled(2)
    assert larger.box == pytest.approx([2 * value for value in face.box])
    assert larger.landmarks == pytest.approx(2 * face.landmarks)
    assert larger.to_photo == pytest.approx(2 * face.to_photo)
    assert larger.analysis.points == pytest.approx(2 * face.analysis.points)
    assert larger.probabilities is face.probabilities

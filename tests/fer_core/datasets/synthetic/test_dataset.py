import numpy as np
import pytest

from fer_core.datasets import DataError, Decoding, content_hash, load_data
from fer_core.datasets.synthetic import dataset
from fer_core.emotions import SEVEN_CLASSES

SMALL = Decoding(48, 3)


@pytest.fixture(autouse=True)
def _drawn_anew(monkeypatch):
    """Other tests share the faces that were drawn first; these are about the drawing."""
    monkeypatch.setattr(dataset, "_draw_split", dataset._draw_split.__wrapped__)


@pytest.mark.slow
def test_the_same_uri_gives_the_same_images():
    first, second = (load_data("synthetic?train=14&test=7", SMALL) for _ in range(2))
    assert content_hash(first) == content_hash(second)
    assert first.train.names == second.train.names


def test_another_seed_gives_other_images():
    first, second = (load_data(f"synthetic?train=7&test=7&seed={seed}", SMALL) for seed in (0, 1))
    assert content_hash(first) != content_hash(second)


@pytest.mark.slow
def test_classes_are_balanced_in_both_splits():
    data = load_data("synthetic?train=21&test=14", SMALL)
    assert data.classes == SEVEN_CLASSES
    assert np.bincount(data.train.true_labels).tolist() == [3] * 7
    assert np.bincount(data.eval.true_labels).tolist() == [2] * 7


def test_no_face_is_in_both_splits():
    data = load_data("synthetic?train=14&test=14", SMALL)
    train, test = ({image.tobytes() for image in s.images} for s in (data.train, data.eval))
    assert len(train) == len(test) == 14
    assert not train & test
    assert not set(data.train.names) & set(data.eval.names)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_have_the_asked_size_and_channels(channels):
    data = load_data("synthetic?train=7&test=7", Decoding(32, channels))
    assert data.train.images.shape == (7, 32, 32, channels)
    assert data.grey == (channels == 1)
    assert data.source_size == 32


@pytest.mark.slow
def test_convention_landmarks_are_left_eye_right_eye_mouth_as_shares_of_the_side():
    left, right, mouth = load_data("synthetic?train=70&test=7", SMALL).landmarks
    assert 0.2 < left[0] < mouth[0] < right[0] < 0.8
    assert 0.2 < left[1] < mouth[1] < 0.9


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("synthetic?train=6", "at least 7 images a split, got train 6"),
        ("synthetic?train=many", "must be whole numbers"),
        ("synthetic?train=-7", "must be whole numbers"),
        ("synthetic?train=", "must be whole numbers"),
        ("synthetic?size=7", "no option 'size'"),
        ("synthetic:/data", "takes no path, got '/data'"),
    ],
)
def test_options_that_cannot_work_are_refused(uri, sentence):
    with pytest.raises(DataError, match=sentence):
        load_data(uri, SMALL)


def test_more_faces_than_memory_holds_are_refused():
    with pytest.raises(
        DataError, match="draws at most 100,000 images a split, got train 99999999999"
    ):
        load_data("synthetic?train=99999999999", Decoding(32, 3))

import logging

import numpy as np
import pytest

from fer_core.datasets.cache.folder import clear_cache
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.training import landmarks
from fer_core.training.landmarks import training_landmarks

PLACES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.8]])


@pytest.fixture
def measured(monkeypatch):
    """What each measurement looked at; it finds ``PLACES``."""
    seen = []
    monkeypatch.setattr(landmarks, "measure_landmarks", lambda crops: seen.append(crops) or PLACES)
    return seen


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)


def test_the_same_crops_are_measured_once(measured, images, tmp_path):
    for _ in range(2):
        assert np.array_equal(training_landmarks(images.copy(), 0, tmp_path), PLACES)
    assert len(measured) == 1
    assert np.array_equal(measured[0], images)


def test_another_pixel_is_measured_anew(measured, images, tmp_path):
    training_landmarks(images, 0, tmp_path)
    images[0, 0, 0] ^= 1
    training_landmarks(images, 0, tmp_path)
    assert len(measured) == 2


def test_a_broken_file_is_told_and_measured_anew(measured, images, tmp_path, caplog):
    training_landmarks(images, 0, tmp_path)
    (file,) = (tmp_path / "known").iterdir()
    file.write_bytes(file.read_bytes()[:40])
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(training_landmarks(images, 0, tmp_path), PLACES)
    assert str(file) in caplog.text
    assert len(measured) == 2
    assert np.array_equal(training_landmarks(images, 0, tmp_path), PLACES)
    assert len(measured) == 2


def test_a_cache_that_cannot_be_written_stops_no_run(measured, images, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert np.array_equal(training_landmarks(images, 0, tmp_path / "file"), PLACES)
    assert "cannot be used" in caplog.text


def test_places_that_nothing_was_found_for_are_not_remembered(images, tmp_path, monkeypatch):
    monkeypatch.setattr(landmarks, "measure_landmarks", lambda _: USUAL_LANDMARKS.copy())
    training_landmarks(images, 0, tmp_path)
    assert not (tmp_path / "known").exists()


def test_clearing_the_cache_forgets_them(measured, images, tmp_path):
    training_landmarks(images, 0, tmp_path)
    clear_cache(tmp_path)
    assert not list((tmp_path / "known").iterdir())

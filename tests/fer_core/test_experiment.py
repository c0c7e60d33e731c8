from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.datasets import DataError
from fer_core.experiment import prepare
from fer_core.faces import USUAL_LANDMARKS


def test_the_model_is_given_noisy_labels_beside_the_clean_ones(tiny_config):
    experiment = prepare(tiny_config)
    clean = experiment.data.train.labels
    assert experiment.given.flipped.sum() == 42  # 30 % of 140
    assert np.array_equal(experiment.given.labels != clean, experiment.given.flipped)


def test_without_noise_the_given_labels_are_the_clean_ones(tiny_config):
    experiment = prepare(replace(tiny_config, noise="none", noise_rate=0.0))
    assert np.array_equal(experiment.given.labels, experiment.data.train.labels)
    assert not experiment.given.flipped.any()


def test_the_seed_decides_weights_and_noise(tiny_config):
    first, again, other = (prepare(replace(tiny_config, seed=seed)) for seed in (0, 0, 1))
    weights = [e.model.classifier.weight for e in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert np.array_equal(first.given.labels, again.given.labels)
    assert not np.array_equal(first.given.labels, other.given.labels)


def test_the_input_has_the_landmarks_that_the_data_set_knows(tiny_config):
    experiment = prepare(tiny_config)
    assert np.allclose(experiment.input.landmarks, experiment.data.landmarks, atol=1e-4)
    assert experiment.input.mean == experiment.model.mean
    assert (experiment.input.size, experiment.input.channels) == (64, 3)
    assert not experiment.input.grey


def test_a_grey_network_asks_for_grey_faces(tiny_config):
    spec = prepare(replace(tiny_config, channels=1)).input
    assert spec.grey
    assert len(spec.mean) == len(spec.std) == spec.channels == 1


def test_a_folder_of_pictures_without_faces_gets_the_usual_landmarks(tiny_config, tmp_path):
    for split in ("train", "test"):
        for emotion in ("happy", "sad"):
            folder = tmp_path / split / emotion
            folder.mkdir(parents=True)
            Image.new("RGB", (30, 30), "grey").save(folder / "a.png")
    config = replace(
        tiny_config, data=f"folder:{tmp_path}", noise="none", noise_rate=0.0, batch_size=2
    )
    spec = prepare(config).input
    assert np.allclose(spec.landmarks, USUAL_LANDMARKS)
    assert spec.source_size == 30


def test_noise_is_read_from_a_list(tiny_config, tmp_path):
    path = tmp_path / "noise.txt"
    path.write_text("".join(f"train_{index:05d} 4\n" for index in range(140)))
    config = replace(tiny_config, noise="file", noise_rate=0.0, noise_file=str(path))
    experiment = prepare(config)
    assert set(experiment.given.labels) == {1}  # happiness
    assert experiment.given.flipped.sum() == 120


def test_a_batch_larger_than_the_data_is_refused(tiny_config):
    with pytest.raises(DataError, match="batch_size 141 is larger than the training set of 140"):
        prepare(replace(tiny_config, batch_size=141))

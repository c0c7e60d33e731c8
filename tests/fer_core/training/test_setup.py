from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.config import RunConfig
from fer_core.datasets import DataError
from fer_core.emotions import FERPLUS_VOTES
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.training import setup
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data, prepare


@pytest.mark.slow
def test_the_model_is_given_noisy_labels_beside_the_clean_ones(tiny_config):
    experiment = prepare(tiny_config)
    clean = experiment.data.train.true_labels
    assert experiment.noise.flipped.sum() == 21  # 30 % of 70
    assert np.array_equal(experiment.noise.noisy_labels != clean, experiment.noise.flipped)


@pytest.mark.slow
def test_without_noise_the_given_labels_are_the_clean_ones(tiny_config):
    experiment = prepare(replace(tiny_config, noise="none", noise_rate=0.0))
    assert np.array_equal(experiment.noise.noisy_labels, experiment.data.train.true_labels)
    assert not experiment.noise.flipped.any()


@pytest.mark.slow
def test_the_seed_decides_weights_and_noise(tiny_config):
    first, again, other = (prepare(replace(tiny_config, seed=seed)) for seed in (0, 0, 1))
    weights = [e.model.classifier.weight for e in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert np.array_equal(first.noise.noisy_labels, again.noise.noisy_labels)
    assert not np.array_equal(first.noise.noisy_labels, other.noise.noisy_labels)


@pytest.mark.slow
def test_the_input_has_the_landmarks_that_the_data_set_knows(tiny_config):
    experiment = prepare(tiny_config)
    assert np.allclose(experiment.input.landmarks, experiment.data.landmarks, atol=1e-4)
    assert experiment.input.mean == experiment.model.mean
    assert (experiment.input.size, experiment.input.channels) == (48, 3)
    assert not experiment.input.grey


@pytest.mark.slow
def test_a_grey_network_asks_for_grey_faces(tiny_config):
    spec = prepare(replace(tiny_config, channels=1)).input
    assert spec.grey
    assert len(spec.mean) == len(spec.std) == spec.channels == 1


def test_whether_landmarks_are_measured_or_known_changes_no_random_number(tiny_config, monkeypatch):
    data = replace(prepare(tiny_config).data, landmarks=None)
    numbers = []
    for draws in (0, 100):

        def measure(*_, draws=draws):
            torch.rand(draws)  # as a detector that is built does
            return USUAL_LANDMARKS

        monkeypatch.setattr(setup, "training_landmarks", measure)
        prepare(tiny_config, dataset=data)
        numbers.append(float(torch.rand(1)))
    assert numbers[0] == numbers[1]


def test_a_folder_of_images_without_faces_gets_the_usual_landmarks(tiny_config, tmp_path):
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


def test_a_class_without_a_training_image_is_named(ferplus):
    with pytest.raises(
        DataError,
        match="train has no training image of surprise, sadness, disgust, contempt: add",
    ):
        prepare(ferplus)


@pytest.mark.slow
def test_noise_is_read_from_a_list(tiny_config, tmp_path):
    path = tmp_path / "noise.txt"
    path.write_text("".join(f"train_{index:05d} 4\n" for index in range(70)))
    config = replace(tiny_config, noise="file", noise_rate=0.0, noise_file=str(path))
    experiment = prepare(config)
    assert set(experiment.noise.noisy_labels) == {1}  # happiness
    assert experiment.noise.flipped.sum() == 60


@pytest.mark.slow
def test_a_batch_larger_than_the_data_is_refused(tiny_config):
    with pytest.raises(DataError, match="batch_size 71 is larger than the training set of 70"):
        prepare(replace(tiny_config, batch_size=71))


VOTES = (
    {"neutral": 10},
    {"neutral": 6, "sadness": 4},
    {"happiness": 10},
    {"happiness": 8, "unknown": 2},
    {"anger": 7, "disgust": 3},
    {"fear": 10},
)
OWN = ("neutral", "sad", "happy", "", "disgust", "surprise")


def write_ferplus(folder, all_votes, original_labels):
    """The data set in a folder, with the same images in train and valid."""
    lines = [",".join(["Usage", "Image name", *FERPLUS_VOTES])]
    labels = ["Usage,Image name,label"]
    for usage, split in (("Training", "FER2013Train"), ("PublicTest", "FER2013Valid")):
        (folder / split).mkdir()
        for number, (votes, label) in enumerate(zip(all_votes, original_labels, strict=True)):
            name = f"{split}{number}.png"
            Image.new("L", (48, 48), 20 * number).save(folder / split / name)
            counts = (str(votes.get(column, 0)) for column in FERPLUS_VOTES)
            lines.append(",".join([usage, name, *counts]))
            labels.append(f"{usage},{name},{label}")
    (folder / "fer2013new.csv").write_text("\n".join(lines))
    (folder / "fer2013_labels.csv").write_text("\n".join(labels))
    return RunConfig(data=f"ferplus:{folder}", image_size=32, batch_size=2)


@pytest.fixture
def ferplus(tmp_path):
    """Six training images: neutral, happiness (twice each), anger and fear."""
    return write_ferplus(tmp_path, VOTES, OWN)


def given_names(config):
    data = load_run_data(config)
    return [data.classes[label] for label in draw_noisy_labels(config, data).noisy_labels]


def test_the_labels_of_fer2013_are_given_where_there_are_any(ferplus, caplog):
    config = replace(ferplus, data=f"{ferplus.data}?classes=7", noise="fer2013")
    assert given_names(config) == [
        *("neutral", "sadness", "happiness", "happiness", "disgust", "surprise")
    ]
    assert "1 of 6 images have no label of FER2013" in caplog.text


def test_the_labels_of_fer2013_are_refused_with_the_class_that_it_does_not_have(ferplus):
    config = replace(ferplus, noise="fer2013")
    with pytest.raises(DataError, match=r"no contempt.*has 8 classes .*ferplus:PATH\?classes=7"):
        given_names(config)


@pytest.mark.slow
def test_a_rater_may_give_any_label_that_has_votes(ferplus):
    seeds = [given_names(replace(ferplus, noise="rater", seed=seed)) for seed in range(40)]
    assert {names[1] for names in seeds} == {"neutral", "sadness"}
    assert {names[4] for names in seeds} == {"anger", "disgust"}
    assert {names[5] for names in seeds} == {"fear"}
    assert len({names[3] for names in seeds}) > 2  # "unknown" becomes any other class


def test_asymmetric_noise_goes_where_the_confusions_lead(ferplus):
    config = replace(ferplus, noise="asymmetric", noise_rate=0.9)
    assert given_names(config) == [
        *("sadness", "sadness", "happiness", "happiness", "disgust", "surprise")
    ]


def test_soft_targets_are_the_shares_of_the_votes(tmp_path):
    others = [{name: 10} for name in ("surprise", "sadness", "disgust", "contempt")]
    config = write_ferplus(tmp_path, (*VOTES, *others), [""] * 10)
    experiment = prepare(replace(config, targets="votes", backbone="test_resnet", image_size=64))
    assert experiment.targets.shape == (10, 8)
    assert experiment.targets.sum(1) == pytest.approx(1)
    assert experiment.targets[1, 0] == pytest.approx(0.6)
    assert np.array_equal(experiment.noise.noisy_labels, experiment.data.train.true_labels)


def test_sharpened_votes_square_the_shares_and_scale_them_to_one(tmp_path):
    others = [{name: 10} for name in ("surprise", "sadness", "disgust", "contempt")]
    config = write_ferplus(tmp_path, (*VOTES, *others), [""] * 10)
    options = {"backbone": "test_resnet", "image_size": 64}
    shares = prepare(replace(config, targets="votes", **options)).targets
    sharpened = prepare(replace(config, targets="sharpened_votes", **options)).targets
    assert sharpened.dtype == np.float32
    assert sharpened.sum(1) == pytest.approx(1)
    assert sharpened[1] == pytest.approx(shares[1] ** 2 / (shares[1] ** 2).sum())
    assert sharpened[1, 0] > shares[1, 0]


@pytest.mark.parametrize(
    "options", [{"noise": "rater"}, {"noise": "fer2013"}, {"targets": "votes"}]
)
def test_a_data_set_without_votes_is_told_what_is_missing(options):
    config = RunConfig(data="synthetic?train=14&test=7", batch_size=2, **options)
    with pytest.raises(DataError, match=r"needs .*, which synthetic does not have here"):
        prepare(config)


def test_the_data_options_reach_the_data(ferplus, tmp_path):
    (tmp_path / "list.txt").write_text("FER2013Valid5.png\n")
    config = replace(ferplus, exclude=str(tmp_path / "list.txt"))
    assert len(load_run_data(config).eval.true_labels) == 5
    with pytest.raises(DataError, match="every image of val is also in"):
        load_run_data(replace(ferplus, dedup=True))

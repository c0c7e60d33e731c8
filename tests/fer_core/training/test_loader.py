import threading
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from fer_core.config import RunConfig
from fer_core.datasets import DataError, Storage
from fer_core.datasets.cache.arrays import CachedImages, StreamedImages
from fer_core.datasets.synthetic.faces import draw_face
from fer_core.training.engine import train
from fer_core.training.loader import TrainingSet
from fer_core.training.setup import prepare
from fer_core.transforms.functional import normalise, to_tensor

CPU = torch.device("cpu")
KINDS = ("auto", "device", "cache", "stream")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A folder of 21 synthetic faces in three classes."""
    root = tmp_path_factory.mktemp("faces")
    generator = np.random.default_rng(0)
    for split in ("train", "test"):
        for emotion in ("happiness", "anger", "surprise"):
            (root / split / emotion).mkdir(parents=True)
            for number in range(7):
                face = draw_face(emotion, 40, generator).image
                Image.fromarray(face).save(root / split / emotion / f"{number}.png")
    return RunConfig(
        data=f"folder:{root}",
        image_size=64,
        backbone="test_resnet",
        batch_size=4,
        epochs=2,
        learning_rate=2e-3,
    )


def batches(config, storage, tmp_path):
    experiment = prepare(config, Storage(storage, tmp_path / "cache"))
    training = TrainingSet(experiment, CPU, storage)
    made = training.batches(0, torch.Generator().manual_seed(3))
    return [batch._replace(images=batch.images.clone()) for batch in made]


@pytest.mark.slow
def test_every_storage_gives_the_very_same_batches(config, tmp_path):
    expected, *others = (batches(config, kind, tmp_path) for kind in KINDS)
    assert len(expected) == 5
    for made in others:
        for one, other in zip(expected, made, strict=True):
            assert torch.equal(one.images, other.images)
            assert torch.equal(one.noisy_labels, other.noisy_labels)
            assert torch.equal(one.indices, other.indices)
            assert one.epoch == other.epoch


@pytest.mark.slow
def test_every_storage_trains_the_very_same_model(config, tmp_path):
    records = [
        train(
            config,
            tmp_path / kind,
            device="cpu",
            progress=False,
            storage=Storage(kind, tmp_path / "cache"),
        )
        for kind in KINDS
    ]
    losses = [[epoch["train_loss"] for epoch in record.epochs] for record in records]
    assert losses[0] == losses[1] == losses[2] == losses[3]
    confusions = [record.result["confusion"] for record in records]
    assert confusions[0] == confusions[1] == confusions[2] == confusions[3]
    assert len({record.data["sha256"] for record in records}) == 1


@pytest.mark.slow
def test_a_batch_holds_the_images_and_labels_of_its_indices(config, tmp_path):
    config = replace(config, flip_probability=0.0)
    experiment = prepare(config, Storage("cache", tmp_path))
    training = TrainingSet(experiment, CPU, "cache")
    labels = experiment.data.train.true_labels
    seen = []
    for batch in training.batches(0, torch.Generator().manual_seed(0)):
        pixels = to_tensor(experiment.data.train.images[batch.indices.numpy()])
        mean, std = experiment.model.statistics()
        assert torch.equal(batch.images, normalise(pixels, mean, std))
        assert batch.noisy_labels.tolist() == labels[batch.indices].tolist()
        seen += batch.indices.tolist()
    assert len(set(seen)) == 20  # of 21; the last is not a full batch


@pytest.mark.slow
def test_images_stay_where_they_are_unless_the_device_is_asked_for(config, tmp_path):
    kinds = {}
    for kind in KINDS:
        experiment = prepare(config, Storage(kind, tmp_path))
        training = TrainingSet(experiment, CPU, kind)
        kinds[kind] = (
            type(training.images.images),
            training.images.resident is not None,
        )
    assert kinds == {
        "auto": (CachedImages, False),
        "device": (CachedImages, True),
        "cache": (CachedImages, False),
        "stream": (StreamedImages, False),
    }


@pytest.mark.slow
def test_a_device_without_room_is_a_clear_error(config, tmp_path, monkeypatch):
    experiment = prepare(config, Storage("cache", tmp_path))
    memory = psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with pytest.raises(DataError, match=r"'device' needs 0 MB for .*, cpu has 0 MB free: use"):
        TrainingSet(experiment, CPU, "device")


@pytest.mark.slow
def test_an_epoch_that_is_given_up_ends_its_reader(config, tmp_path):
    experiment = prepare(config, Storage("stream", tmp_path))
    training = TrainingSet(experiment, CPU, "stream")
    made = training.batches(0, torch.Generator().manual_seed(0))
    next(made)
    assert any(thread.name.startswith("batches") for thread in threading.enumerate())
    made.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())
    assert len(list(training.batches(0, torch.Generator().manual_seed(0)))) == 5


@pytest.mark.slow
def test_soft_targets_reach_the_batch(config, tmp_path):
    experiment = prepare(config, Storage("cache", tmp_path))
    shares = np.random.default_rng(0).random((21, 3)).astype(np.float32)
    object.__setattr__(experiment, "targets", shares)
    for batch in TrainingSet(experiment, CPU, "cache").batches(0, torch.Generator()):
        assert np.array_equal(batch.noisy_labels.numpy(), shares[batch.indices])


@pytest.mark.slow
def test_half_of_the_images_get_pixel_noise_of_the_asked_variance_within_the_range(
    config, tmp_path
):
    noisy = replace(config, pixel_noise=30.0)
    experiment = prepare(noisy, Storage("auto", tmp_path / "cache"))
    training = TrainingSet(experiment, CPU, "auto")
    mean, std = experiment.model.statistics()
    added, chosen = [], []
    for epoch in range(8):
        for batch in training.batches(epoch, torch.Generator().manual_seed(epoch)):
            grey_levels = 255 * batch.pixel_noise * std
            after = (batch.images + batch.pixel_noise) * std + mean
            assert after.min() >= -1e-5
            assert after.max() <= 1 + 1e-5
            chosen += grey_levels.abs().flatten(1).amax(1).gt(0).tolist()
            pixels = batch.images * std + mean
            inside = (pixels > 0.2) & (pixels < 0.8)  # where nothing is clipped
            added += grey_levels[inside & (grey_levels != 0)].tolist()
    assert 0.35 < np.mean(chosen) < 0.65
    assert np.var(added) == pytest.approx(30.0, rel=0.05)
    assert abs(np.mean(added)) < 0.1
    assert all(batch.pixel_noise is None for batch in batches(config, "auto", tmp_path))


@pytest.mark.slow
def test_every_process_has_its_own_part_of_one_noise(config, tmp_path):
    experiment = prepare(replace(config, pixel_noise=30.0), Storage("auto", tmp_path / "cache"))

    def noise(process, processes):
        training = TrainingSet(experiment, CPU, "auto", process=process, processes=processes)
        made = training.batches(0, torch.Generator().manual_seed(3))
        return [batch.pixel_noise.clone() for batch in made]

    halves = [noise(process, 2) for process in range(2)]
    for whole, *parts in zip(noise(0, 1), *halves, strict=True):
        assert torch.equal(whole, torch.cat(parts))

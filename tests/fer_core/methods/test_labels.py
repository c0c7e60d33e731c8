import numpy as np
import pytest
import torch

from fer_core.datasets import Decoding, TorchFaces, list_data, load_data
from fer_core.methods import Method, StepOutput, create_method
from fer_core.noise.generate import symmetric_noise
from fer_core.training.loader import TrainingSet
from fer_core.training.setup import prepare

DATA = "synthetic?train=28&test=14"


class Careless(Method):
    """Asks for the obvious attribute."""

    def forward(self, batch):
        logits = self.model(self.labelled_view(batch)).logits
        loss = self.classification_loss(logits, batch.labels)
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})


@pytest.mark.slow
def test_a_method_that_asks_for_plain_labels_is_told_which_there_are(tiny_config):
    experiment = prepare(tiny_config)
    images = TrainingSet(experiment, torch.device("cpu"), "cache")
    batch = next(iter(images.batches(0, torch.Generator())))
    method = Careless(experiment.model, tiny_config, torch.from_numpy(experiment.targets))
    with pytest.raises(AttributeError, match=r"noisy_labels.*true_labels"):
        method(batch)
    usual = create_method(experiment.model, tiny_config, torch.from_numpy(experiment.targets))
    assert usual(batch).loss.isfinite()


@pytest.mark.parametrize("part", ["train", "eval"])
@pytest.mark.slow
def test_a_split_has_no_plain_labels(part):
    decoded, listed = load_data(DATA, Decoding(32, 3)), list_data(DATA, Decoding(32, 3))
    for split in (getattr(decoded, part), getattr(listed, part)):
        assert not hasattr(split, "labels")
        with pytest.raises(AttributeError, match=r"true_labels.*noisy_labels"):
            _ = split.labels


def test_noisy_labels_have_no_plain_labels_either():
    noise = symmetric_noise(np.arange(20) % 4, 0.5, 4, seed=0)
    with pytest.raises(AttributeError, match=r"noisy_labels.*true_labels"):
        _ = noise.labels
    assert noise.flipped.sum() == 10


def test_the_former_name_of_the_evaluation_split_warns():
    data = load_data(DATA, Decoding(32, 3))
    with pytest.warns(DeprecationWarning, match=r"FaceData\.eval"):
        assert data.test is data.eval


def test_a_data_set_of_pytorch_gives_noisy_labels_where_it_is_given_some():
    split = load_data(DATA, Decoding(32, 3)).train
    noise = symmetric_noise(split.true_labels, 0.5, 7, seed=0)
    labels = [label for _, label, _ in TorchFaces(split, noisy_labels=noise.noisy_labels)]
    assert labels == noise.noisy_labels.tolist()
    with pytest.raises(ValueError, match="one for each of 28 images, got 3"):
        TorchFaces(split, noisy_labels=np.zeros(3, int))

"""An own backbone, own data, own kinds of data and an own detector, from training to prediction."""

import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from fer_core.config import RunConfig
from fer_core.datasets import (
    DATASETS,
    DataError,
    Decoding,
    TorchFaces,
    from_arrays,
    list_data,
    load_data,
    register_dataset,
)
from fer_core.datasets.synthetic.dataset import list_synthetic
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face
from fer_core.inference.predictor import Predictor
from fer_core.models.attention_model import AttentionModel
from fer_core.models.feature_maps import BackboneError
from fer_core.models.pretrained import ModelError, load_model
from fer_core.training.engine import train

SMALL = {"image_size": 32, "epochs": 1, "batch_size": 8, "learning_rate": 2e-3}
DATA = "synthetic?train=28&test=14"


class TinyNet(nn.Module):
    """Two convolutions: (B, C, H, W) to (B, 16, H / 4, W / 4)."""

    def __init__(self, channels=3, width=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, width, 3, 2, 1)
        )

    def forward(self, images):
        return self.layers(images)


def made_up(name="mine", count=16, side=32, channels=3):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, side, side, channels), dtype=np.uint8)
    labels = np.arange(count) % 2
    return from_arrays(name, ("bored", "engaged"), (images, labels), (images[:6], labels[:6]))


def train_small(folder, **objects):
    options = {"resume": objects.pop("resume", False), "device": "cpu", "progress": False}
    config = RunConfig(**{**SMALL, **objects.pop("config", {})})
    return train(config, folder, **options, **objects)


def test_the_maps_of_an_own_backbone_explain_its_logits():
    torch.manual_seed(0)
    model = AttentionModel(TinyNet(), 5, image_size=32, num_features=16).eval()
    output = model(torch.randn(2, 3, 32, 32))
    assert output.maps.shape == (2, 5, 8, 8)
    expected = output.maps.mean((2, 3)) + model.classifier.bias
    assert torch.allclose(output.logits, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "options", "sentence"),
    [
        (TinyNet(), {"num_features": 8}, "TinyNet gives maps of 16 channels, got num_features 8"),
        (TinyNet(channels=1), {}, r"does not take images of shape \(1, 3, 32, 32\)"),
        (
            nn.Sequential(nn.Flatten()),
            {},
            r"must give feature maps .*got \(1, 3072\)",
        ),
        (
            TinyNet(),
            {"stride": 8},
            "stride 8 changes backbones of timm, custom:TinyNet",
        ),
        (TinyNet(), {"pretrained": "hub"}, "pretrained 'hub' changes backbones of timm"),
    ],
)
def test_a_module_that_is_no_backbone_is_refused(module, options, sentence):
    with pytest.raises(BackboneError, match=sentence):
        AttentionModel(module, 5, image_size=32, **options)


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """A run of one epoch on an own backbone, with EAC."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("own") / "run"
    return train_small(folder, config={"data": DATA}, backbone=TinyNet())


def test_a_run_on_an_own_backbone_is_recorded_under_its_class(own_run):
    assert own_run.status == "finished"
    assert own_run.config["backbone"] == "custom:TinyNet"
    assert own_run.model["map_size"] == [8, 8]


def test_its_model_loads_into_such_a_module_and_says_what_it_needs_without_one(own_run, portrait):
    with pytest.raises(ModelError, match=r"its backbone is TinyNet.*backbone=TinyNet"):
        load_model(own_run.path / "model")
    with pytest.raises(ModelError, match=r"its backbone is custom:TinyNet, got custom:Sequential"):
        load_model(own_run.path / "model", backbone=nn.Sequential())
    trained = load_model(own_run.path / "model", backbone=TinyNet())
    (face, *_) = Predictor(trained).predict(portrait)
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_its_run_resumes_with_such_a_module_alone(own_run):
    with pytest.raises(BackboneError, match="custom:TinyNet is a module of your own"):
        train_small(own_run.path, config={"data": DATA, "backbone": "custom:TinyNet"}, resume=True)
    record = train_small(own_run.path, config={"data": DATA}, backbone=TinyNet(), resume=True)
    assert record.result["final_accuracy"] == own_run.result["final_accuracy"]


@pytest.mark.slow
def test_co_teaching_copies_an_own_backbone(tmp_path):
    record = train_small(
        tmp_path / "run", config={"data": DATA, "method": "co_teaching"}, backbone=TinyNet()
    )
    assert record.status == "finished"


def test_own_data_train_and_the_record_has_their_name_and_classes(tmp_path):
    record = train_small(tmp_path / "run", dataset=made_up(), backbone=TinyNet())
    assert record.classes == ("bored", "engaged")
    assert record.config["data"] == "given:mine"
    assert record.data["train_images"] == 16
    with pytest.raises(DataError, match="given as an object: give them again"):
        list_data("given:mine", Decoding(32, 3))


@pytest.mark.parametrize(
    ("data", "config", "sentence"),
    [
        (made_up(side=16), {}, r"shape \(16, 16, 3\), the run asks for \(32, 32, 3\)"),
        (made_up(channels=1), {}, r"shape \(32, 32, 1\), the run asks for \(32, 32, 3\)"),
        (made_up(), {"dedup": True}, "dedup and exclude change data that the run reads itself"),
    ],
)
def test_own_data_that_do_not_fit_the_run_are_refused(tmp_path, data, config, sentence):
    with pytest.raises(ValueError, match=sentence):
        train_small(tmp_path / "run", config=config, dataset=data, backbone=TinyNet())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (np.zeros((2, 8, 8, 3)), [0, 1], "uint8, got .* float64"),
        (np.zeros((2, 8, 9, 3), np.uint8), [0, 1], r"must be \(N, S, S, C\) uint8"),
        (np.zeros((2, 8, 8, 2), np.uint8), [0, 1], "of 1 or 3 channels"),
        (np.zeros((2, 8, 8, 3), np.uint8), [0], "2 whole numbers, one an image"),
        (np.zeros((2, 8, 8, 3), np.uint8), [0.0, 1.0], "whole numbers.*float64"),
        (np.zeros((2, 8, 8, 3), np.uint8), [0, 2], r"labels must be in \[0, 2\), got 2"),
    ],
)
def test_arrays_that_are_no_data_set_are_refused(images, labels, sentence):
    with pytest.raises(DataError, match=sentence):
        from_arrays("mine", ("a", "b"), (images, labels), (images, labels))


@pytest.fixture
def _data_sets_as_before():
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)


@pytest.mark.usefixtures("_data_sets_as_before")
def test_a_registered_kind_of_data_is_read_by_its_uri():
    @register_dataset("twice")
    def list_twice(source, decoding):
        return list_synthetic(source._replace(options={"train": "14", "test": "14"}), decoding)

    assert len(load_data("twice:", Decoding(32, 3)).train.true_labels) == 14
    with pytest.raises(ValueError, match=r"data 'folder' are taken by fer_core.datasets.folder"):
        register_dataset("folder")(list_twice)
    with pytest.raises(ValueError, match="letters, digits and underscores, got 'a:b'"):
        register_dataset("a:b")


def test_an_installed_package_brings_its_kind_of_data_along(tmp_path, monkeypatch):
    (tmp_path / "somebodys_faces.py").write_text(
        "from fer_core.datasets.synthetic.dataset import list_synthetic\n"
        "def list_faces(source, decoding):\n"
        "    return list_synthetic(source, decoding)._replace(name='somebodys')\n"
    )
    facts = tmp_path / "somebodys_faces-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-faces\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[fer_core.datasets]\nsomebodys = somebodys_faces:list_faces\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list_data("somebodys?train=14&test=14", Decoding(32, 3)).name == "somebodys"
    with pytest.raises(DataError, match=r"unknown data set 'somebody'.*did you mean 'somebodys'"):
        list_data("somebody", Decoding(32, 3))
    del sys.modules["somebodys_faces"]


def test_a_split_is_a_data_set_of_pytorch():
    data = load_data(DATA, Decoding(32, 3))
    faces = TorchFaces(data.train)
    image, label, index = faces[-1]
    assert (image.shape, image.dtype, index) == ((3, 32, 32), torch.float32, 27)
    assert label == data.train.true_labels[-1]
    assert torch.equal(image, torch.from_numpy(data.train.images[[27]][0]).permute(2, 0, 1) / 255)
    batches = list(DataLoader(faces, batch_size=10, shuffle=True))
    assert [len(images) for images, _, _ in batches] == [10, 10, 8]
    assert sorted(torch.cat([rows for _, _, rows in batches]).tolist()) == list(range(28))
    with pytest.raises(IndexError, match="index 28 of 28 images"):
        faces[28]
    assert TorchFaces(data.train, lambda image: image.mean())[0][0].shape == ()


@pytest.mark.slow
def test_a_predictor_asks_the_detector_that_it_is_given(portrait):
    asked = []

    def middle(photo):
        asked.append(photo.size)
        (face, *_) = detect_faces(photo)
        return [face._replace(score=0.5)] * 2

    faces = Predictor(detector=middle).predict(portrait)
    assert [face.score for face in faces] == [0.5, 0.5]
    assert asked == [portrait.size]


@pytest.mark.slow
def test_a_detector_that_gives_no_faces_is_refused(portrait):
    boxes = Predictor(detector=lambda photo: [(0, 0, 9, 9)])
    with pytest.raises(ValueError, match=r"must give fer_core.Face with landmarks"):
        boxes.predict(portrait)
    five = Predictor(detector=lambda photo: [Face((0, 0, 9, 9), np.zeros((5, 2)), 1.0)])
    with pytest.raises(ValueError, match="eye on the left, eye on the right, mouth centre"):
        five.predict(portrait)


@pytest.mark.parametrize("classes", [("a", "a"), ("a",)])
def test_arrays_need_two_classes_each_with_its_own_name(classes):
    images, labels = np.zeros((2, 8, 8, 1), np.uint8), [0, 0]
    with pytest.raises(DataError, match="classes must be at least two, each with its own name"):
        from_arrays("mine", classes, (images, labels), (images, labels))

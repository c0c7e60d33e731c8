from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.config import RunConfig, without_folders
from fer_core.hub import download
from fer_core.hub.weights import StartError, find_weights
from fer_core.models.feature_maps import BackboneError
from fer_core.models.pretrained import CONFIG_FILE, WEIGHTS_FILE, ModelError
from fer_core.records.provenance import weights_digest
from fer_core.training.engine import train
from fer_core.training.setup import prepare
from fer_core.weights import BUNDLED


def test_a_run_its_model_and_the_file_in_it_are_the_same_start(tiny_run):
    model = tiny_run.path / "model"
    for name in (tiny_run.path, model, model / WEIGHTS_FILE):
        assert Path(find_weights(str(name), "test_resnet")) == model / WEIGHTS_FILE


def test_the_bundled_model_is_a_start_by_its_name():
    assert Path(find_weights("bundled", "mobilenetv2_100")) == BUNDLED / WEIGHTS_FILE


def test_a_model_of_the_hub_is_a_start_by_its_id(tiny_run, monkeypatch):
    asked = []

    def fetch(name):
        asked.append(name)
        return tiny_run.path / "model"

    monkeypatch.setattr(download, "fetch_model", fetch)
    file = find_weights("someone/faces@v1", "test_resnet")
    assert Path(file) == tiny_run.path / "model" / WEIGHTS_FILE
    assert asked == ["someone/faces@v1"]


def test_what_names_no_file_stays_as_it_is(monkeypatch):
    asked = []
    monkeypatch.setattr("fer_core.hub.weights.ask_hub_once", asked.append)
    assert find_weights("none", "resnet18") == "none"
    assert not asked
    assert find_weights("hub", "resnet18") == "hub"
    assert asked == ["timm's weights of resnet18"]


@pytest.fixture
def no_hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")


@pytest.mark.usefixtures("no_hub")
def test_weights_of_a_hub_that_does_not_answer_are_refused_in_a_sentence(tiny_config):
    config = replace(tiny_config, backbone="resnet18", pretrained="hub")
    with pytest.raises(BackboneError, match=r"resnet18 .* the Hub cannot be reached"):
        prepare(config)


def test_a_name_of_nothing_is_refused_with_all_that_is_taken(tmp_path):
    with pytest.raises(StartError, match=r"absent\.pth: give none, hub .* bundled, or USER/NAME"):
        find_weights(str(tmp_path / "absent.pth"), "resnet18")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(StartError, match="holds no finished model"):
        find_weights(str(tmp_path), "resnet18")


def test_a_model_that_lacks_its_weights_is_refused(tmp_path):
    (tmp_path / CONFIG_FILE).write_text("{}")
    with pytest.raises(ModelError, match=WEIGHTS_FILE):
        find_weights(str(tmp_path), "resnet18")


def test_a_model_of_another_backbone_is_refused_with_the_option_that_fits(tiny_run):
    with pytest.raises(StartError, match="this run has resnet50: start it with --backbone test_re"):
        find_weights(str(tiny_run.path), "resnet50")


def test_the_record_names_the_run_and_not_its_folder():
    for given in ("runs/first", "runs/first/model"):
        assert without_folders(RunConfig(pretrained=given)).pretrained == "first"


@pytest.mark.slow
def test_a_run_of_seven_classes_starts_one_of_four(tiny_run, tiny_config, tmp_path):
    for emotion in ("happiness", "anger", "fear", "sadness"):
        for split in ("train", "test"):
            (tmp_path / "faces" / split / emotion).mkdir(parents=True)
    made = _faces(tmp_path / "faces")
    config = replace(
        tiny_config,
        noise="none",
        noise_rate=0.0,
        data=f"folder:{made}",
        pretrained=str(tiny_run.path),
        method="cross_entropy",
        epochs=1,
        batch_size=4,
        channels=1,
    )
    record = train(config, tmp_path / "run", device="cpu", progress=False)
    assert record.config["pretrained"] == tiny_run.path.name
    assert record.model["pretrained_match"] == {"share": 1.0, "missing": [], "classifier": False}
    file = tiny_run.path / "model" / WEIGHTS_FILE
    assert record.model["pretrained_sha256"] == weights_digest(str(file))


def _faces(root):
    random = np.random.default_rng(0)
    for folder in root.glob("*/*"):
        for number in range(2):
            pixels = random.integers(0, 255, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return root

import json
from pathlib import Path

import pytest
import torch

from fer_core.config.input_spec import InputSpec
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    load_model,
    read_facts,
    save_model,
)
from fer_core.taxonomy import Taxonomy, taxonomy_of

CLASSES = ("neutral", "happiness", "surprise")
SPEC = InputSpec(64, 1, (0.5,), (0.25,), 48, True, ((0.31, 0.39), (0.69, 0.39), (0.5, 0.78)))


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = AttentionModel("test_efficientnet", 3, image_size=64, channels=1, stride=16)
    made.train()(torch.randn(8, 1, 64, 64))  # moves the statistics of BatchNorm
    return made.eval()


def save(folder, model, **options):
    settings = {
        "backbone": "test_efficientnet", "stride": 16, "classes": CLASSES, "spec": SPEC,
        "facts": {"accuracy": 0.5},
    }  # fmt: skip
    save_model(folder, model, **{**settings, **options})


def change(folder, **values):
    config = json.loads((folder / CONFIG_FILE).read_text())
    (folder / CONFIG_FILE).write_text(json.dumps(config | values))


def test_a_loaded_model_gives_exactly_the_logits_and_maps_of_the_saved_one(tmp_path, model):
    save(tmp_path / "model", model)
    loaded = load_model(tmp_path / "model")
    images = torch.randn(4, 1, 64, 64)
    expected, got = model(images), loaded.model(images)
    assert torch.equal(expected.logits, got.logits)
    assert torch.equal(expected.maps, got.maps)
    assert got.maps.shape == (4, 3, 4, 4)


def test_a_loaded_model_knows_its_classes_input_and_facts(tmp_path, model):
    save(tmp_path, model)
    loaded = load_model(tmp_path)
    assert loaded.classes == CLASSES
    assert loaded.input == SPEC
    assert loaded.facts == {"accuracy": 0.5}
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_half_precision_halves_the_file_and_keeps_the_answers(tmp_path, model):
    save(tmp_path / "full", model)
    save(tmp_path / "half", model, half=True)
    full, half = ((tmp_path / kind / WEIGHTS_FILE).stat().st_size for kind in ("full", "half"))
    assert half < 0.6 * full
    images = torch.randn(4, 1, 64, 64)
    loaded = load_model(tmp_path / "half").model
    assert loaded.classifier.weight.dtype == torch.float32
    assert torch.allclose(loaded(images).logits, model(images).logits, atol=0.01)


def test_the_configuration_has_the_keys_of_timm(tmp_path, model):
    save(tmp_path, model)
    config = json.loads((tmp_path / CONFIG_FILE).read_text())
    assert config["architecture"] == "test_efficientnet"
    assert config["num_classes"] == 3
    assert config["label_names"] == list(CLASSES)
    assert config["pretrained_cfg"]["input_size"] == [1, 64, 64]
    assert {p.name for p in tmp_path.iterdir()} == {CONFIG_FILE, WEIGHTS_FILE}


def test_saving_again_replaces_the_model(tmp_path, model):
    save(tmp_path, model)
    with torch.no_grad():
        model.classifier.bias.add_(1)
    save(tmp_path, model, facts={"accuracy": 0.6})
    loaded = load_model(tmp_path)
    assert loaded.facts == {"accuracy": 0.6}
    assert torch.equal(loaded.model.classifier.bias, model.classifier.bias)


@pytest.mark.parametrize("absent", [CONFIG_FILE, WEIGHTS_FILE])
def test_an_incomplete_folder_is_refused(tmp_path, model, absent):
    save(tmp_path, model)
    (tmp_path / absent).unlink()
    with pytest.raises(ModelError, match=f"no model at .*{CONFIG_FILE} and {WEIGHTS_FILE}"):
        load_model(tmp_path)


def test_an_absent_folder_is_refused():
    with pytest.raises(ModelError, match="no model at nothing"):
        load_model(Path("nothing"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "nosuchnet"},
        {"label_names": ["neutral", "happiness"]},
        {"label_names": None},
        {"fer_core": {}},
        {"fer_core": {"stride": None, "input": {"size": 64}}},
        {"architecture": "test_vit"},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, model, wrong):
    save(tmp_path, model)
    change(tmp_path, **wrong)
    with pytest.raises(ModelError, match=f"the model at {tmp_path} cannot be loaded") as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_facts_are_read_without_the_weights(tmp_path, model):
    save(tmp_path, model)
    (tmp_path / WEIGHTS_FILE).write_bytes(b"unread")
    assert read_facts(tmp_path) == {"accuracy": 0.5}
    change(tmp_path, fer_core=None)
    with pytest.raises(ModelError, match="cannot be loaded"):
        read_facts(tmp_path)
    with pytest.raises(ModelError, match="no model at a/b"):
        read_facts(tmp_path / "nothing", called="a/b")


def test_a_model_can_be_called_by_another_name_than_its_folder(tmp_path):
    with pytest.raises(ModelError, match="no model at a/b: expected"):
        load_model(tmp_path, called="a/b")


def test_a_configuration_without_facts_is_refused(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    del own["facts"]
    change(tmp_path, fer_core=own)
    with pytest.raises(ModelError, match="facts"):
        load_model(tmp_path)


@pytest.mark.parametrize("file", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_broken_file_is_refused(tmp_path, model, file):
    save(tmp_path, model)
    (tmp_path / file).write_bytes(b"\xff broken")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tmp_path)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv2_100"])
@pytest.mark.slow
def test_a_model_with_a_small_stem_is_loaded_with_it(tmp_path, backbone):
    model = AttentionModel(backbone, 3, image_size=64, channels=1, stem="small").eval()
    save(tmp_path, model, backbone=backbone, stride=None, stem="small")
    loaded = load_model(tmp_path).model
    images = torch.randn(2, 1, 64, 64)
    expected, got = model(images), loaded(images)
    assert got.maps.shape[2:] == ((8, 8) if backbone == "resnet18" else (4, 4))
    assert torch.equal(expected.maps, got.maps)


def test_a_model_saved_before_there_were_stems_has_its_own(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    assert own.pop("stem") == "own"
    change(tmp_path, fer_core=own)
    images = torch.randn(2, 1, 64, 64)
    assert torch.equal(load_model(tmp_path).model(images).logits, model(images).logits)


@pytest.mark.slow
def test_a_network_that_the_weights_cannot_be_of_is_refused_before_it_is_made(
    tmp_path, model, monkeypatch
):
    save(tmp_path, model)
    change(tmp_path, architecture="vit_gigantic_patch14_224")
    monkeypatch.setattr("fer_core.models.pretrained.AttentionModel", None)  # nothing is made
    with pytest.raises(ModelError, match=r"vit_gigantic_patch14_224 has 1,8\d\d,\d{3},\d{3} para"):
        load_model(tmp_path)


def test_weights_of_an_unknown_layout_are_refused(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    change(tmp_path, fer_core=own | {"weights": "onnx"})
    with pytest.raises(ModelError, match="weights must be one of own, timm, got 'onnx'"):
        load_model(tmp_path)


def test_a_model_saved_before_there_were_layouts_has_its_own(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    assert own.pop("weights") == "own"
    change(tmp_path, fer_core=own)
    images = torch.randn(2, 1, 64, 64)
    assert torch.equal(load_model(tmp_path).model(images).logits, model(images).logits)


def test_the_colours_of_a_model_travel_with_it(tmp_path, model):
    own = Taxonomy(("bored", "engaged", "pain"), ("#010203", "#040506", "#070809"), False)
    save(tmp_path / "one", model, classes=own)
    loaded = load_model(tmp_path / "one")
    assert loaded.taxonomy == own
    assert loaded.classes == own.names
    save(tmp_path / "two", model, classes=loaded.taxonomy)
    assert load_model(tmp_path / "two").taxonomy == own


@pytest.mark.slow
def test_a_model_of_an_earlier_version_has_the_usual_colours(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    del own["taxonomy"]
    change(tmp_path, fer_core=own)
    assert load_model(tmp_path).taxonomy == taxonomy_of(CLASSES)


def test_colours_that_are_none_are_refused(tmp_path, model):
    save(tmp_path, model)
    own = json.loads((tmp_path / CONFIG_FILE).read_text())["fer_core"]
    own["taxonomy"]["colours"][CLASSES[0]] = "red;background:url(https://example.org)"
    change(tmp_path, fer_core=own)
    with pytest.raises(ModelError, match=r"colour of class .* must be #rrggbb"):
        load_model(tmp_path)

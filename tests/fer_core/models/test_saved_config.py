import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from fer_core.config.input_spec import InputSpec
from fer_core.models import pretrained
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    load_model,
    read_facts,
    save_model,
)

LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model = AttentionModel("test_resnet", 3, image_size=64)
    spec = InputSpec(64, 3, model.mean, model.std, 64, False, LANDMARKS)
    options = {"backbone": "test_resnet", "stride": None, "classes": ("a", "b", "c")}
    save_model(folder, model, spec=spec, facts={"accuracy": 0.5}, **options)
    return folder


def test_a_limited_receptive_field_is_saved_with_the_model(tmp_path):
    model = AttentionModel("test_resnet", 3, image_size=64, receptive_field=40)
    spec = InputSpec(64, 3, model.mean, model.std, 64, False, LANDMARKS)
    options = {"backbone": "test_resnet", "stride": None, "receptive_field": 40}
    save_model(tmp_path, model, spec=spec, facts={}, classes=("a", "b", "c"), **options)
    loaded = load_model(tmp_path).model.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in model.state_dict().items())
    change(tmp_path, fer_core__receptive_field=1000)
    with pytest.raises(ModelError, match=r"receptive_field must be .* got 1000"):
        load_model(tmp_path)


@pytest.fixture
def folder(saved, tmp_path):
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    return tmp_path


@pytest.fixture
def nothing_is_made(monkeypatch):
    """No network is made and no weights are read."""

    def refuse(*_, **__):
        raise AssertionError("it was made before it was checked")

    for name in ("AttentionModel", "count_parameters", "load_file"):
        monkeypatch.setattr(pretrained, name, refuse)


def change(folder, **values):
    """Put values into config.json; a name with two underscores goes a level deeper."""
    config = json.loads((folder / CONFIG_FILE).read_text())
    for name, value in values.items():
        *above, last = name.split("__")
        place = config
        for key in above:
            place = place[key]
        place[last] = value
    (folder / CONFIG_FILE).write_text(json.dumps(config))


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"label_names": [f"c{n}" for n in range(1001)]}, "1 to 1000 names, got 1001"),
        ({"label_names": [f"c{n}" for n in range(400_000)]}, "at most 2,000,000 bytes"),
        ({"label_names": []}, "1 to 1000 names, got 0"),
        ({"label_names": ["a", "b", "a"]}, "'a' is there twice"),
        ({"label_names": ["a", "b", "c" * 101]}, "1 to 100 characters"),
        ({"label_names": ["a", "b", 3]}, "label_names must be texts"),
        ({"label_names": ["a", "b", ["c"]]}, "label_names must be texts"),
        ({"label_names": {"a": 1}}, "label_names must be a list"),
        ({"label_names": ["a", "b"]}, "num_classes is 3, label_names has 2"),
        ({"label_names": ["a", "b"], "num_classes": 2}, "classifier.weight has shape"),
        ({"architecture": None}, "architecture must be a text, got None"),
        ({"architecture": ["test_resnet"]}, "architecture must be a text"),
        ({"architecture": "x" * 300}, "1 to 200 characters"),
        ({"fer_core__stride": 0}, "stride must be null or an integer"),
        ({"fer_core__stride": 8.5}, "stride must be null or an integer"),
        ({"fer_core__stride": True}, "stride must be null or an integer"),
        ({"fer_core__stride": 10**9}, "stride must be null or an integer"),
        ({"fer_core__stem": "huge"}, "stem must be one of own, small"),
        ({"fer_core__weights": ["own"]}, "weights must be one of own, timm"),
        ({"fer_core__weights": "timm", "pretrained_cfg": None}, "pretrained_cfg must be an object"),
        ({"fer_core__input__std": [0, 0, 0]}, "std must be above 0"),
        ({"fer_core__input__mean": [float("nan")] * 3}, "finite numbers, got nan"),
        ({"fer_core__input__landmarks": [[0.5, 0.5]] * 3}, "3 distinct points"),
        ({"fer_core__input": []}, "input must be an object"),
        ({"fer_core__facts": None}, "facts must be an object"),
        ({"fer_core__facts": {"accuracy": float("inf")}}, "finite numbers, got inf"),
        ({"fer_core__facts": {"deep": nested(40)}}, "nested more than 16 deep"),
        ({"fer_core__facts": {"many": list(range(60_000))}}, "at most 50,000 values"),
        ({"fer_core__taxonomy": 5}, "taxonomy must be an object"),
        ({"fer_core": "own"}, "fer_core must be an object"),
    ],
)
def test_a_configuration_of_the_wrong_form_is_refused_before_anything_is_made(
    folder, nothing_is_made, values, words
):
    change(folder, **values)
    with pytest.raises(ModelError, match=words) as caught:
        load_model(folder, "USER/NAME")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 50_000, "7", "null", "", '"' + "x" * 100]
)
def test_a_file_that_is_no_object_is_refused(folder, nothing_is_made, text):
    (folder / CONFIG_FILE).write_text(text)
    for read in (load_model, read_facts):
        with pytest.raises(ModelError, match="cannot be loaded"):
            read(folder)


def change_weights(folder, change):
    state = load_file(folder / WEIGHTS_FILE)
    change(state)
    save_file(state, folder / WEIGHTS_FILE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["classifier.bias"].fill_(torch.nan), "classifier.bias has values"),
        (lambda state: state["classifier.weight"].fill_(torch.inf), "values that are not finite"),
        (
            lambda state: next(v for n, v in state.items() if n.endswith("running_var")).fill_(-1),
            "negative variance",
        ),
        (lambda state: state.update({"classifier.bias": torch.zeros(4)}), "by label_names"),
        (lambda state: state.pop("classifier.weight"), "has shape none"),
        (lambda state: state.update(more=torch.zeros(2, dtype=torch.uint8)), "of type U8"),
    ],
)
def test_weights_that_do_not_fit_or_predict_nothing_but_nan_are_refused(folder, change, words):
    change_weights(folder, change)
    with pytest.raises(ModelError, match=words):
        load_model(folder)


@pytest.mark.parametrize("size", [1024, 2048])
@pytest.mark.slow
def test_a_network_of_which_one_image_takes_minutes_is_refused_without_trying_it(
    folder, monkeypatch, size
):
    monkeypatch.setattr(pretrained, "_check_size", lambda *_: None)  # the tiny weights' own refusal
    change(folder, architecture="vit_small_patch16_224", fer_core__input__size=size)
    with pytest.raises(ModelError, match="billion multiply-adds an image, at most 100 billion"):
        load_model(folder)


def test_a_large_input_that_a_small_network_copes_with_is_loaded(folder):
    change(folder, fer_core__input__size=576)
    assert load_model(folder).input.size == 576

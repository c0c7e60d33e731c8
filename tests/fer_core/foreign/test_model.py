import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from fer_core.datasets.images import PixelRows
from fer_core.foreign.labels import map_labels
from fer_core.foreign.model import ForeignModel, is_foreign, load_network
from fer_core.models.pretrained import CONFIG_FILE, WEIGHTS_FILE, ModelError
from fer_core.weights import BUNDLED
from tests.foreign_models import LABELS, save_timm, save_transformers


@pytest.fixture
def timm_folder(tmp_path):
    return save_timm(tmp_path / "timm model")


@pytest.fixture
def vit_folder(tmp_path):
    pytest.importorskip("transformers")
    return save_transformers(tmp_path / "vit")


@pytest.fixture(scope="module")
def noise_images():
    """Three colour images of noise, 32 pixels wide: no library has to resize them."""
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def images(noise_images):
    return [Image.fromarray(image) for image in noise_images]


def normalised(noise_images):
    """The preprocessing that both tiny models ask for: pixels in [-1, 1]."""
    return torch.from_numpy(noise_images).permute(0, 3, 1, 2) / 127.5 - 1


def change_config(folder: Path, **values):
    file = folder / CONFIG_FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_network(folder, "someone/model")
    assert "\n" not in str(caught.value)
    assert "someone/model" in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_model_of_transformers_answers_as_transformers_does(vit_folder, noise_images):
    from transformers import ViTForImageClassification

    network = load_network(vit_folder)
    with torch.inference_mode():
        own = ViTForImageClassification.from_pretrained(vit_folder)(normalised(noise_images)).logits
    assert (network.library, network.architecture) == ("transformers", "ViTForImageClassification")
    assert network.labels == LABELS
    assert own.std() > 0.01
    torch.testing.assert_close(network.logits(images(noise_images)), own, atol=1e-5, rtol=1e-4)


def test_a_model_of_timm_answers_as_timm_does(timm_folder, noise_images):
    network = load_network(timm_folder)
    module = timm.create_model(f"local-dir:{timm_folder}", pretrained=True).eval()
    with torch.inference_mode():
        own = module(normalised(noise_images))
    assert (network.library, network.architecture) == ("timm", "test_resnet")
    assert network.labels == LABELS
    assert own.std() > 0.01
    torch.testing.assert_close(network.logits(images(noise_images)), own, atol=1e-5, rtol=1e-4)


def test_a_model_of_timm_without_names_has_numbered_labels(tmp_path):
    network = load_network(save_timm(tmp_path / "nameless", labels=None, count=3))
    assert network.labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_the_preprocessing_is_the_models_own_whatever_size_an_image_has(timm_folder):
    network = load_network(timm_folder)
    wide = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 90, 3), dtype=np.uint8))
    assert network.input.size == 32
    assert network.prepare([wide]).shape == (1, 3, 32, 32)


@pytest.mark.slow
def test_the_mirror_image_is_averaged_and_grey_images_are_taken(timm_folder):
    grey = np.random.default_rng(2).integers(0, 256, (5, 24, 24), dtype=np.uint8)
    network = load_network(timm_folder)
    model = ForeignModel(network, map_labels(network.labels))
    one = model.logits(PixelRows(grey), mirror=True)
    other = model.logits(PixelRows(grey[:, :, ::-1].copy()), mirror=True)
    single = model.logits(PixelRows(grey), mirror=False)
    assert one.shape == (5, 4)
    np.testing.assert_allclose(one, other, atol=1e-5)
    assert not np.allclose(one, single, atol=1e-4)


def test_which_folders_hold_a_model_of_another_project(timm_folder, tmp_path):
    assert is_foreign(timm_folder)
    assert not is_foreign(BUNDLED)
    assert not is_foreign(tmp_path)
    (tmp_path / CONFIG_FILE).write_text("{")
    assert not is_foreign(tmp_path)


def test_weights_that_are_only_pickles_are_refused_unopened(timm_folder):
    (timm_folder / WEIGHTS_FILE).unlink()
    (timm_folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    message = refusal(timm_folder)
    assert "pytorch_model.bin, which can run code" in message
    assert WEIGHTS_FILE in message


def test_code_of_a_repository_is_never_run(vit_folder, tmp_path):
    mark = tmp_path / "mark"
    (vit_folder / "own.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    classes = {"AutoConfig": "own.Own", "AutoModelForImageClassification": "own.OwnModel"}
    change_config(vit_folder, model_type="own", auto_map=classes)
    refusal(vit_folder)
    assert not mark.exists()


def test_a_model_saved_without_its_head_is_refused(vit_folder):
    state = load_file(vit_folder / WEIGHTS_FILE)
    kept = {name: value for name, value in state.items() if "classifier" not in name}
    save_file(kept, vit_folder / WEIGHTS_FILE, metadata={"format": "pt"})
    assert "weights lack 2 of the classifier's tensors" in refusal(vit_folder)


@pytest.mark.slow
def test_a_network_larger_than_its_weights_is_refused_before_it_is_made(vit_folder, timm_folder):
    change_config(vit_folder, hidden_size=200_000)
    assert "are of a smaller network" in refusal(vit_folder)
    change_config(timm_folder, architecture="vit_giant_patch14_224", model_args={})
    assert "are of a smaller network" in refusal(timm_folder)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"id2label": []}, "id2label must be an object of 1 to 1000 names, got list of 0"),
        ({"id2label": {str(place): "a" for place in range(1001)}}, "got dict of 1001"),
        ({"id2label": {"x": "happy"}}, "id2label must have numbers with names"),
        ({"id2label": {"0": "h" * 101}}, "of at most 100 characters"),
        ({"num_hidden_layers": 100_000}, "num_hidden_layers must be .* 1 to 200, got 100000"),
        ({"num_hidden_layers": -1}, "num_hidden_layers must be .* got -1"),
        ({"depths": [2, "x"]}, "depths must be .* got 'x'"),
        ({"patch_size": 0}, r"patch_size must be in \[1, 1,000,000\], got 0"),
        ({"hidden_size": 10**12}, "hidden_size must be in"),
        ({"num_attention_heads": 0}, r"makes no network \(ZeroDivisionError"),
    ],
)
def test_a_configuration_of_transformers_that_makes_no_network_is_refused(vit_folder, values, told):
    change_config(vit_folder, **values)
    assert re.search(told, refusal(vit_folder))


def test_weights_that_the_network_has_no_place_for_are_refused(vit_folder):
    state = load_file(vit_folder / WEIGHTS_FILE)
    layer = {name: value for name, value in state.items() if ".layer.0." in name}
    assert layer
    more = {name.replace(".layer.0.", ".layer.7."): layer[name].clone() for name in layer}
    save_file({**state, **more}, vit_folder / WEIGHTS_FILE, metadata={"format": "pt"})
    assert "tensors that its configuration has no place for, such as" in refusal(vit_folder)


def change_processor(folder: Path, **values):
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"size": {"height": 100_000, "width": 32}}, "size.height of preprocessor_config.json"),
        ({"size": {"height": 0, "width": 32}}, "from 1 to 2048, got 0"),
        ({"size": 4096}, "got 4096"),
        ({"size": [32, 1e9]}, "got 1000000000.0"),
        ({"size": "large"}, "got 'large'"),
        ({"size": {"shortest_edge": True}}, "size.shortest_edge"),
        ({"crop_size": {"height": 32, "width": -1}}, "crop_size.width"),
        ({"image_std": [0.5, 0, 0.5]}, "image_std of preprocessor_config.json"),
        ({"image_mean": [float("nan")]}, "1 to 4 finite numbers"),
    ],
)
def test_an_image_processor_of_odd_sizes_is_refused_before_an_image_is_made(
    vit_folder, monkeypatch, values, told
):
    change_processor(vit_folder, **values)
    monkeypatch.setattr(Image.Image, "resize", lambda *_: pytest.fail("an image was made"))
    assert told in refusal(vit_folder)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"input_size": [3, 100_000, 100_000]}, "input_size must be a whole number"),
        ({"input_size": [3, 32]}, "[1 or 3, height, width], got [3, 32]"),
        ({"input_size": [7, 32, 32]}, "got [7, 32, 32]"),
        ({"input_size": [3, 32.5, 32]}, "got 32.5"),
        ({"crop_pct": 1e-9}, "crop_pct must be a number in [0.05, 1]"),
        ({"crop_pct": "all"}, "got 'all'"),
        ({"std": [0.2, -1, 0.2]}, "std of pretrained_cfg"),
    ],
)
def test_a_configuration_of_timm_with_odd_sizes_is_refused(timm_folder, values, told):
    config = json.loads((timm_folder / CONFIG_FILE).read_text())
    change_config(timm_folder, pretrained_cfg={**config["pretrained_cfg"], **values})
    assert told in refusal(timm_folder)


@pytest.mark.slow
def test_a_large_input_that_takes_gigabytes_is_refused_before_it_is_computed(
    timm_folder, vit_folder, monkeypatch
):
    monkeypatch.setattr("fer_core.models.planned.MOST_MACS", 1e6)
    config = json.loads((timm_folder / CONFIG_FILE).read_text())
    change_config(
        timm_folder, pretrained_cfg={**config["pretrained_cfg"], "input_size": [3, 2048, 2048]}
    )
    assert "test_resnet at 2048 x 2048 takes" in refusal(timm_folder)
    monkeypatch.setattr("fer_core.foreign.network.LEAST_BYTES", 0)  # its places are weights too
    change_config(vit_folder, image_size=1024)
    change_processor(vit_folder, size={"height": 1024, "width": 1024})
    assert "ViTForImageClassification at 1024 x 1024 takes" in refusal(vit_folder)


def test_a_model_of_transformers_without_an_image_processor_is_refused(vit_folder):
    (vit_folder / "preprocessor_config.json").unlink()
    assert "has no preprocessor_config.json" in refusal(vit_folder)


@pytest.mark.slow
def test_what_is_no_image_classifier_is_refused(vit_folder, timm_folder, tmp_path):
    change_config(vit_folder, model_type="bert")
    assert "cannot be loaded" in refusal(vit_folder)
    change_config(timm_folder, architecture="no_such_network")
    assert "no_such_network" in refusal(timm_folder)
    (timm_folder / CONFIG_FILE).write_text("[]")
    assert "none of timm (architecture), transformers (model_type)" in refusal(timm_folder)
    assert "not an image classifier" in refusal(tmp_path / "nowhere")


def test_weights_of_another_shape_and_broken_files_are_refused(timm_folder):
    change_config(timm_folder, num_classes=7, model_args={"num_classes": 7})
    assert "cannot be loaded" in refusal(timm_folder)
    (timm_folder / WEIGHTS_FILE).write_bytes(b"x" * 5_000_000)
    assert "cannot be loaded" in refusal(timm_folder)


def test_a_network_that_answers_with_nan_is_refused(timm_folder):
    state = load_file(timm_folder / WEIGHTS_FILE)
    state["fc.bias"][0] = float("nan")
    save_file(state, timm_folder / WEIGHTS_FILE)
    with pytest.raises(ModelError, match="NaN or infinity"):
        load_network(timm_folder)


def test_without_transformers_the_refusal_names_the_extra(timm_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    change_config(timm_folder, model_type="vit")
    with pytest.raises(ModelError, match=r"pip install 'fer-core\[transformers\]'"):
        load_network(timm_folder)

import json
from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import load_file

from fer_core.config.input_spec import InputSpec
from fer_core.hub.publish import Statement, write_publication
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    load_model,
    read_config,
    save_model,
)

CLASSES = ("neutral", "happiness", "surprise")
PLACES = ((0.31, 0.39), (0.69, 0.39), (0.5, 0.78))
SAID = Statement("faces_eac", "apache-2.0", "Faces.", "Learn From All", "arXiv:2207.10299")


def save(folder, backbone, *, channels=1, size=64, stride=None, stem="own", half=False):
    """A saved model whose BatchNorm has seen something."""
    torch.manual_seed(0)
    options = {"channels": channels, "stride": stride, "stem": stem}
    model = AttentionModel(backbone, len(CLASSES), image_size=size, **options)
    with torch.no_grad():
        model.train()(torch.randn(8, channels, size, size))
    spec = InputSpec(size, channels, (0.5,) * channels, (0.25,) * channels, 48, True, PLACES)
    names = {"backbone": backbone, "stride": stride, "stem": stem, "classes": CLASSES}
    save_model(folder, model.eval(), **names, spec=spec, facts={"method": "eac"}, half=half)
    return folder


def publish(source, out, statement=SAID):
    out.mkdir()
    return write_publication(source, out, statement, {"method": "eac", "accuracy": 0.5})


def logits_of(folder, images):
    return load_model(folder).model(images).logits


REBUILT = [
    ("test_resnet", {}),
    ("test_resnet", {"channels": 3, "half": True}),
    ("test_efficientnet", {"stride": 16}),  # the last strided layer has only 1x1 layers behind it
    ("test_vit", {}),
]
OWN = [
    ("test_convnext", {}),  # a norm after the pooling
    ("mobilenetv3_small_050", {}),  # a layer after the pooling, whose effect is small at first
    ("test_efficientnet", {"stride": 8}),
    ("test_efficientnet", {"stem": "small"}),
]


@pytest.mark.parametrize(("backbone", "options"), REBUILT)
@pytest.mark.slow
def test_timm_alone_rebuilds_a_model_whose_head_is_plain(tmp_path, backbone, options):
    source = save(tmp_path / "model", backbone, **options)
    assert publish(source, tmp_path / "out") == "timm"
    images = torch.randn(2, options.get("channels", 1), 64, 64)
    ours = logits_of(source, images)
    network = timm.create_model(f"local-dir:{tmp_path / 'out'}", pretrained=True).eval()
    assert torch.equal(logits_of(tmp_path / "out", images), ours)
    assert torch.allclose(network(images), ours, rtol=1e-4, atol=1e-4 * float(ours.abs().max()))
    assert network.pretrained_cfg["label_names"] == list(CLASSES)


@pytest.mark.parametrize(("backbone", "options"), OWN)
@pytest.mark.slow
def test_what_timm_cannot_rebuild_keeps_our_layout_and_timm_refuses_it(tmp_path, backbone, options):
    source = save(tmp_path / "model", backbone, **options)
    assert publish(source, tmp_path / "out") == "own"
    images = torch.randn(2, 1, 64, 64)
    assert torch.equal(logits_of(tmp_path / "out", images), logits_of(source, images))
    for more in ({}, {"num_classes": 2}):  # no network with random weights, whatever is asked
        with pytest.raises((RuntimeError, KeyError), match=r"Missing key|backbone"):
            timm.create_model(f"local-dir:{tmp_path / 'out'}", pretrained=True, **more)


@pytest.mark.slow
def test_the_configuration_is_timms_with_our_facts_beside_it(tmp_path):
    save(tmp_path / "model", "test_resnet")
    publish(tmp_path / "model", tmp_path / "out")
    config = json.loads((tmp_path / "out" / CONFIG_FILE).read_text())
    assert config["architecture"] == "test_resnet"
    assert config["num_classes"] == 3
    assert config["label_names"] == list(CLASSES)
    assert config["model_args"] == {"in_chans": 1}
    cfg = config["pretrained_cfg"]
    assert (cfg["tag"], cfg["license"], cfg["custom_load"]) == ("faces_eac", "apache-2.0", False)
    assert (cfg["input_size"], cfg["mean"], cfg["std"]) == ([1, 64, 64], [0.5], [0.25])
    assert (cfg["classifier"], cfg["first_conv"]) == ("fc", "conv1.0")
    assert (cfg["paper_name"], cfg["paper_ids"]) == ("Learn From All", "arXiv:2207.10299")
    assert config["fer_core"]["weights"] == "timm"
    assert config["fer_core"]["facts"] == {"method": "eac", "accuracy": 0.5}


@pytest.mark.slow
def test_only_weights_and_configuration_are_written_and_no_pickle(tmp_path):
    save(tmp_path / "model", "test_resnet")
    publish(tmp_path / "model", tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {WEIGHTS_FILE, CONFIG_FILE}


@pytest.mark.slow
def test_the_precision_of_the_weights_stays(tmp_path):
    save(tmp_path / "model", "test_resnet", half=True)
    publish(tmp_path / "model", tmp_path / "out")
    kinds = {value.dtype for value in load_file(tmp_path / "out" / WEIGHTS_FILE).values()}
    assert kinds == {torch.float16, torch.int64}


@pytest.mark.slow
def test_a_published_model_can_be_published_again(tmp_path):
    save(tmp_path / "model", "test_resnet")
    publish(tmp_path / "model", tmp_path / "out")
    again = publish(tmp_path / "out", tmp_path / "again", replace(SAID, tag="second"))
    assert again == "timm"
    first, second = (load_file(tmp_path / name / WEIGHTS_FILE) for name in ("out", "again"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert read_config(tmp_path / "again")["pretrained_cfg"]["tag"] == "second"


@pytest.mark.parametrize("tag", ["", "Big", "a-b", "a.b", "_a", "a" * 65])
def test_a_tag_that_timm_cannot_take_is_refused(tag):
    with pytest.raises(ModelError, match="must be 1 to 64 small letters, digits and '_'"):
        replace(SAID, tag=tag)

import pytest
import torch

from fer_core.config.input_spec import InputSpec
from fer_core.hub.publish import Statement, write_publication
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import WEIGHTS_FILE, load_model, save_model
from fer_core.models.timm_format import (
    from_timm,
    layer_names,
    possible_arguments,
    timm_rebuilds,
    to_timm,
)

SPEC = InputSpec(64, 3, (0.5,) * 3, (0.25,) * 3, 64, False, ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8)))


@pytest.fixture
def published(tmp_path):
    """A model and the folder from which timm rebuilds it."""
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 2, image_size=64).eval()
    source, out = tmp_path / "model", tmp_path / "out"
    names = {"backbone": "test_resnet", "stride": None, "classes": ("a", "b")}
    save_model(source, model, **names, spec=SPEC, facts={})
    out.mkdir()
    write_publication(source, out, Statement("a", "mit", "A."), {})
    return load_model(source).model, out


def test_names_go_to_timms_and_back():
    state = {name: torch.zeros(1) for name in ("backbone.a.b", "classifier.bias", "backbone.head")}
    theirs = to_timm(state, "head.fc")
    assert set(theirs) == {"a.b", "head.fc.bias", "head"}
    assert set(from_timm(theirs, "head.fc")) == set(state)


@pytest.mark.slow
def test_the_check_sees_a_difference_far_below_what_rounding_hides(published):
    model, folder = published
    assert timm_rebuilds(folder, model, 64)
    with torch.no_grad():
        model.classifier.weight[0].mul_(1 + 1e-5)
    assert not timm_rebuilds(folder, model, 64)


def test_the_check_leaves_the_model_as_it_is(published):
    model, folder = published
    images = torch.randn(1, 3, 64, 64)
    before = model(images).logits
    timm_rebuilds(folder, model, 64)
    assert torch.equal(model(images).logits, before)


def test_a_folder_that_timm_cannot_read_is_not_rebuilt(published, tmp_path):
    model, folder = published
    (folder / WEIGHTS_FILE).unlink()
    assert not timm_rebuilds(folder, model, 64)


def test_the_size_is_an_argument_only_where_it_is_fixed():
    (cnn, *_), (tokens, *_) = (
        list(possible_arguments(name, 1, 96, None)) for name in ("resnet18", "test_vit")
    )
    assert cnn == {"in_chans": 1}
    assert tokens == {"in_chans": 1, "img_size": 96}
    assert next(possible_arguments("resnet18", 3, 64, 16))["output_stride"] == 16


def test_a_network_with_two_last_layers_has_none_by_name():
    assert layer_names("resnet18")["classifier"] == "fc"
    assert layer_names("levit_128s")["classifier"] is None


def test_a_name_that_this_project_adds_is_never_published_as_timms():
    assert list(possible_arguments("tf_mobilenetv1_100", 3, 64, None)) == []

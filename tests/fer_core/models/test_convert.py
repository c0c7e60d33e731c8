import pytest
import timm
import torch
from safetensors.torch import load_file

from fer_core.models.attention_model import AttentionModel
from fer_core.models.convert import ForeignWeightsError, convert_weights


@pytest.fixture
def foreign(tmp_path):
    """Weights of a network with a classifier of 10, under names of its own."""
    torch.manual_seed(3)
    state = timm.create_model("test_resnet", num_classes=10).state_dict()
    file = tmp_path / "foreign.pth"
    torch.save({f"layer.{index}": value for index, value in enumerate(state.values())}, file)
    return file, state


def test_the_tensors_get_timms_names_and_a_model_starts_from_them(foreign, tmp_path):
    file, state = foreign
    out = tmp_path / "out.safetensors"
    converted = convert_weights("test_resnet", file, out)
    written = load_file(out)
    assert converted.tensors == len(written) == len(state) - 2
    assert converted.dropped == (f"layer.{len(state) - 2}", f"layer.{len(state) - 1}")
    assert all(torch.equal(written[name], state[name]) for name in written)
    model = AttentionModel("test_resnet", 7, image_size=64, channels=3, pretrained=str(out))
    weights = dict(model.backbone.state_dict())
    assert torch.equal(weights["conv1.0.weight"], state["conv1.0.weight"])


def test_a_state_dictionary_inside_of_a_checkpoint_is_found(foreign, tmp_path):
    file, _ = foreign
    torch.save({"state_dict": torch.load(file, weights_only=True), "epoch": 3}, file)
    assert convert_weights("test_resnet", file, tmp_path / "out.safetensors").tensors > 0


def test_another_architecture_is_refused_and_nothing_written(foreign, tmp_path):
    file, _ = foreign
    out = tmp_path / "out.safetensors"
    with pytest.raises(ForeignWeightsError, match="is not a mobilenetv2_100"):
        convert_weights("mobilenetv2_100", file, out)
    assert not out.exists()


def test_what_is_no_file_of_weights_is_named(tmp_path):
    out = tmp_path / "out.safetensors"
    text = tmp_path / "text.pth"
    text.write_text("no weights")
    with pytest.raises(ForeignWeightsError, match=r"text\.pth holds no weights"):
        convert_weights("test_resnet", text, out)
    with pytest.raises(ForeignWeightsError, match=r"nothing\.pth holds no weights"):
        convert_weights("test_resnet", tmp_path / "nothing.pth", out)
    torch.save([1, 2], text)
    with pytest.raises(ForeignWeightsError, match="no state dictionary"):
        convert_weights("test_resnet", text, out)
    with pytest.raises(ForeignWeightsError, match="unknown timm backbone"):
        convert_weights("nonsense", text, out)
    with pytest.raises(ForeignWeightsError, match=r"end in \.safetensors"):
        convert_weights("test_resnet", text, tmp_path / "out.pth")

import hashlib

import pytest
import timm
import torch

from fer_core.cli import convert_weights
from fer_core.config import RunConfig
from fer_core.publishing.model_info import stated_origin
from fer_core.records.provenance import weights_origin
from fer_core.training.engine import train
from tests.fer_core.models.tfjs_files import write_graph


@pytest.mark.slow
def test_the_command_writes_a_file_that_pretrained_takes(call_command, tmp_path):
    file, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(timm.create_model("test_resnet").state_dict(), file)
    code, output, _ = call_command(convert_weights, "test_resnet", file, out)
    assert code == 0
    assert output.startswith(f"{out}: ")
    assert out.is_file()


def test_source_and_licence_of_the_command_line_are_stated_in_the_file(call_command, tmp_path):
    file, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(timm.create_model("test_resnet").state_dict(), file)
    stated = ("--source", "by somebody", "--license", "MIT")
    code, output, _ = call_command(convert_weights, "test_resnet", file, out, *stated)
    assert code == 0
    origin = weights_origin(str(out))
    assert (origin.source, origin.licence) == ("by somebody", "MIT")
    assert origin.source_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "by somebody" in output
    assert "MIT" in output
    assert "Dropped, as not part of it: 2 (fc.weight, fc.bias)\n" in output


@pytest.mark.slow
def test_a_graph_takes_its_statistics_from_the_data_and_a_run_tells_its_origin(
    call_command, tmp_path
):
    file, _ = write_graph(tmp_path)
    out = tmp_path / "a.safetensors"
    data = ("--data", "synthetic?train=64&test=16", "--image-size", "48")
    assert call_command(convert_weights, "tf_mobilenetv1_100", file, out, *data)[0] == 0
    config = RunConfig(
        data="synthetic?train=64&test=16",
        image_size=48,
        backbone="tf_mobilenetv1_100",
        pretrained=str(out),
        epochs=1,
        batch_size=32,
        method="cross_entropy",
    )
    record = train(config, tmp_path / "run", device="cpu", progress=False)
    assert record.model["pretrained_origin"]["licence"] == "Apache-2.0"
    assert "48 pixels" in record.model["pretrained_origin"]["change"]
    assert "VGGFace2" in stated_origin(record)


def test_a_file_that_does_not_fit_is_one_error(call_command, tmp_path):
    file, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(timm.create_model("test_vit").state_dict(), file)
    code, _, _ = call_command(convert_weights, "test_resnet", file, out)
    assert code.startswith("error: ")
    assert "is not a test_resnet" in code
    assert not out.exists()


def test_a_file_that_holds_no_weights_gets_a_sentence(call_command, tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n")
    code, _, _ = call_command(
        convert_weights, "test_resnet", tmp_path / "notes.txt", tmp_path / "out.safetensors"
    )
    assert code.endswith("notes.txt holds no weights that can be read: it is no file of torch")

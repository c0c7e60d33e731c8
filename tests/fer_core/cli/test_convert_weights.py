import timm
import torch

from fer_core.cli import convert_weights


def test_the_command_writes_a_file_that_pretrained_takes(call_command, tmp_path):
    file, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(timm.create_model("test_resnet").state_dict(), file)
    code, output, _ = call_command(convert_weights, "test_resnet", file, out)
    assert code == 0
    assert output.startswith(f"{out}: ")
    assert out.is_file()


def test_a_file_that_does_not_fit_is_one_error(call_command, tmp_path):
    file, out = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(timm.create_model("test_vit").state_dict(), file)
    code, _, _ = call_command(convert_weights, "test_resnet", file, out)
    assert code.startswith("error: ")
    assert "is no test_resnet" in code
    assert not out.exists()

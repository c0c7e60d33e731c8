from types import SimpleNamespace

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from fer_core import backbones
from fer_core.backbones import BackboneError, create_backbone, to_map


def create(name, size=64, *, channels=3, stride=None, pretrained="none"):
    return create_backbone(
        name, pretrained=pretrained, channels=channels, image_size=size, stride=stride
    )


def map_of(backbone, size, channels=3):
    with torch.no_grad():
        output = backbone.network.eval()(torch.rand(2, channels, size, size))
    return to_map(output, backbone.network, backbone.layout)


def test_unknown_names_list_near_ones():
    with pytest.raises(BackboneError, match=r"unknown timm backbone 'resnet5'; near: .*resnet50"):
        create("resnet5")


def test_a_name_like_no_other_is_refused_without_a_guess():
    with pytest.raises(BackboneError, match=r"unknown timm backbone '§§§'$"):
        create("§§§")


def test_a_family_whose_last_map_is_a_point_is_refused():
    with pytest.raises(BackboneError, match="vgg11"):
        create("vgg11")


def test_a_family_with_two_branches_is_refused():
    with pytest.raises(BackboneError, match="crossvit_9_240"):
        create("crossvit_9_240", 240)


def test_a_map_of_a_single_point_is_refused_with_a_way_out():
    with pytest.raises(BackboneError, match=r"single point.*image_size.*stride"):
        create("test_resnet", 32)


def test_an_input_that_the_network_does_not_take_is_refused():
    with pytest.raises(BackboneError, match="test_vit"):
        create("test_vit", 50)


def test_absent_hub_weights_name_the_two_ways_out(monkeypatch):
    def offline(*_, **__):
        raise OSError("We couldn't connect to 'https://huggingface.co'\nand more")

    monkeypatch.setattr(backbones.timm, "create_model", offline)
    with pytest.raises(BackboneError) as caught:
        create("test_resnet", pretrained="hub")
    message = str(caught.value)
    assert "no pretrained weights of test_resnet from the hub" in message
    assert "--pretrained none" in message
    assert "--pretrained PATH" in message
    assert "\n" not in message


def test_an_absent_weights_file_is_named():
    with pytest.raises(BackboneError, match=r"no weights file at nothing\.pth"):
        create("test_resnet", pretrained="nothing.pth")


def test_a_broken_weights_file_is_named(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(BackboneError, match=r"no pretrained weights of test_resnet from .*broken"):
        create("test_resnet", pretrained=str(path))


def test_weights_of_a_local_file_are_loaded(tmp_path):
    source = timm.create_model("test_resnet").state_dict()
    save_file(source, tmp_path / "weights.safetensors")
    loaded = create("test_resnet", pretrained=str(tmp_path / "weights.safetensors")).network
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, source[name]), name


def test_convention_tokens_become_rows_from_the_top_left():
    network = SimpleNamespace(patch_embed=SimpleNamespace(grid_size=(2, 3)), num_prefix_tokens=1)
    tokens = torch.arange(7.0)[None, :, None].expand(1, 7, 4)  # token 0 is the class token
    maps = to_map(tokens, network, "tokens")
    assert maps.shape == (1, 4, 2, 3)
    assert maps[0, 2].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_channels_last_output_becomes_channels_first():
    output = torch.arange(24.0).reshape(1, 2, 3, 4)  # (B, h, w, D)
    assert torch.equal(to_map(output, nn.Identity(), "NHWC"), output.permute(0, 3, 1, 2))
    assert to_map(output, nn.Identity(), "NHWC").shape == (1, 4, 2, 3)


@pytest.mark.parametrize(("stride", "side"), [(None, 2), (32, 2), (16, 4), (8, 8)])
@pytest.mark.parametrize("name", ["mobilenetv2_100", "resnet18"])
def test_the_stride_decides_the_size_of_the_map(name, stride, side):
    assert map_of(create(name, 64, stride=stride), 64).shape[2:] == (side, side)


def test_a_changed_stride_keeps_the_weights():
    plain, dense = (
        {n: v.shape for n, v in create("resnet18", stride=s).network.state_dict().items()}
        for s in (None, 8)
    )
    assert plain == dense


@pytest.mark.parametrize(
    ("name", "size", "stride"),
    [("test_vit", 160, 8), ("convnext_atto", 64, 8), ("resnet18", 64, 2)],
)
def test_a_stride_that_cannot_be_had_is_refused(name, size, stride):
    with pytest.raises(BackboneError, match=name):
        create(name, size, stride=stride)


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_come_one_per_channel_from_the_network(channels):
    backbone = create("test_resnet", channels=channels)
    assert backbone.mean == pytest.approx((0.5,) * channels)
    assert backbone.std == pytest.approx((0.5,) * channels)
    assert map_of(backbone, 64, channels).shape[1] == backbone.features


def test_colour_statistics_are_averaged_for_a_grey_network():
    backbone = create("resnet18", channels=1)
    assert backbone.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,))

from types import SimpleNamespace

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from fer_core.models import timm_networks
from fer_core.models.backbones import create_backbone, synchronised_batch_norm
from fer_core.models.feature_maps import BackboneError, to_map


def create(name, size=64, *, channels=3, stride=None, stem="own", pretrained="none"):
    return create_backbone(
        name, pretrained=pretrained, channels=channels, image_size=size, stride=stride, stem=stem
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


@pytest.mark.slow
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

    monkeypatch.setattr(timm_networks.timm, "create_model", offline)
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
@pytest.mark.slow
def test_the_stride_decides_the_size_of_the_map(name, stride, side):
    assert map_of(create(name, 64, stride=stride), 64).shape[2:] == (side, side)


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("name", "own", "small"),
    [("resnet18", 2, 8), ("test_resnet", 2, 8), ("mobilenetv2_100", 2, 4), ("resnet50d", 2, 8)],
)
@pytest.mark.slow
def test_a_small_stem_keeps_more_points(name, own, small):
    for stem, side in (("own", own), ("small", small)):
        assert map_of(create(name, stem=stem), 64).shape[2:] == (side, side)


@pytest.mark.parametrize("name", ["resnet18", "test_resnet", "mobilenetv2_100"])
@pytest.mark.slow
def test_a_small_stem_takes_inputs_of_32_pixels(name):
    side = 2 if name == "mobilenetv2_100" else 4
    assert map_of(create(name, 32, channels=1, stem="small"), 32, 1).shape[2:] == (side, side)
    with pytest.raises(BackboneError, match="single point"):
        create(name, 32, channels=1)


def test_a_small_stem_starts_with_a_3x3_convolution_and_no_pooling():
    network = create("resnet18", stem="small").network
    assert network.conv1.kernel_size == (3, 3)
    assert network.conv1.stride == network.conv1.padding == (1, 1)
    assert network.conv1.weight.shape == (64, 3, 3, 3)
    assert not any(isinstance(module, nn.MaxPool2d) for module in network.modules())
    assert network.conv1.weight.detach().std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.1)


@pytest.mark.slow
def test_a_small_stem_and_a_stride_work_together():
    assert map_of(create("resnet18", stem="small", stride=4), 64).shape[2:] == (16, 16)
    with pytest.raises(BackboneError, match="resnet18 has a total stride of 8, it cannot be made"):
        create("resnet18", stem="small", stride=16)


@pytest.mark.parametrize("name", ["convnext_atto", "test_vit"])
def test_a_small_stem_needs_a_convolution_that_it_can_change(name):
    with pytest.raises(BackboneError, match=f"{name} has no first convolution .* use stem 'own'"):
        create(name, stem="small")


@pytest.mark.slow
def test_a_small_stem_refuses_pretrained_weights_of_another_shape(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file(timm.create_model("resnet18").state_dict(), file)
    with pytest.raises(BackboneError, match=r"resnet18 is 7x7, stem 'small' has 3x3: use stem"):
        create("resnet18", stem="small", pretrained=str(file))


@pytest.mark.slow
def test_a_small_stem_keeps_pretrained_weights_that_fit(tmp_path):
    source = timm.create_model("mobilenetv2_100").state_dict()
    save_file(source, tmp_path / "weights.safetensors")
    path = str(tmp_path / "weights.safetensors")
    network = create("mobilenetv2_100", stem="small", pretrained=path).network
    assert network.conv_stem.stride == (1, 1)
    for name, value in network.state_dict().items():
        assert torch.equal(value, source[name]), name


def test_synchronised_batch_norm_keeps_every_weight_and_name():
    network = create("test_resnet").network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = synchronised_batch_norm(network)
    assert any(isinstance(module, nn.SyncBatchNorm) for module in after.modules())
    assert after.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in after.state_dict().items())


def test_weights_that_timm_does_not_have_of_a_network_are_named_with_those_it_has():
    with pytest.raises(BackboneError, match=r"no weights 'bogus' of resnet18: .*a1_in1k"):
        create("resnet18.bogus")


@pytest.mark.slow
def test_a_network_that_fails_in_a_way_of_its_own_is_a_sentence():
    with pytest.raises(BackboneError, match="lamhalobotnet50ts_256"):
        create("lamhalobotnet50ts_256", 64)


def test_the_stride_of_a_transformer_is_that_of_its_patches():
    with pytest.raises(BackboneError, match="total stride of 16, that of its patches"):
        create("test_vit", 160, stride=8)

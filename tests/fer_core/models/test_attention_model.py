import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fer_core.models.attention_model import AttentionModel
from fer_core.models.feature_maps import BackboneError

FAMILIES = {
    "resnet50": 64,
    "mobilenetv2_100": 64,
    "efficientnet_b0": 64,
    "convnext_tiny": 64,
    "mobilenetv3_large_100": 64,
    "swin_tiny_patch4_window7_224": 96,
    "vit_small_patch16_224": 64,
    "regnety_002": 64,
}


@pytest.fixture(params=FAMILIES)
def family(request):
    """A model of the family with random weights, and a batch that it takes."""
    torch.manual_seed(0)
    size = FAMILIES[request.param]
    return AttentionModel(request.param, 7, image_size=size), torch.randn(2, 3, size, size)


@pytest.mark.slow
def test_maps_explain_logits_exactly_and_teach_the_whole_backbone(family):
    model, images = family
    model.eval()
    features = model.features(images)
    logits, maps = model(images)
    expected = model.classifier(features.mean((2, 3)))
    scale = expected.abs().max()
    assert logits.shape == (2, 7)
    assert maps.shape == (2, 7, *features.shape[2:])
    assert min(maps.shape[2:]) > 1
    assert ((logits - expected).abs().max() / scale) < 1e-4
    from_maps = maps.mean((2, 3)) + model.classifier.bias
    assert ((from_maps - expected).abs().max() / scale) < 1e-4
    by_hand = torch.einsum("jc,nchw->njhw", model.classifier.weight, features)
    assert ((maps - by_hand).abs().max() / by_hand.abs().max()) < 1e-4

    maps.square().mean().backward()
    first = next(m for m in model.backbone.modules() if isinstance(m, nn.Conv2d))
    assert first.weight.grad.abs().max() > 0


def test_an_attention_map_is_raw_with_values_of_both_signs():
    torch.manual_seed(0)
    maps = AttentionModel("test_resnet", 7, image_size=64).eval()(torch.randn(4, 3, 64, 64)).maps
    assert maps.min() < 0 < maps.max()


def test_a_detached_classifier_gets_no_gradient_from_the_maps():
    model = AttentionModel("test_resnet", 7, image_size=64)
    features = torch.rand(2, model.classifier.in_features, 2, 2, requires_grad=True)
    model.attend(features, detach_classifier=True).maps.square().sum().backward()
    assert model.classifier.weight.grad is None
    assert features.grad.abs().max() > 0
    model.attend(features).maps.square().sum().backward()
    assert model.classifier.weight.grad.abs().max() > 0


def test_detaching_the_classifier_changes_no_value():
    model = AttentionModel("test_resnet", 7, image_size=64)
    features = torch.rand(2, model.classifier.in_features, 2, 2)
    kept, cut = model.attend(features), model.attend(features, detach_classifier=True)
    assert torch.equal(kept.maps, cut.maps)
    assert torch.equal(kept.logits, cut.logits)


def test_maps_are_float32_under_mixed_precision():
    model = AttentionModel("test_resnet", 7, image_size=64).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = model.features(torch.randn(2, 3, 64, 64))
        logits, maps = model.attend(features)
    assert features.dtype == torch.bfloat16
    assert maps.dtype == logits.dtype == torch.float32
    assert torch.allclose(maps.mean((2, 3)) + model.classifier.bias, logits, rtol=1e-4)


def test_the_layout_of_the_weights_in_memory_changes_no_answer():
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 7, image_size=64).eval()
    images = torch.randn(2, 3, 64, 64)
    before = model(images).logits
    convolution = next(m for m in model.channels_last().modules() if isinstance(m, nn.Conv2d))
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(model(images).logits, before, rtol=1e-4, atol=1e-5)


def test_statistics_are_shaped_to_be_taken_off_images():
    mean, std = AttentionModel("test_resnet", 7, image_size=64, channels=1).statistics()
    assert mean.shape == std.shape == (1, 1, 1)


def test_the_same_seed_gives_the_same_starting_weights():
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(AttentionModel("test_resnet", 7, image_size=64).state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_training_can_start_from_the_weights_of_an_earlier_run(tmp_path):
    first = AttentionModel("test_resnet", 7, image_size=64)
    file = tmp_path / "model.safetensors"
    save_file({name: value.contiguous() for name, value in first.state_dict().items()}, file)
    second = AttentionModel("test_resnet", 7, image_size=64, pretrained=str(file))
    for name, value in second.state_dict().items():
        assert torch.equal(value, first.state_dict()[name]), name


def test_a_broken_weights_file_is_named(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"not weights")
    with pytest.raises(BackboneError, match="not a safetensors file"):
        AttentionModel("test_resnet", 7, image_size=64, pretrained=str(file))


def test_the_tta_average_is_exact_and_favours_neither_side():
    model = AttentionModel("test_resnet", 7, image_size=64).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        output = model.tta_average(images)
        turned = model.tta_average(images.flip(-1))
        single = model(images)
        bias = model.classifier.bias
    torch.testing.assert_close(output.maps.mean((2, 3)) + bias, output.logits)
    torch.testing.assert_close(turned.logits, output.logits)
    torch.testing.assert_close(turned.maps, output.maps.flip(-1))
    assert not torch.allclose(single.logits, output.logits)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv2_100", "test_resnet"])
@pytest.mark.slow
def test_maps_of_a_small_stem_explain_logits_exactly(backbone):
    torch.manual_seed(0)
    model = AttentionModel(backbone, 7, image_size=32, channels=1, stem="small").eval()
    images = torch.randn(2, 1, 32, 32)
    features = model.features(images)
    logits, maps = model(images)
    torch.testing.assert_close(maps.mean((2, 3)) + model.classifier.bias, logits)
    torch.testing.assert_close(model.classifier(features.mean((2, 3))), logits)
    maps.square().mean().backward()
    first = next(m for m in model.backbone.modules() if isinstance(m, nn.Conv2d))
    assert first.weight.grad.abs().max() > 0

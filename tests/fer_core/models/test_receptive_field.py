import pytest
import torch

from fer_core.models.attention_model import AttentionModel
from fer_core.models.feature_maps import BackboneError
from fer_core.models.receptive_field import receptive_field


def seen_by_one_place(model, side=256):
    """Side of the square of the image that changes the middle place of the last map."""
    model.eval()
    for parameter in model.parameters():
        if parameter.ndim == 1:  # timm starts some BatchNorm at 0, which hides whole branches
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    image = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0))
    features = model.backbone(image.requires_grad_())
    middle = features.shape[-1] // 2
    features[0, :, middle, middle].sum().backward()
    columns = (image.grad[0, 0] != 0).any(0).nonzero()
    return int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(
    ("backbone", "stride", "pixels", "expected"),
    [
        ("mobilenetv2_100", 8, 43, 43),
        ("mobilenetv2_100", 8, 42, 27),
        ("resnet18", 8, 43, 43),
        ("test_resnet", None, 40, 39),
    ],
)
@pytest.mark.slow
def test_a_place_of_the_map_sees_no_more_than_was_asked_for(backbone, stride, pixels, expected):
    options = {"image_size": 64, "channels": 1, "stride": stride}
    model = AttentionModel(backbone, 3, receptive_field=pixels, **options)
    assert receptive_field(model.backbone, 1, 64) == expected
    assert seen_by_one_place(model) == expected
    own = AttentionModel(backbone, 3, **options)
    shapes = [net.backbone(torch.rand(2, 1, 64, 64)).shape for net in (own, model)]
    assert shapes[0] == shapes[1]


def test_a_network_that_sees_less_already_stays_as_it_is():
    torch.manual_seed(0)
    own = AttentionModel("test_resnet", 3, image_size=64).state_dict()
    torch.manual_seed(0)
    limited = AttentionModel("test_resnet", 3, image_size=64, receptive_field=200).state_dict()
    assert all(torch.equal(value, limited[name]) for name, value in own.items())


def test_a_pointwise_kernel_is_the_sum_of_the_one_that_it_replaces():
    torch.manual_seed(0)
    own = AttentionModel("test_resnet", 3, image_size=64).state_dict()
    torch.manual_seed(0)
    limited = AttentionModel("test_resnet", 3, image_size=64, receptive_field=40).state_dict()
    changed = [name for name, value in own.items() if value.shape != limited[name].shape]
    assert changed
    for name in changed:
        assert torch.equal(limited[name], own[name].sum((2, 3), keepdim=True))


@pytest.mark.parametrize("backbone", ["test_efficientnet", "test_vit"])
def test_a_network_that_sees_the_whole_image_otherwise_is_refused(backbone):
    size = 160 if backbone == "test_vit" else 64
    with pytest.raises(
        BackboneError, match=rf"{backbone} .*(squeeze-and-excitation|one size alone)"
    ):
        AttentionModel(backbone, 3, image_size=size, receptive_field=40)


def test_pooling_that_is_too_wide_is_refused_with_its_size():
    with pytest.raises(BackboneError, match=r"test_resnet .* 33 pixels, .* limited to 20"):
        AttentionModel("test_resnet", 3, image_size=64, receptive_field=20)


def test_a_limited_network_is_planned_without_memory():
    with torch.device("meta"):
        model = AttentionModel("test_resnet", 3, image_size=64, receptive_field=40)
    limited = AttentionModel("test_resnet", 3, image_size=64, receptive_field=40)
    shapes = {name: value.shape for name, value in limited.state_dict().items()}
    assert {name: value.shape for name, value in model.state_dict().items()} == shapes

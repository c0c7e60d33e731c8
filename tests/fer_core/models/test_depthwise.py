import copy

import pytest
import torch
from torch import nn

from fer_core.models.backbones import create_backbone
from fer_core.models.depthwise import StridedDepthwise, speed_up_depthwise


def pair(kernel, padding):
    """A layer as torch has it, and the same one made quick."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(6, 6, kernel, 2, padding, groups=6, bias=False))
    quick = copy.deepcopy(plain)
    speed_up_depthwise(quick)
    assert type(quick[0]) is StridedDepthwise
    return plain, quick


def results(layer, images, precision):
    given = images.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        output = layer(given)
    output.float().square().sum().backward()
    return [output, given.grad, *(parameter.grad for parameter in layer.parameters())]


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("side", [16, 17])
@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (5, 2), (3, 0), (4, 1)])
def test_values_and_gradients_stay(precision, side, kernel, padding):
    plain, quick = pair(kernel, padding)
    images = torch.randn(2, 6, side, side)
    for first, second in zip(
        results(plain, images, precision), results(quick, images, precision), strict=True
    ):
        assert first.shape == second.shape
        assert first.dtype == second.dtype
        # bfloat16 has 8 bits; the order of the additions differs.
        assert torch.allclose(first, second, rtol=2e-2 if precision == "bf16" else 1e-6, atol=1e-2)


def test_the_backward_pass_in_bf16_is_as_exact_as_the_one_it_replaces():
    plain, quick = pair(3, 1)
    exact = copy.deepcopy(plain).double()
    images = torch.randn(4, 6, 32, 32).bfloat16().float()
    with torch.no_grad():
        for layer in (plain, quick, exact):
            layer[0].weight.copy_(layer[0].weight.bfloat16())
    truth = results(exact, images.double(), "no")
    for own, others, right in zip(
        results(quick, images, "bf16"), results(plain, images, "bf16"), truth, strict=True
    ):
        own_error = (own.double() - right).norm() / right.norm()
        other_error = (others.double() - right).norm() / right.norm()
        assert own_error < max(1.5 * other_error, 1e-6)


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.slow
def test_a_compiled_layer_gives_the_same_values_and_gradients(precision):
    plain, quick = pair(3, 1)
    compiled = torch.compile(quick, backend="eager")
    images = torch.randn(2, 6, 16, 16)
    for first, second in zip(
        results(plain, images, precision), results(compiled, images, precision), strict=True
    ):
        assert torch.allclose(first, second, rtol=2e-2 if precision == "bf16" else 1e-6, atol=1e-2)


def test_every_strided_depthwise_layer_of_a_backbone_is_quick():
    network = create_backbone(
        "mobilenetv2_100", pretrained="none", channels=3, image_size=64, stride=None
    ).network
    assert sum(type(module) is StridedDepthwise for module in network.modules()) == 4


def test_all_other_convolutions_stay_as_they_are():
    layers = nn.Sequential(
        nn.Conv2d(4, 4, 3, 2, 1),
        nn.Conv2d(4, 4, 3, 1, 1, groups=4),
        nn.Conv2d(4, 4, 2, 3, groups=4),
        nn.Conv2d(4, 8, 3, 2, 1, groups=4, bias=False),
        nn.Conv2d(4, 4, 3, 2, 1, groups=4),
        nn.Conv2d(4, 4, 3, 2, 2, dilation=2, groups=4, bias=False),
    )
    speed_up_depthwise(layers)
    assert {type(layer) for layer in layers} == {nn.Conv2d}

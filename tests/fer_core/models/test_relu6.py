import copy

import pytest
import torch
from torch import nn

from fer_core.models.backbones import create_backbone
from fer_core.models.relu6 import ReLU6, keep_results_of_relu6

EDGES = torch.tensor([-1.0, -0.0, 0.0, 1e-30, 3.0, 6.0, 6.5, float("inf"), float("nan")])


def gradients(network, images):
    output = network(images)
    output.square().sum().backward()
    return [output, *(parameter.grad for parameter in network.parameters())]


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_and_gradients_are_those_of_pytorch_bit_for_bit(inplace, dtype):
    values = torch.cat([EDGES, 4 * torch.randn(1000)]).to(dtype)
    found = []
    for layer in (nn.ReLU6(inplace), ReLU6(inplace)):
        leaf = values.clone().requires_grad_()
        output = layer(leaf * 1)
        output.backward(torch.arange(len(values)).to(dtype))
        found.append((output, leaf.grad))
    for expected, ours in zip(*found, strict=True):
        assert torch.equal(ours.nan_to_num(-9), expected.nan_to_num(-9))


def test_mobilenetv2_learns_the_same():
    torch.manual_seed(0)
    quick = create_backbone(
        "mobilenetv2_050", pretrained="none", channels=3, image_size=64, stride=None, stem="own"
    ).network
    plain = copy.deepcopy(quick)
    for module in plain.modules():
        if type(module) is ReLU6:
            module.__class__ = nn.ReLU6
    assert any(type(module) is ReLU6 for module in quick.modules())
    images = torch.randn(4, 3, 64, 64)
    pairs = zip(gradients(plain, images), gradients(quick, images), strict=True)
    assert all(torch.equal(first, second) for first, second in pairs)


def test_it_keeps_nothing_but_its_result():
    layer, kept = ReLU6(inplace=True), []
    images = torch.randn(2, 3, requires_grad=True) * 1
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda x: x):
        output = layer(images)
    assert [one.data_ptr() for one in kept] == [output.data_ptr()]


def test_a_view_and_a_pass_without_gradients_work_too():
    layer = ReLU6(inplace=True)
    images = torch.randn(4, 3, requires_grad=True) * 1
    assert torch.equal(layer(images[:2]), images[:2])
    assert torch.equal(layer(torch.tensor([-1.0, 7.0])), torch.tensor([0.0, 6.0]))


def test_other_layers_stay():
    class Own(nn.ReLU6):
        pass

    network = nn.Sequential(Own(), nn.ReLU(), nn.Hardtanh())
    kinds = [type(layer) for layer in network]
    keep_results_of_relu6(network)
    assert [type(layer) for layer in network] == kinds

"""MobileNetV1 from a TensorFlow.js graph: its layers, and their weights under timm's names.

The graph is walked from the global average pooling back to the input. It must be one chain of
convolutions with 'SAME' padding, each with a folded BatchNorm and ReLU6: y = min(max(s w * x + b,
0), 6). As BatchNorm that is mean 0, variance 1 - eps, weight s (1 where it is folded into w) and
bias b.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from fer_core.models.tfjs import ForeignWeightsError, GraphModel, Node

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


@dataclass(frozen=True)
class Layer:
    """A convolution with what follows it.

    Attributes:
        kernel: (O, I, k, k); of a depthwise convolution (C, 1, k, k).
        scale: (O,) of the BatchNorm.
        bias: (O,) of the BatchNorm.
        stride: 1 or 2.
    """

    kernel: Tensor
    scale: Tensor
    bias: Tensor
    stride: int


@dataclass(frozen=True)
class GraphInput:
    """What a network expects of an image of 0 to 255.

    Attributes:
        bgr: whether blue comes first.
        mean: per channel in red, green, blue, subtracted before anything else.
    """

    bgr: bool
    mean: tuple[float, float, float]


def read_layers(graph: GraphModel) -> list[Layer]:
    """The layers from the input to the global average pooling.

    Raises:
        ForeignWeightsError: when the graph is anything but one chain of such layers.
    """
    poolings = [node for node in graph.nodes.values() if node.op == "Mean"]
    if len(poolings) != 1:
        raise ForeignWeightsError(
            f"another graph: it has {len(poolings)} global average poolings, expected one"
        )
    layers: list[Layer] = []
    node = _node(graph, poolings[0].inputs[0])
    while node.op != "Placeholder":
        layer, node = _read_layer(graph, node)
        layers.append(layer)
        if len(layers) > len(graph.nodes):
            raise ForeignWeightsError("another graph: it contains a cycle")
    return layers[::-1]


def _read_layer(graph: GraphModel, node: Node) -> tuple[Layer, Node]:
    """The layer that ends in a node, and the node before it."""
    for op, bound in (("Maximum", 0), ("Minimum", 6)):
        limits = graph.tensors.get(_expect(node, op).inputs[1])
        if limits is None or limits.size != 1 or float(limits.reshape(())) != bound:
            raise ForeignWeightsError(f"another graph: {node.name} is not part of a ReLU6")
        node = _node(graph, node.inputs[0])
    node = _node(graph, _expect(node, "Relu").inputs[0])
    bias = _tensor(graph, _expect(node, "Add").inputs[1])
    node, scale = _node(graph, node.inputs[0]), None
    if node.op == "Mul":
        scale = _tensor(graph, node.inputs[1])
        node = _node(graph, node.inputs[0])
    kernel = _tensor(graph, _expect(node, *CONVOLUTIONS).inputs[1])  # (k, k, I, O)
    if node.op != "Conv2D":
        kernel = kernel.permute(0, 1, 3, 2)  # (k, k, C, 1) to (k, k, 1, C)
    kernel = kernel.permute(3, 2, 0, 1)
    scale = torch.ones_like(bias) if scale is None else scale
    return Layer(kernel, scale, bias, _stride(node)), _node(graph, node.inputs[0])


def _stride(node: Node) -> int:
    attributes = node.attributes
    strides, dilations = (
        [int(value) for value in attributes.get(name, {}).get("list", {}).get("i", (1, 1, 1, 1))]
        for name in ("strides", "dilations")
    )
    padding = base64.b64decode(attributes.get("padding", {}).get("s", ""))
    if padding != b"SAME" or dilations != [1, 1, 1, 1] or strides[1] != strides[2]:
        raise ForeignWeightsError(
            f"another graph: {node.name} has padding {padding.decode()!r}, strides {strides} and "
            f"dilations {dilations}; expected SAME, equal strides and no dilation"
        )
    return strides[1]


def _expect(node: Node, *ops: str) -> Node:
    if node.op not in ops:
        raise ForeignWeightsError(
            f"another graph: {node.name} is {node.op}, expected {' or '.join(ops)}"
        )
    return node


def _node(graph: GraphModel, name: str) -> Node:
    if name not in graph.nodes:
        raise ForeignWeightsError(f"another graph: there is no node {name}")
    return graph.nodes[name]


def _tensor(graph: GraphModel, name: str) -> Tensor:
    if name not in graph.tensors:
        raise ForeignWeightsError(f"another graph: {name} is not a constant with weights")
    return torch.from_numpy(graph.tensors[name].astype(np.float32))


def put_into(network: nn.Module, layers: Sequence[Layer], expected: GraphInput) -> None:
    """Give a timm network the weights of the layers, for timm's input in place of the graph's own.

    timm's networks take (x - mean) / std of x in [0, 1] in red, green, blue; the order and the
    scale of the channels become part of the first kernel.

    Args:
        network: without a classifier.
        layers: as `read_layers` gives them.
        expected: what the graph expects.

    Raises:
        ForeignWeightsError: when the network has other layers, or another padding or mean.
    """
    settings: Any = network.pretrained_cfg
    mean, std = settings["mean"], torch.tensor(settings["std"])
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    found = [(tuple(layer.kernel.shape), layer.stride) for layer in layers]
    wanted = [(tuple(layer.weight.shape), layer.stride[0]) for layer in convolutions]
    if found != wanted or len(norms) != len(layers):
        raise ForeignWeightsError(
            f"its {len(found)} convolutions do not match the {len(wanted)} expected ones in shape "
            "and stride"
        )
    same = all(isinstance(c, Conv2dSame) for c in convolutions if c.stride != (1, 1))
    if not same or any(abs(255 * m - e) > 1e-4 for m, e in zip(mean, expected.mean, strict=True)):
        raise ForeignWeightsError(
            "it pads as TensorFlow does ('SAME') and has a mean of its own: the backbone for it "
            "is tf_mobilenetv1_100"
        )
    with torch.no_grad():
        for convolution, norm, layer in zip(convolutions, norms, layers, strict=True):
            convolution.weight.copy_(layer.kernel)
            norm.weight.copy_(layer.scale)
            norm.bias.copy_(layer.bias)
            norm.reset_running_stats()  # mean 0, variance 1
            norm.get_buffer("running_var").sub_(norm.eps)
        first = convolutions[0].weight
        if expected.bgr:
            first.copy_(first.flip(1))
        first.mul_(255 * std[:, None, None])

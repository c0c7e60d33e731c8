"""A TensorFlow.js graph with made-up weights, as small files."""

import json

import numpy as np

HSE = "https://github.com/HSE-asavchenko/HSE_FaceRec_tf"
SAME = {"padding": {"s": "U0FNRQ=="}, "dilations": {"list": {"i": ["1", "1", "1", "1"]}}}


def mobilenet_blocks():
    """(input channels, output channels, stride) of the 13 blocks of MobileNetV1."""
    widths = [32, 64, *[128] * 2, *[256] * 2, *[512] * 6, *[1024] * 2]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    return list(zip(widths[:-1], widths[1:], strides, strict=True))


def relu6_layer(name, op, before, kernel, stride, rng, scaled):
    """The nodes and weights of a convolution, its folded BatchNorm and its ReLU6."""
    outputs = kernel[2] if op != "Conv2D" else kernel[3]
    fan_in = kernel[0] * kernel[1] * (kernel[2] if op == "Conv2D" else 1)
    weights = {f"{name}/kernel": rng.normal(0, fan_in**-0.5, kernel)}
    strides = {"strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}}}
    nodes = [(name, op, [before, f"{name}/kernel"], SAME | strides)]
    last = name
    if scaled:
        weights[f"{name}/mul"] = rng.uniform(0.5, 2, outputs)
        nodes.append((f"{name}/scaled", "Mul", [last, f"{name}/mul"], {}))
        last = f"{name}/scaled"
    weights |= {f"{name}/sub": rng.normal(0, 0.3, outputs), f"{name}/6": 6.0, f"{name}/0": 0.0}
    for part, op, more in (
        ("add", "Add", [f"{name}/sub"]),
        ("relu", "Relu", []),
        ("least", "Minimum", [f"{name}/6"]),
        ("out", "Maximum", [f"{name}/0"]),
    ):
        nodes.append((f"{name}/{part}", op, [last, *more], {}))
        last = f"{name}/{part}"
    return nodes, weights, last


def write_graph(folder, *, blocks=None, generated_by=HSE, seed=0):
    """Write ``graph.json`` and ``graph.bin``; gives the path of the first and the weights."""
    rng = np.random.default_rng(seed)
    nodes, weights, last = [("input", "Placeholder", [], {})], {}, "input"
    layers = [("conv1", "Conv2D", (3, 3, 3, 32), 2, False)]
    for index, (inputs, outputs, stride) in enumerate(blocks or mobilenet_blocks()):
        layers.append((f"dw{index}", "DepthwiseConv2dNative", (3, 3, inputs, 1), stride, True))
        layers.append((f"pw{index}", "Conv2D", (1, 1, inputs, outputs), 1, False))
    for name, op, kernel, stride, scaled in layers:
        more, tensors, last = relu6_layer(name, op, last, kernel, stride, rng, scaled)
        nodes += more
        weights |= tensors
    nodes.append(("pool", "Mean", [last, "axes"], {}))
    tensors = {name: np.asarray(value, "<f4") for name, value in weights.items()}
    tensors["axes"] = np.array([1, 2], "<i4")
    manifest = [
        {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}
        for name, value in tensors.items()
    ]
    constants = [(name, "Const", [], {}) for name in tensors]
    content = {
        "format": "graph-model",
        "generatedBy": generated_by,
        "modelTopology": {
            "node": [
                {"name": name, "op": op, "input": inputs, "attr": attributes}
                for name, op, inputs, attributes in [*constants, *nodes]
            ]
        },
        "weightsManifest": [{"paths": ["graph.bin"], "weights": manifest}],
    }
    (folder / "graph.bin").write_bytes(b"".join(value.tobytes() for value in tensors.values()))
    file = folder / "graph.json"
    file.write_text(json.dumps(content))
    return file, tensors


def change(file, edit):
    """Rewrite a graph's JSON after ``edit(content)``."""
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))

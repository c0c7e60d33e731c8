"""The networks of the static page as ONNX files: the classifier and the three of the detector.

Weights are stored as float16 and become float32 when the page loads them: half the download, and
arithmetic as before.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from facenet_pytorch import MTCNN
from torch import Tensor, nn

from fer_core.inference.onnx_export import ExportError, export_onnx, require
from fer_core.models.pretrained import TrainedModel

OPSET = 17
ANY_NUMBER = {0: "batch"}
ANY_IMAGE = {0: "batch", 2: "height", 3: "width"}
LEAST_VALUES = 64  # smaller weights stay float32: halving them saves nothing


class Ordered(nn.Module):
    """A network of the detector with its outputs in the order boxes, scores, points."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """``boxes`` (B, 4, ...), ``scores`` (B, 2, ...) and, of the third, ``points`` (B, 10)."""
        boxes, *points, scores = self.network(images)
        return boxes, scores, *points


def classifier_bytes(trained: TrainedModel) -> bytes:
    """The classifier: ``images`` (B, C, H, W) to ``logits`` (B, K) and ``maps`` (B, K, h, w).

    Raises:
        ExportError: when it cannot be exported.
    """
    with tempfile.TemporaryDirectory(prefix="fer-page-") as folder:
        file = Path(folder) / "classifier.onnx"
        export_onnx(trained, file)
        return halve(file.read_bytes())


def detector_bytes() -> dict[str, bytes]:
    """The detector: pnet (any image), rnet (24 x 24 crops) and onet (48 x 48 crops).

    The networks are those of facenet-pytorch. They take ``images`` (B, 3, H, W), RGB,
    as (value - 127.5) / 128.
    """
    detector = MTCNN(device="cpu")
    return {
        name: halve(_export(Ordered(network.eval()), side, axes))
        for name, network, side, axes in (
            ("pnet", detector.pnet, 48, ANY_IMAGE),
            ("rnet", detector.rnet, 24, ANY_NUMBER),
            ("onet", detector.onet, 48, ANY_NUMBER),
        )
    }


def halve(content: bytes) -> bytes:
    """The ONNX file with its large float32 weights stored as float16, cast back when loaded.

    Raises:
        ExportError: when a weight is too large for float16.
    """
    onnx = require("onnx")
    model = onnx.load_from_string(content)
    graph = model.graph
    casts: list[Any] = []
    for weight in list(graph.initializer):
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < LEAST_VALUES:
            continue
        with np.errstate(over="ignore"):
            small = values.astype(np.float16)
        if not np.isfinite(small).all():
            raise ExportError(f"the weight {weight.name} does not fit in float16")
        stored = f"{weight.name}.float16"
        casts.append(
            onnx.helper.make_node("Cast", [stored], [weight.name], to=onnx.TensorProto.FLOAT)
        )
        graph.initializer.remove(weight)
        graph.initializer.append(onnx.numpy_helper.from_array(small, stored))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model.SerializeToString()


def _export(network: nn.Module, side: int, axes: dict[int, str]) -> bytes:
    images = torch.zeros(2, 3, side, side)
    names = ["boxes", "scores", "points"][: len(network(images))]
    with (
        tempfile.TemporaryDirectory(prefix="fer-page-") as folder,
        warnings.catch_warnings(),
        torch.no_grad(),
    ):
        warnings.simplefilter("ignore")  # the exporter warns of its own age
        file = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            (images,),
            file,
            input_names=["images"],
            output_names=names,
            dynamic_axes={"images": axes, **dict.fromkeys(names, ANY_NUMBER)},
            opset_version=OPSET,
            dynamo=False,
        )
        return file.read_bytes()

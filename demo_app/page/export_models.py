"""The networks of the static page as ONNX files: classifier, detector, and face landmarker.

Weights are stored as float16 and become float32 when the page loads them: half the download, and
arithmetic as before.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from demo_app.page.convert_tflite import convert
from fer_core.faces.mtcnn_networks import onnx_files
from fer_core.inference.onnx_export import export_onnx
from fer_core.io.onnx_session import ExportError, require
from fer_core.landmarks.task_file import Task
from fer_core.models.pretrained import TrainedModel

LEAST_VALUES = 64  # smaller weights stay float32: halving them saves nothing


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
    """The three networks of the detector: see `fer_core.faces.mtcnn_networks.onnx_files`."""
    return {name: halve(content) for name, content in onnx_files().items()}


def landmarker_bytes(task: Task) -> dict[str, bytes]:
    """The two networks of the face landmarker, whose weights are float16 in its file too.

    ``landmarks``: ``values`` (1, 256, 256, 3) in [0, 1] to ``points`` (1, 1, 1, 1434) and
    ``presence`` (1, 1, 1, 1), a logit; ``blendshapes``: ``values`` (1, 146, 2) to ``scores`` (52,).

    Raises:
        ExportError: when LiteRT is missing, or a model is not as expected.
    """
    return {
        "landmarks": halve(convert(task.landmarks, ("points", "presence"))),
        "blendshapes": halve(convert(task.blendshapes, ("scores",))),
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

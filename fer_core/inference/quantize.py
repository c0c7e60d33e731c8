"""Eight-bit integers instead of floats in an exported model: smaller, faster, a little less exact.

Static quantisation by ONNX Runtime (QDQ format): weights per channel, activations by their range on
calibration images. Floats stay the first sixth of the convolutions, whose few channels differ most
in range, and what makes maps and logits, so that the maps still explain the logits exactly.
docs/onnx.md has what each choice costs.
"""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.inference.onnx_export import INPUT, OUTPUTS, ExportError, require

FLOAT_SHARE = 1 / 6  # of the convolutions, from the input on
BATCH = 32


def quantise(content: bytes, images: np.ndarray) -> bytes:
    """The same model in integers.

    Args:
        content: of the ONNX file that `fer_core.inference.onnx_export` made.
        images: (N, C, H, W) float32 normalised faces as the model meets them, to calibrate on; a
            few hundred of the training split are enough.

    Raises:
        ExportError: without images, when a package is missing, or the network cannot be quantised.
    """
    if not len(images):
        raise ExportError("quantisation needs images to calibrate on, got none")
    onnx = require("onnx")
    require("onnxruntime")
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.batches: Iterator[np.ndarray] = iter(
                [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
            )

        def get_next(self) -> dict[str, np.ndarray]:
            batch = next(self.batches, None)
            return {} if batch is None else {INPUT: batch}

    original = onnx.load_from_string(content)
    with tempfile.TemporaryDirectory(prefix="fer-onnx-") as folder:
        prepared, made = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        try:
            quant_pre_process(original, prepared, skip_symbolic_shape=True)
            quantization.quantize_static(
                prepared,
                made,
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=True,
                # Seven bits: eight overflow on processors without VNNI instructions.
                reduce_range=True,
                nodes_to_exclude=_float_nodes(onnx.load(prepared).graph),
            )
        except Exception as error:  # the quantiser names no errors of its own
            raise ExportError(f"ONNX Runtime cannot quantise this network: {error}") from error
        graph = onnx.load(made)
    facts = {entry.key: entry.value for entry in original.metadata_props}
    onnx.helper.set_model_props(graph, {**facts, "precision": "int8"})
    graph.producer_name, graph.producer_version = original.producer_name, original.producer_version
    return graph.SerializeToString()


def _float_nodes(graph: Any) -> list[str]:  # noqa: ANN401 - of an optional package
    """Names of the nodes that stay float: the first convolutions, and all from the maps on."""
    convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
    chosen = convolutions[: math.ceil(len(convolutions) * FLOAT_SHARE)]
    head = {OUTPUTS[1]}
    for node in graph.node:
        if head & {*node.input, *node.output}:
            head |= set(node.output)
            chosen.append(node.name)
    return chosen

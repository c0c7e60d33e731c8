"""A trained model as one ONNX file, checked against PyTorch before it is written.

The graph takes normalised ``images`` (B, C, H, W) float32, as the network does, for any B, and
gives ``logits`` (B, K) and ``maps`` (B, K, h, w). The logits are computed from the maps, so
``maps.mean((2, 3)) + bias == logits`` holds in the file as well. BatchNorm is folded into the
convolutions before it. What else a program must know stands in the file's metadata.
"""

import hashlib
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fer_core import __version__
from fer_core.config.input_spec import to_json
from fer_core.io.files import write_whole
from fer_core.io.onnx_session import EXPORTING, ExportError, first_line, open_session, require
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel

PROJECT = "fer-core"
ONNX_FILE = "model.onnx"
INPUT, OUTPUTS = "images", ("logits", "maps")
OPSET = 17
TOLERANCE = 1e-4  # largest error of an output, relative to its largest value
LARGEST = 2_000_000_000  # bytes of weights; a protocol buffer holds 2 GiB
TRACED, CHECKED = 2, (1, 3)  # images: of the traced pass, and of the checks


def export_onnx(trained: TrainedModel, path: str | Path) -> float:
    """Write the model as one ONNX file: whole, or not at all.

    Args:
        trained: on any device.
        path: of the file; its folder must exist.

    Returns:
        The largest error against PyTorch, relative to the largest value of the output.

    Raises:
        ExportError: when a package is missing, the network cannot be exported, or the file's
            outputs differ from PyTorch's by more than `TOLERANCE`.
        OSError: when the file cannot be written.
    """
    content = onnx_bytes(trained)
    error = parity(trained, content)
    write_whole(Path(path), content)
    return error


def onnx_bytes(trained: TrainedModel) -> bytes:
    """The content of the model's ONNX file, not yet checked; raises as `export_onnx`."""
    onnx = require("onnx")
    size = sum(value.nbytes for value in trained.model.state_dict().values())
    if size > LARGEST:
        raise ExportError(f"the weights have {size:,} bytes, one ONNX file holds {LARGEST:,}")
    with tempfile.TemporaryDirectory(prefix="fer-onnx-") as folder:
        file = Path(folder) / ONNX_FILE
        _trace(trained.model, example(trained, TRACED), file)
        graph = onnx.load(file)
    onnx.helper.set_model_props(graph, metadata(trained))
    graph.producer_name, graph.producer_version = PROJECT, __version__
    return graph.SerializeToString()


def parity(trained: TrainedModel, content: bytes, tolerance: float = TOLERANCE) -> float:
    """The largest relative error of the file's outputs on random images, alone and several at once.

    Args:
        trained: the model that was exported.
        content: of the file.
        tolerance: the error that is allowed.

    Raises:
        ExportError: when onnxruntime is missing or refuses the file, or the error is larger.
    """
    run = open_session(content, threads=1)
    errors: list[float] = []
    for count in CHECKED:
        images = example(trained, count)
        with torch.inference_mode():
            expected = trained.model(images)
        found = run.run(list(OUTPUTS), {INPUT: images.cpu().numpy()})
        errors += map(relative_error, found, (part.cpu().numpy() for part in expected))
    worst = float(np.max(errors))  # nan where one is
    if not worst <= tolerance:
        raise ExportError(
            f"the ONNX file's outputs differ from PyTorch's by {worst:.1e} of their largest value, "
            f"at most {tolerance:.0e} is allowed: nothing was written"
        )
    return worst


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, relative to the largest value expected; infinite for another shape."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def metadata(trained: TrainedModel) -> dict[str, str]:
    """What stands in the file's ``metadata_props``; lists and the whole input are JSON."""
    spec = trained.input
    return {
        "project": PROJECT,
        "classes": json.dumps(trained.classes),
        "emotions": json.dumps(trained.taxonomy.emotions),
        "colours": json.dumps(trained.taxonomy.colours),
        "mean": json.dumps(spec.mean),
        "std": json.dumps(spec.std),
        "size": str(spec.size),
        "channels": str(spec.channels),
        "input": json.dumps(to_json(spec)),
        "precision": "float32",
        "network_sha256": network_digest(trained),
    }


def network_digest(trained: TrainedModel) -> str:
    """SHA-256 of the network: its layers, its weights and the size of its input.

    A file exported from it holds the same digest, so it is known to be stale when they differ.
    """
    spec = trained.input
    digest = hashlib.sha256(f"{trained.model}{spec.channels}x{spec.size}".encode())
    for name, value in sorted(trained.model.state_dict().items()):
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.cpu().contiguous().numpy())
    return digest.hexdigest()


def example(trained: TrainedModel, count: int) -> Tensor:
    """Random normalised images (count, C, H, W) on the model's device; always the same."""
    spec = trained.input
    shape = (count, spec.channels, spec.size, spec.size)
    noise = np.random.default_rng(count).standard_normal(shape, np.float32)
    return torch.from_numpy(noise).to(trained.model.classifier.weight.device)


class _Plain(nn.Module):
    """The model with a plain tuple as its output."""

    def __init__(self, model: AttentionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        answer = self.model(images)
        return answer.logits, answer.maps


def _trace(model: AttentionModel, images: Tensor, file: Path) -> None:
    """Write the graph by PyTorch's tracing exporter, the faster of its two (docs/onnx.md)."""
    with EXPORTING, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the other exporter, and of shapes that are constant
        try:
            torch.onnx.export(
                _Plain(model).eval(),
                (images,),
                file,
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:  # whatever an operator of an unknown network raises
            raise ExportError(f"PyTorch cannot export this network: {first_line(error)}") from error

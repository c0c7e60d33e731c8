"""The three networks of MTCNN: in ONNX Runtime where that is installed, else in PyTorch.

The weights come with the wheel of facenet-pytorch.
"""

import copy
import io
import logging
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from facenet_pytorch import MTCNN
from torch import Tensor, nn

from fer_core.io.onnx_session import EXPORTING, ExportError, open_session, require
from fer_core.machine import cores

logger = logging.getLogger(__name__)
CROPS = {"rnet": 24, "onet": 48}  # side of the crops that the second and the third network see
OPSET = 17
ANY_NUMBER = {0: "batch"}
ANY_IMAGE = {0: "batch", 2: "height", 3: "width"}

Network = Callable[[np.ndarray], Sequence[np.ndarray]]


class Networks(NamedTuple):
    """From images (B, 3, H, W) float32, (value - 127.5) / 128, to shifts, scores and points.

    Shifts of the box's edges as shares of its sides (B, 4, ...), scores (B, 2, ...) for no face and
    a face, and of the third network the points (B, 10), x before y, as shares of the box.
    """

    pnet: Network
    rnet: Network
    onet: Network


class Ordered(nn.Module):
    """One of the networks with its outputs in the order boxes, scores, points."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """See `Networks`."""
        boxes, *points, scores = self.network(images)
        return boxes, scores, *points


@lru_cache(maxsize=1)
def weights() -> MTCNN:
    """The networks of facenet-pytorch, with its thresholds."""
    return MTCNN(device="cpu").eval()


@lru_cache(maxsize=4)
def networks(device: str = "cpu") -> Networks:
    """The fastest networks that this installation has.

    Args:
        device: of torch. On the CPU they run in ONNX Runtime where that is installed, else and
            everywhere else in PyTorch.
    """
    if device != "cpu":
        return torch_networks(device)
    try:
        require("onnx")  # of which the exporter makes use
        require("onnxruntime")
    except ExportError as error:
        logger.info("the face detector uses PyTorch: %s", error)
        return torch_networks()
    threads = max(1, min(torch.get_num_threads(), cores()))
    return Networks(*(_runtime(content, threads) for content in onnx_files().values()))


def torch_networks(device: str = "cpu") -> Networks:
    """The networks in PyTorch, on a device."""
    return Networks(*(_eager(Ordered(network), device) for network in _modules().values()))


def onnx_files() -> dict[str, bytes]:
    """The networks as ONNX files: pnet (any image), rnet (24 x 24 crops), onet (48 x 48)."""
    return {
        name: _export(
            Ordered(network), CROPS.get(name, 48), ANY_NUMBER if name in CROPS else ANY_IMAGE
        )
        for name, network in _modules().items()
    }


def _modules() -> dict[str, nn.Module]:
    made = weights()
    return {"pnet": made.pnet, "rnet": made.rnet, "onet": made.onet}


def _eager(network: nn.Module, device: str) -> Network:
    there = network if device == "cpu" else copy.deepcopy(network).to(device)

    def run(images: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            outputs = there(torch.from_numpy(images).to(device))
            return [output.cpu().numpy() for output in outputs]

    return run


def _runtime(content: bytes, threads: int) -> Network:
    session = open_session(content, threads)

    def run(images: np.ndarray) -> list[np.ndarray]:
        return session.run(None, {"images": images})

    return run


def _export(network: nn.Module, side: int, axes: dict[int, str]) -> bytes:
    images = torch.zeros(2, 3, side, side)
    with EXPORTING, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns of its own age
        names = ["boxes", "scores", "points"][: len(network(images))]
        content = io.BytesIO()
        torch.onnx.export(
            network,
            (images,),
            content,  # pyright: ignore[reportArgumentType] - a stream will do for this exporter
            input_names=["images"],
            output_names=names,
            dynamic_axes={"images": axes, **dict.fromkeys(names, ANY_NUMBER)},
            opset_version=OPSET,
            dynamo=False,
        )
    return content.getvalue()

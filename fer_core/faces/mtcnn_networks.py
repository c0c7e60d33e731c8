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
from facenet_pytorch.models.mtcnn import PNet
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


class PooledFirst(nn.Module):
    """Convolution, PReLU and max pooling, with the PReLU after the pooling.

    So it has a quarter of the values to do. It is not monotone where its slope is negative,
    but the largest of its values in a cell is that of the cell's largest or of its smallest input:
    the output is the same to the last bit. The smallest inputs are the largest of the negated
    convolution, which has room in the blocks of 16 channels that ONNX Runtime fills anyway.
    """

    def __init__(self, convolution: nn.Conv2d, prelu: nn.PReLU, pool: nn.MaxPool2d) -> None:
        super().__init__()
        slopes = prelu.weight.detach()
        falling = torch.nonzero(slopes < 0).flatten()
        count = len(slopes)
        place, sign = torch.arange(count), torch.ones(count)
        place[falling] = count + torch.arange(len(falling))
        sign[falling] = -1
        self.count, self.pool, self.prelu = count, pool, prelu
        side = convolution.kernel_size[0]
        self.convolution = nn.Conv2d(convolution.in_channels, count + len(falling), side)
        for name in ("weight", "bias"):
            own = getattr(convolution, name).detach()
            getattr(self.convolution, name).data = torch.cat([own, -own[falling]])
        self.register_buffer("place", place)
        self.register_buffer("sign", sign[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, H / 2, W / 2)."""
        pooled = self.pool(self.convolution(images))
        most, least = pooled[:, : self.count], pooled[:, self.place] * self.sign
        return torch.maximum(self.prelu(most), self.prelu(least))


class PooledProposals(nn.Module):
    """The first network with `PooledFirst`."""

    def __init__(self, pnet: PNet) -> None:
        super().__init__()
        self.first = PooledFirst(pnet.conv1, pnet.prelu1, pnet.pool1)
        self.rest = nn.Sequential(pnet.conv2, pnet.prelu2, pnet.conv3, pnet.prelu3)
        self.boxes, self.scores = pnet.conv4_2, pnet.conv4_1

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Shifts and scores, see `Networks`."""
        seen = self.rest(self.first(images))
        return self.boxes(seen), self.scores(seen).softmax(1)


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
    # The first network's many small passes go to threads of `fer_core.faces.mtcnn` instead.
    files = onnx_files()
    return Networks(
        _runtime(files["pnet"], 1),
        _runtime(files["rnet"], count_threads()),
        _runtime(files["onet"], count_threads()),
    )


def count_threads() -> int:
    """As many as PyTorch uses, and never more than this process has cores."""
    return max(1, min(torch.get_num_threads(), cores()))


def torch_networks(device: str = "cpu") -> Networks:
    """The networks in PyTorch, on a device."""
    made = weights()
    return Networks(
        *(_eager(Ordered(network), device) for network in (made.pnet, made.rnet, made.onet))
    )


def onnx_files() -> dict[str, bytes]:
    """The networks as ONNX files: pnet (any image), rnet (24 x 24 crops), onet (48 x 48)."""
    made = weights()
    return {
        "pnet": _export(PooledProposals(made.pnet).eval(), 48, ANY_IMAGE),
        "rnet": _export(Ordered(made.rnet), CROPS["rnet"], ANY_NUMBER),
        "onet": _export(Ordered(made.onet), CROPS["onet"], ANY_NUMBER),
    }


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

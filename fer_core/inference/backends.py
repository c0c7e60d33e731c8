"""What computes the predictor's outputs: PyTorch, or ONNX Runtime on the CPU."""

import logging
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from fer_core.errors import FerError
from fer_core.inference.onnx_export import (
    INPUT,
    OUTPUTS,
    ExportError,
    example,
    network_digest,
    onnx_bytes,
    open_session,
    parity,
)
from fer_core.machine import cores
from fer_core.models.attention_model import Backend, Output
from fer_core.models.pretrained import TrainedModel
from fer_core.transforms.functional import mirror

logger = logging.getLogger(__name__)

BackendName = Literal["auto", "torch", "onnx"]
ROUNDS, LONGEST = 5, 0.2  # of the measurement of "auto": at most so many, and no new one after (s)


class BackendError(FerError, ValueError):
    """A backend that cannot work here."""


class TorchBackend:
    """PyTorch, on the model's device."""

    name = "torch"

    def __init__(self, trained: TrainedModel) -> None:
        self._model = trained.model

    def views(self, images: Tensor, *, flipped: bool) -> tuple[Output, ...]:
        """See `Backend`."""
        with torch.inference_mode():
            return self._model.both_views(images) if flipped else (self._model(images),)


class OnnxBackend:
    """ONNX Runtime on the CPU, with as many threads as PyTorch uses.

    Attributes:
        precision: ``float32`` or ``int8``.
        threads: that share one pass: PyTorch's number, which OMP_NUM_THREADS sets, and never more
            than this process has cores.
    """

    name = "onnx"

    def __init__(self, trained: TrainedModel, file: Path | None = None) -> None:
        """Take the model's ONNX file, or export the model in memory.

        Args:
            trained: the model.
            file: a file of `fer-core export`; one that is absent or of another network is
                not used.

        Raises:
            ExportError: when a package is missing, or the network cannot be exported.
        """
        self.threads = count_threads()
        session = None if file is None else _matching_session(trained, file, self.threads)
        if session is None:
            content = onnx_bytes(trained)
            parity(trained, content)
            session = open_session(content, self.threads)
        self._session = session
        self.precision = str(_facts(session)["precision"])

    def views(self, images: Tensor, *, flipped: bool) -> tuple[Output, ...]:
        """See `Backend`."""
        unflipped = self._run(images)
        if not flipped:
            return (unflipped,)
        other = self._run(mirror(images))
        return unflipped, Output(other.logits, mirror(other.maps))

    def _run(self, images: Tensor) -> Output:
        pixels = images.contiguous().numpy()
        logits, maps = self._session.run(list(OUTPUTS), {INPUT: pixels})
        return Output(torch.from_numpy(logits), torch.from_numpy(maps))


def make_backend(
    trained: TrainedModel, name: BackendName, *, flipped: bool, file: Path | None = None
) -> Backend:
    """The backend of that name; ``auto`` measures both on the CPU and takes the faster one.

    Args:
        trained: the model, on its device.
        name: ``torch``, ``onnx`` or ``auto``. ``auto`` takes PyTorch on a GPU, and where ONNX is
            not installed or cannot do this network; it never takes an int8 file, whose outputs
            are a little different.
        flipped: whether the predictor also looks at flipped images.
        file: the model's ONNX file, see `OnnxBackend`.

    Raises:
        BackendError: for another name, or ONNX on a GPU.
        ExportError: when ONNX is asked for and is not available.
    """
    if name not in ("auto", "torch", "onnx"):
        raise BackendError(f"unknown backend {name!r}: use one of auto, onnx, torch")
    device = trained.model.classifier.weight.device.type
    if name == "onnx" and device != "cpu":
        raise BackendError(
            f"the backend onnx runs on the CPU, the model is on {device}: use torch or auto"
        )
    if name == "onnx":
        return OnnxBackend(trained, file)
    torch_backend = TorchBackend(trained)
    if name == "torch" or device != "cpu":
        return torch_backend
    try:
        other = OnnxBackend(trained, file)
        if other.precision != "float32":
            other = OnnxBackend(trained)
    except ExportError as error:
        logger.info("using PyTorch: %s", error)
        return torch_backend
    return faster(torch_backend, other, lambda backend: _seconds(backend, trained, flipped))


def count_threads() -> int:
    """Threads for one pass: as many as PyTorch uses, and never more than there are cores."""
    return max(1, min(torch.get_num_threads(), cores()))


def faster(one: Backend, other: Backend, seconds: Callable[[Backend], float]) -> Backend:
    """The backend that answers on a face in less time, by the median of some rounds in turn.

    Args:
        one: taken where both are equally fast.
        other: the second.
        seconds: how long a backend takes now.
    """
    for backend in (one, other):
        seconds(backend)  # the first pass also makes room
    taken: list[tuple[float, float]] = []
    while len(taken) < ROUNDS and sum(map(sum, taken)) < LONGEST:
        taken.append((seconds(one), seconds(other)))
    first, second = (statistics.median(times) for times in zip(*taken, strict=True))
    chosen = other if second < first else one
    logger.info("%s: %.1f ms, %s: %.1f ms", one.name, 1e3 * first, other.name, 1e3 * second)
    return chosen


def _seconds(backend: Backend, trained: TrainedModel, flipped: bool) -> float:
    images = example(trained, 1)
    started = time.perf_counter()
    backend.views(images, flipped=flipped)
    return time.perf_counter() - started


def _matching_session(trained: TrainedModel, file: Path, threads: int) -> Any:  # noqa: ANN401
    """A session on the file, or None where it is absent or belongs to another network."""
    if not file.is_file():
        return None
    try:
        session = open_session(file.read_bytes(), threads)
    except ExportError as error:
        raise ExportError(f"{file}: {error}") from error
    if _facts(session).get("network_sha256") == network_digest(trained):
        return session
    logger.warning(
        "%s was made from another network and is not used: export it again with fer-core export",
        file,
    )
    return None


def _facts(session: Any) -> dict[str, str]:  # noqa: ANN401 - of an optional package
    return session.get_modelmeta().custom_metadata_map

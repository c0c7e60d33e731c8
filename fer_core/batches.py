"""The training images, on the device where they fit, and the batches of an epoch."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import psutil
import torch
from torch import Generator, Tensor

from fer_core.datasets import DataError
from fer_core.datasets.storage import StorageKind
from fer_core.experiment import Experiment
from fer_core.methods import Batch
from fer_core.transforms import augment, to_tensor

SHARE = 0.5  # of the device's free memory that "auto" gives to the images
PORTION = 1024  # images that are moved to the device at once
AHEAD = 3  # batches that are read while the model works


class TrainingSet:
    """The training split, ready to be asked for batches; the storage changes no pixel."""

    def __init__(self, experiment: Experiment, device: torch.device, storage: StorageKind) -> None:
        """Move labels, and the images where they fit, to the device.

        Args:
            experiment: the data and the labels to train on.
            device: where the batches are wanted.
            storage: ``device`` moves the images there, ``auto`` does when they take at most half
                of a GPU's free memory; else they are read for each batch.

        Raises:
            DataError: when ``device`` is asked for and has no room for the images.
        """
        self.config, self.device = experiment.config, device
        self.mean, self.std = experiment.model.statistics()
        self.images = experiment.data.train.images
        self.labels = torch.from_numpy(experiment.targets).to(device)
        self.clean_labels = torch.from_numpy(experiment.data.train.labels).to(device)
        self.resident: Tensor | None = None
        if _wants_device(storage, int(np.prod(self.images.shape)), device):
            self.resident = self._moved()

    @property
    def steps(self) -> int:
        """Full batches in an epoch."""
        return len(self.labels) // self.config.batch_size

    def batches(self, epoch: int, generator: Generator) -> Iterator[Batch]:
        """Random full batches; what is left over of an epoch is left out.

        On the CPU the images of a batch stand where those of the one before stood.

        Args:
            epoch: completed epochs.
            generator: source of order and augmentation, on the CPU.
        """
        order = torch.randperm(len(self.labels), generator=generator)
        parts = order.split(self.config.batch_size)[: self.steps]
        memory = None
        if self.device.type == "cpu":
            memory = torch.empty((self.config.batch_size, *self.images.shape[1:]))
        for step, (indices, pixels) in enumerate(zip(parts, self._pixels(parts), strict=True)):
            images = augment(pixels, self.config, self.mean, self.std, generator, memory)
            chosen = indices.to(self.device)
            yield Batch(
                images,
                self.labels[chosen],
                self.clean_labels[chosen],
                indices,
                epoch + step / self.steps,
            )

    def _moved(self) -> Tensor:
        """All images on the device, (N, C, H, W) uint8; a few at a time pass through memory."""
        moved = torch.empty(self.images.shape, dtype=torch.uint8, device=self.device)
        for start in range(0, len(moved), PORTION):
            part = torch.from_numpy(self.images[start : start + PORTION])
            moved[start : start + PORTION] = part.to(self.device)
        return moved.permute(0, 3, 1, 2)

    def _pixels(self, parts: tuple[Tensor, ...]) -> Iterator[Tensor]:
        """The (B, C, H, W) uint8 images of each part, on the device."""
        if self.resident is not None:
            for indices in parts:
                yield self.resident[indices.to(self.device)]
            return
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as reader:
            pending: deque[Future[np.ndarray]] = deque()
            for number in range(len(parts) + AHEAD):
                if number < len(parts):
                    pending.append(reader.submit(self.images.__getitem__, parts[number].numpy()))
                if number >= AHEAD:
                    yield to_tensor(pending.popleft().result()).to(self.device)


def _wants_device(storage: StorageKind, size: int, device: torch.device) -> bool:
    on_gpu = device.type == "cuda"
    if storage == "auto" and not on_gpu:  # the store is as near to the CPU as a copy would be
        return False
    if storage not in ("auto", "device"):
        return False
    free = torch.cuda.mem_get_info(device)[0] if on_gpu else psutil.virtual_memory().available
    if storage == "device" and size > free:
        raise DataError(
            f"storage 'device' needs {size / 1e6:,.0f} MB for the training images, {device} has "
            f"{free / 1e6:,.0f} MB free: use 'auto' or 'cache'"
        )
    return storage == "device" or size <= SHARE * free

"""Decoded images on their way to the device: there already, or read ahead of the model."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import psutil
import torch
from torch import Tensor

from fer_core.datasets import DataError
from fer_core.datasets.cache.store import StorageKind
from fer_core.io.images import Images
from fer_core.transforms.functional import to_tensor

SHARE = 0.5  # of the device's free memory that "auto" gives to the images, at least
ROOM = 24e9  # bytes that it leaves to the model: AffectNet at 224 pixels fits a GPU of 80 GB
PORTION = 1024  # images that are moved to the device at once
AHEAD = 3  # batches that are read while the model works


class DeviceImages:
    """Images that can be asked for in batches; where they are kept changes no pixel."""

    def __init__(self, images: Images, device: torch.device, storage: StorageKind) -> None:
        """Move the images to the device where they fit.

        Args:
            images: (N, S, S, C) uint8.
            device: where the batches are wanted.
            storage: ``device`` moves the images there, ``auto`` does when they take at most half
                of a GPU's free memory, or leave 24 GB of it; else they are read for each batch.

        Raises:
            DataError: when ``device`` is asked for and has no room for the images.
        """
        self.images, self.device = images, device
        self.resident: Tensor | None = None
        if _wants_device(storage, int(np.prod(images.shape)), device):
            self.resident = self._moved()

    def batches(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """The (B, C, H, W) uint8 images of each part, on the device.

        Args:
            parts: (B,) int64 positions of the images of each batch: on the device where the
                images are there, else on the CPU.
        """
        if self.resident is not None:
            for indices in parts:
                yield self.resident[indices]
            return
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as reader:
            pending: deque[Future[Tensor]] = deque()
            for number in range(len(parts) + AHEAD):
                if number < len(parts):
                    pending.append(reader.submit(self._read, parts[number].numpy()))
                if number >= AHEAD:
                    yield pending.popleft().result().to(self.device, non_blocking=True)

    def _read(self, indices: np.ndarray) -> Tensor:
        pixels = to_tensor(self.images[indices])
        # Only from pinned memory can a copy to a GPU overlap the model's work.
        return pixels.pin_memory() if self.device.type == "cuda" else pixels

    def _moved(self) -> Tensor:
        """All images on the device, (N, C, H, W) uint8; a few at a time pass through memory."""
        moved = torch.empty(self.images.shape, dtype=torch.uint8, device=self.device)
        for start in range(0, len(moved), PORTION):
            part = torch.from_numpy(self.images[start : start + PORTION])
            moved[start : start + PORTION] = part.to(self.device)
        return moved.permute(0, 3, 1, 2)


def _wants_device(storage: StorageKind, size: int, device: torch.device) -> bool:
    on_gpu = device.type == "cuda"
    if storage == "auto" and not on_gpu:  # the store is as near to the CPU as a copy would be
        return False
    if storage not in ("auto", "device"):
        return False
    free = torch.cuda.mem_get_info(device)[0] if on_gpu else psutil.virtual_memory().available
    if storage == "device" and size > free:
        raise DataError(
            f"storage 'device' needs {size / 1e6:,.0f} MB for the images, {device} has "
            f"{free / 1e6:,.0f} MB free: use 'auto' or 'cache'"
        )
    return storage == "device" or size <= max(SHARE * free, free - ROOM)

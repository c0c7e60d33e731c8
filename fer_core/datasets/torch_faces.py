"""A split as PyTorch's own kind of data set, for loops and tools that are not this project's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from fer_core.datasets.base import Split

Item = tuple[Any, int, int]


class TorchFaces(Dataset[Item]):
    """The images of a split with their labels; `torch.utils.data.DataLoader` takes it.

    An item is (image, label, index): the image float32 (C, H, W) in [0, 1], RGB or grey, or what
    ``transform`` makes of it; the true label, or that of ``noisy_labels``; the position in the
    split.

    Example:
        >>> data = load_data("synthetic", Decoding(48, 3))
        >>> loader = DataLoader(TorchFaces(data.train), batch_size=64, shuffle=True)
    """

    def __init__(
        self,
        split: Split,
        transform: Callable[[Tensor], Any] | None = None,
        *,
        noisy_labels: np.ndarray | None = None,
    ) -> None:
        """View a split.

        Args:
            split: of a data set; its images stay where they are.
            transform: takes the float32 image (C, H, W).
            noisy_labels: (N,) labels in place of the true ones, to train on
                (`fer_core.noise.generate`).

        Raises:
            ValueError: when there is not one label for each image.
        """
        self.split, self.transform = split, transform
        self.targets = split.true_labels if noisy_labels is None else noisy_labels
        if len(self.targets) != len(split.true_labels):
            raise ValueError(
                f"noisy_labels must be one for each of {len(split.true_labels)} images, got "
                f"{len(self.targets)}"
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.split.true_labels)

    def __getitem__(self, index: int) -> Item:
        """One image, its label and its position.

        Raises:
            IndexError: outside the split.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} of {len(self)} images")
        return self.__getitems__([index % len(self)])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        """Several at once, as a data loader asks for a batch."""
        pixels = torch.from_numpy(self.split.images[list(indices)])  # (B, H, W, C) uint8
        images = pixels.permute(0, 3, 1, 2).float() / 255
        return [
            (
                image if self.transform is None else self.transform(image),
                int(self.targets[index]),
                int(index),
            )
            for image, index in zip(images, indices, strict=True)
        ]

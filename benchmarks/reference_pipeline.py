"""The per-image input pipeline that `benchmarks.data` measures against.

Every image is read by OpenCV and changed on its own, in every epoch, by worker processes of
PyTorch's DataLoader. OpenCV is needed here and nowhere else.
"""

from importlib import import_module
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fer_core.config import RunConfig

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class PerImage(Dataset[tuple[Tensor, Tensor, int]]):
    """Both views of EAC of one image file at a time, (C, H, W), and its position."""

    def __init__(self, paths: list[Path], config: RunConfig) -> None:
        """Compose the usual transforms.

        Raises:
            SystemExit: without OpenCV, with the command that installs it.
        """
        opencv()
        self.paths = [str(path) for path in paths]
        self.resize = transforms.Resize((config.image_size, config.image_size))
        self.to_tensor = transforms.ToTensor()
        self.normalise = transforms.Normalize(MEAN, STD)
        self.erase = transforms.RandomErasing(config.erase_probability, config.erase_scale)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        cv2 = opencv()
        pixels = cv2.imread(self.paths[index])
        image = Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
        view: Tensor = self.erase(self.normalise(self.to_tensor(self.resize(image))))
        return view, view.flip(-1), index


def opencv():  # noqa: ANN201 - the module, which need not be installed
    """OpenCV, or the end of the benchmark with the command that installs it."""
    try:
        return import_module("cv2")
    except ModuleNotFoundError:
        raise SystemExit(
            "error: the per-image pipeline reads with OpenCV: pip install -e '.[benchmarks]'"
        ) from None


def per_image_loader(
    paths: list[Path], config: RunConfig, *, workers: int, device: torch.device
) -> DataLoader[tuple[Tensor, Tensor, int]]:
    """Random full batches of the per-image pipeline.

    Args:
        paths: image files.
        config: image_size, batch_size and random erasing.
        workers: worker processes.
        device: where the batches are wanted; for a GPU they are pinned.
    """
    return DataLoader(
        PerImage(paths, config),
        config.batch_size,
        shuffle=True,
        num_workers=workers,
        drop_last=True,
        pin_memory=device.type == "cuda",
    )

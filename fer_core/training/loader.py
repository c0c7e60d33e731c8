"""The batches of an epoch: which images, augmented how, with which labels."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from fer_core.datasets.cache.store import StorageKind
from fer_core.datasets.prefetch import DeviceImages
from fer_core.methods import Batch
from fer_core.training.setup import Experiment
from fer_core.transforms.functional import augment, mix_labels
from fer_core.transforms.sampling import draw_epoch


class TrainingSet:
    """The training split, ready to be asked for batches; the storage changes no pixel."""

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        storage: StorageKind,
        *,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Move labels, and the images where they fit, to the device.

        Args:
            experiment: the data and the labels to train on.
            device: where the batches are wanted.
            storage: see `DeviceImages`.
            process: which of the processes this is, from 0.
            processes: that share each batch; ``batch_size`` must be a multiple of it.

        Raises:
            DataError: when ``device`` is asked for and has no room for the images.
        """
        self.config, self.device = experiment.config, device
        self.classes = len(experiment.data.classes)
        self.mean, self.std = experiment.model.statistics()
        self.images = DeviceImages(experiment.data.train.images, device, storage)
        self.targets = torch.from_numpy(experiment.targets)
        self.noisy_labels = self.targets.to(device)
        self.true_labels = torch.from_numpy(experiment.data.train.true_labels).to(device)
        self.process, self.share = process, self.config.batch_size // processes
        self.noisy = self.config.pixel_noise > 0

    @property
    def steps(self) -> int:
        """Full batches in an epoch: as many as make whole steps of the optimiser."""
        accumulate = self.config.accumulate
        return len(self.noisy_labels) // (self.config.batch_size * accumulate) * accumulate

    def time(self, epoch: int, step: int) -> float:
        """Completed epochs at a batch, with a fraction; one value for all passes of a step."""
        accumulate = self.config.accumulate
        return epoch + step // accumulate * accumulate / self.steps

    def batches(self, epoch: int, generator: Generator) -> Iterator[Batch]:
        """This process's part of random full batches; what is left over is left out.

        On the CPU the images of a batch replace those of the batch before.

        Args:
            epoch: completed epochs.
            generator: source of order and augmentation, on the CPU; the same in every process.
        """
        height, width, channels = self.images.images.shape[1:]
        drawn = draw_epoch(self.config, self.targets, height, width, generator)
        draws = drawn.to(self.device)
        noise_seed = int(torch.randint(2**62, (1,), generator=generator)) if self.noisy else 0
        first = self.process * self.share
        starts = [first + step * self.config.batch_size for step in range(self.steps)]
        order = drawn.order if self.images.resident is None else draws.order
        parts = [order[start : start + self.share] for start in starts]
        memory = None
        if self.device.type == "cpu":
            memory = torch.empty((self.share, height, width, channels))
        for step, pixels in enumerate(self.images.batches(parts)):
            own = draws.rows(starts[step], starts[step] + self.share)
            images = augment(pixels, own, self.mean, self.std, memory, self.config.corruption_kinds)
            labels = self.noisy_labels[own.order]
            if own.shares is not None:
                labels = mix_labels(labels, own.shares, self.classes)
            noise = None
            if own.noisy is not None:
                noise = self._pixel_noise(images, own.noisy, noise_seed + step)
            yield Batch(
                images,
                labels,
                self.true_labels[own.order],
                own.order,
                own.regions,
                own.other_regions,
                self.time(epoch, step),
                noise,
            )

    def _pixel_noise(self, images: Tensor, noisy: Tensor, seed: int) -> Tensor:
        """(B, C, H, W) what pixel noise adds to the images, clipped to the range of pixels.

        Drawn on the device for the batches of all processes, so that each has its own part of it.
        """
        generator = Generator(self.device).manual_seed(seed)
        shape = (self.config.batch_size, *images.shape[1:])
        whole = torch.randn(shape, generator=generator, device=self.device)
        own = whole[self.process * self.share : (self.process + 1) * self.share]
        added = own * (self.config.pixel_noise**0.5 / 255) / self.std
        low, high = -self.mean / self.std, (1 - self.mean) / self.std
        clipped = torch.minimum(torch.maximum(images + added, low), high) - images
        return clipped * noisy[:, None, None, None]

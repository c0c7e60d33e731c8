"""Evaluation between epochs: the evaluation split and the held-out images, in all processes."""

import numpy as np
import torch
from accelerate import Accelerator

from fer_core.datasets.cache.store import StorageKind
from fer_core.datasets.prefetch import DeviceImages
from fer_core.evaluation.inference import Evaluation, Scores, judge, logits_of_both_views
from fer_core.models.attention_model import AttentionModel
from fer_core.training.distributed import gather_rows, share_buffers
from fer_core.training.setup import Experiment


class Evaluator:
    """Evaluates a network on the evaluation split and on the held-out images of a run."""

    def __init__(
        self, experiment: Experiment, accelerator: Accelerator, storage: StorageKind
    ) -> None:
        """Move the images to the device where they fit; see `DeviceImages`."""
        self.accelerator = accelerator
        device, split = accelerator.device, experiment.data.eval
        self._true_labels = split.true_labels
        self._images = DeviceImages(split.images, device, storage)
        self._holdout = experiment.holdout
        if self._holdout is not None:
            self._holdout_images = DeviceImages(self._holdout.split.images, device, storage)

    def evaluate(self, model: AttentionModel) -> Scores:
        """Evaluate on the evaluation split, against its true labels.

        Every process first takes the buffers of the first one: BatchNorm statistics.
        """
        share_buffers(self.accelerator, model)
        return self._evaluate(model, self._images, self._true_labels)

    def evaluate_holdout(self, model: AttentionModel) -> Evaluation | None:
        """Evaluate on the held-out images, against their noisy labels and without flip TTA.

        After `evaluate`, which shares the buffers of the same model. None without such images.
        """
        if self._holdout is None:
            return None
        labels = self._holdout.noisy_labels
        return self._evaluate(model, self._holdout_images, labels).single

    def _evaluate(self, model: AttentionModel, images: DeviceImages, labels: np.ndarray) -> Scores:
        """Each process takes its share of the images, none is left out or doubled."""
        shares = np.array_split(np.arange(len(images.images)), self.accelerator.num_processes)
        rows = torch.from_numpy(shares[self.accelerator.process_index])
        with self.accelerator.autocast():
            own = logits_of_both_views(model, images, rows)  # (2, B, K)
        counts = [len(share) for share in shares]
        unflipped, flipped = (gather_rows(self.accelerator, view, counts) for view in own)
        return Scores(judge(unflipped, labels), judge((unflipped + flipped) / 2, labels))

"""What a training method is: it owns the model and turns a batch into a loss."""

from typing import NamedTuple

from torch import Generator, Tensor, nn

from fer_core.config import RunConfig
from fer_core.models import AttentionModel


class Batch(NamedTuple):
    """One training batch.

    Attributes:
        images: (B, C, H, W) float32, augmented and normalised; nothing is erased yet. The
            method may write on them.
        labels: (B,) int64 given labels, noisy where the run has noise; or (B, K) float32, the
            share of each class in the raters' votes.
        clean_labels: (B,) int64, never used for learning.
        indices: (B,) int64 positions in the training set.
        epoch: epochs completed before this step, with a fraction.
    """

    images: Tensor
    labels: Tensor
    clean_labels: Tensor
    indices: Tensor
    epoch: float = 0.0


class StepOutput(NamedTuple):
    """What one step gives.

    Attributes:
        loss: scalar to minimise.
        logits: (B, K) of the images, detached; for the running accuracy.
        parts: named scalars of the loss, detached: ``classification`` and what the method adds.
    """

    loss: Tensor
    logits: Tensor
    parts: dict[str, Tensor]


class Method(nn.Module):
    """A training method; subclasses implement ``forward(batch, generator) -> StepOutput``."""

    def __init__(self, model: AttentionModel, config: RunConfig) -> None:
        """Take the model that is to be trained and the run's settings."""
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, batch: Batch, generator: Generator) -> StepOutput:
        """Loss of one batch; random numbers come from ``generator`` (CPU)."""
        raise NotImplementedError

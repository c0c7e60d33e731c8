"""The plain model: cross-entropy on randomly erased images, the reference of every comparison."""

import torch.nn.functional as F
from torch import Generator

from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.transforms import erase_, sample_holes


class CrossEntropy(Method):
    """Cross-entropy of the erased image; the same augmentation as EAC, without its second view."""

    def forward(self, batch: Batch, generator: Generator) -> StepOutput:
        """Mean cross-entropy of one batch."""
        images = erase_(batch.images, sample_holes(batch.images, self.config, generator))
        logits = self.model(images).logits  # (B, K)
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.config.label_smoothing)
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})

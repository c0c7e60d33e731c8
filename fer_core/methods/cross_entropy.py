"""The baseline: cross-entropy on randomly erased images, with which every method is compared."""

from fer_core.config import MethodOptions
from fer_core.methods.base import Batch, Method, StepOutput


class CrossEntropy(Method[MethodOptions]):
    """Cross-entropy of the erased image; the same augmentation as EAC, without its second view."""

    def forward(self, batch: Batch) -> StepOutput:
        """Mean cross-entropy of one batch."""
        logits = self.model(self.labelled_view(batch)).logits  # (B, K)
        loss = self.classification_loss(logits, batch.noisy_labels)
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})

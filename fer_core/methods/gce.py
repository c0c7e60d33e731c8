"""Generalised cross-entropy.

Zhang, Sabuncu: "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
Labels", NeurIPS 2018, https://arxiv.org/abs/1805.07836.

With p the softmax probability of the noisy label,

    L_q = (1 - p^q) / q

Towards q = 0 this is the cross-entropy -log p; at q = 1 it is 1 - p, half the absolute error
between the probabilities and the label. The gradient is that of the cross-entropy times p^q: an
image whose label the model finds improbable, as a wrong one is, pulls less.

Left out: the truncated variant, which stops learning from images below a probability k. It keeps a
selection of images that a pass over the whole set renews every few epochs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config.methods.gce import GCEOptions
from fer_core.methods.base import Batch, Method, StepOutput


def generalised_cross_entropy(logits: Tensor, labels: Tensor, exponent: float) -> Tensor:
    """L_q, mean over the batch.

    Args:
        logits: (B, K).
        labels: (B,) int64.
        exponent: q in (0, 1].
    """
    logarithm = -F.cross_entropy(logits, labels, reduction="none")  # (B,) log p
    # 1 - p^q through expm1, which stays exact where q log p is small.
    return -torch.expm1(exponent * logarithm).mean() / exponent


class GCE(Method[GCEOptions]):
    """Generalised cross-entropy of the erased image, in place of the cross-entropy."""

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch; ``classification`` is L_q itself."""
        logits = self.model(self.labelled_view(batch)).logits  # (B, K)
        loss = generalised_cross_entropy(logits, batch.noisy_labels, self.options.gce_exponent)
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})

"""Relative Uncertainty Learning.

Zhang, Wang, Deng: "Relative Uncertainty Learning for Facial Expression Recognition", NeurIPS 2021.

A second head gives each image an uncertainty s. Images i and j are mixed with it, and the mixture
must be recognised as both:

    x = s_i / (s_i + s_j) x_i + s_j / (s_i + s_j) x_j
    L = (CE(W x + b, y_i) + CE(W x + b, y_j)) / 2

The uncertain image takes the larger share: only so is it still recognised beside a clear one, and
that is what teaches the head. Afterwards the head is dropped, the prediction is the classifier's on
the features of one image.

Where this differs from the paper's code:

- The features x are those that the backbone pools. The code first takes a feature map of 7 x 7
  through a head of its own to 64 normalised numbers; the trained model then would no longer be a
  backbone with a linear classifier, and its maps no longer explain its logits. Since the shares sum
  to 1, the logits of a mixture are the mixture of the logits, which is how it is computed.
- The head of the uncertainty reads the pooled features as well, so that it fits maps of any size.
- Partners are neighbours of the batch, whose order is random, in place of a random permutation; so
  no image meets itself.
- The classifier learns at the rate of the backbone; in the code at ten times that.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_core.config import MethodOptions, RunConfig
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.models.attention_model import AttentionModel

# Of the official code.
HEAD_SIZE = 64
HEAD_DROPOUT = 0.4
HEAD_EPS = 2e-5


def shares_in_mixture(log_variances: Tensor) -> Tensor:
    """(B,) share s_i / (s_i + s_j) of each image i in the mixture with the one before it, j.

    Args:
        log_variances: (B, E); the uncertainty s of an image is the mean of their exponentials.
    """
    logarithm = log_variances.logsumexp(1)  # (B,) of s, up to a summand that all share
    return torch.sigmoid(logarithm - logarithm.roll(1))


def mix(values: Tensor, shares: Tensor) -> Tensor:
    """(B, K) mixture of each row with the one before it, the first with the last.

    Args:
        values: (B, K) features, or logits: a linear classifier makes no difference between them.
        shares: (B,) share that each row keeps of itself.
    """
    return shares[:, None] * values + (1 - shares[:, None]) * values.roll(1, 0)


def add_up_loss(mixed_logits: Tensor, labels: Tensor) -> Tensor:
    """L: mean of the cross-entropies against both labels of a mixture.

    Args:
        mixed_logits: (B, K) as `mix` gives them.
        labels: (B,) int64 of the images, not mixed.
    """
    own = F.cross_entropy(mixed_logits, labels)
    return (own + F.cross_entropy(mixed_logits, labels.roll(1))) / 2


class RUL(Method[MethodOptions]):
    """The add-up loss of mixtures by relative uncertainty; the head is not part of the model."""

    def __init__(self, model: AttentionModel, config: RunConfig, targets: Tensor) -> None:
        """Add the head that tells uncertainty: log-variances (B, 64) of pooled features (B, D)."""
        super().__init__(model, config, targets)
        size = model.classifier.in_features
        self.log_variances = nn.Sequential(
            nn.BatchNorm1d(size, eps=HEAD_EPS, affine=False),
            nn.Dropout(HEAD_DROPOUT),
            nn.Linear(size, HEAD_SIZE),
            nn.BatchNorm1d(HEAD_SIZE, eps=HEAD_EPS),
        )

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch; the logits are those of the single images."""
        features = self.model.features(self.labelled_view(batch))  # (B, D, h, w)
        logits = self.model.attend(features).logits  # (B, K)
        with torch.autocast(features.device.type, enabled=False):
            shares = shares_in_mixture(self.log_variances(features.float().mean((2, 3))))
        loss = add_up_loss(mix(logits, shares), batch.noisy_labels)
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})

"""Navigating Label Ambiguity.

Lee, Choi, Kim, Kim, Nam: "Navigating Label Ambiguity for Facial Expression Recognition in the
Wild", AAAI 2025, https://arxiv.org/abs/2502.09993.

With p_GT the probability of the noisy label and p_NN that of the strongest other class, the
cross-entropy of each image is weighted by a Gaussian over the point (p_GT, p_NN), and the two
flipped views must agree in their distributions:

    L_NAW = mean of (1 + w(p_GT, p_NN)) CE        L_reg = JS(softmax z, softmax z')
    L = lambda L_NAW + (1 - lambda) L_reg

w is one of two bivariate normal densities, one for images whose label is the most probable class
and one for the others. The covariance of the first moves with the epoch: its off-diagonal goes from
0 to its end, so that later the ambiguous images, near (0.5, 0.5), stand out from the easy ones.

Read from the paper; where its printed equations leave a constant open, the authors' values:
means (0.5, 0.5) and (0.3, 0.15), variances 0.8 and 0.91, correlations -1/2 (at the end) and 1/6,
growth 1 - exp(-15 t / T), lambda 0.5.

Where this differs: the weights are constants of a step (no gradient passes through them), and the
divergence is the Jensen-Shannon divergence of the two distributions, mean over the batch. The views
are those of `eac` with one erased region; the flip of the labelled view is the run's.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config.methods.nla import NLAOptions
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.transforms.functional import mirror

RIGHT_MEAN, RIGHT_VARIANCE, RIGHT_CORRELATION = (0.5, 0.5), 0.8, -1 / 2
WRONG_MEAN, WRONG_VARIANCE, WRONG_CORRELATION = (0.3, 0.15), 0.91, 1 / 6
GROWTH = 15.0


def normal_density(
    points: Tensor, mean: tuple[float, float], variance: float, correlation: float
) -> Tensor:
    """(B,) bivariate normal density with one variance for both coordinates.

    Args:
        points: (B, 2).
        mean: of both coordinates.
        variance: above 0.
        correlation: in (-1, 1).
    """
    x, y = (points - points.new_tensor(mean)).unbind(1)
    rest = 1 - correlation**2
    exponent = (x * x - 2 * correlation * x * y + y * y) / (2 * variance * rest)
    return torch.exp(-exponent) / (2 * math.pi * variance * math.sqrt(rest))


def ambiguity_weights(logits: Tensor, labels: Tensor, progress: float) -> Tensor:
    """(B,) weights w of the images; no gradient passes.

    Args:
        logits: (B, K), K at least 2.
        labels: (B,) int64 noisy labels.
        progress: completed share of the run, in [0, 1].
    """
    probabilities = logits.detach().float().softmax(1)
    given = probabilities.gather(1, labels[:, None])  # (B, 1) p_GT
    strongest = probabilities.scatter(1, labels[:, None], -1.0).amax(1, keepdim=True)  # p_NN
    points = torch.cat([given, strongest], 1)
    correlation = RIGHT_CORRELATION * (1 - math.exp(-GROWTH * progress))
    right = normal_density(points, RIGHT_MEAN, RIGHT_VARIANCE, correlation)
    wrong = normal_density(points, WRONG_MEAN, WRONG_VARIANCE, WRONG_CORRELATION)
    return torch.where((given >= strongest)[:, 0], right, wrong)


def jensen_shannon(logits: Tensor, other_logits: Tensor) -> Tensor:
    """Jensen-Shannon divergence of two distributions in nats, mean over the batch.

    Args:
        logits: (B, K).
        other_logits: (B, K).
    """
    one, other = logits.log_softmax(1), other_logits.log_softmax(1)
    middle = torch.logaddexp(one, other) - math.log(2)
    both = torch.stack([one, other])
    # The mean over 2 B rows is the mean of both divergences from the middle.
    return F.kl_div(
        torch.cat([middle, middle]), both.flatten(0, 1), reduction="batchmean", log_target=True
    )


class NLA(Method[NLAOptions]):
    """Ambiguity-weighted cross-entropy of one view, Jensen-Shannon consistency of both."""

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch; ``classification`` is L_NAW, ``consistency`` is L_reg."""
        original = self.labelled_view(batch)
        logits = self.model(original).logits  # (B, K)
        flipped = self.model(mirror(original)).logits
        weights = 1 + ambiguity_weights(
            logits, batch.noisy_labels, batch.epoch / self.config.epochs
        )
        losses = F.cross_entropy(logits, batch.noisy_labels, reduction="none")
        classification = (weights * losses).mean()
        consistency = jensen_shannon(logits, flipped)
        share = self.options.ambiguity_share
        loss = share * classification + (1 - share) * consistency
        parts = {"classification": classification.detach(), "consistency": consistency.detach()}
        return StepOutput(loss, logits.detach(), parts)

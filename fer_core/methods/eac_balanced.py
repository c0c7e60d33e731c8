"""EAC that looks after rare classes: re-balanced attention consistency and smooth labels.

Zhang, Li, Qin, Liu, Deng: "Leave No Stone Unturned: Mine Extra Knowledge for Imbalanced Facial
Expression Recognition", NeurIPS 2023, https://arxiv.org/abs/2310.19636.

Two changes of EAC, as the paper describes them. Every image holds something of every class, so the
maps of rare classes weigh more in the consistency loss, whatever the image's label; and label
smoothing gives its share to the other classes, rare ones first:

    L_c = 1 / (N L H W) * sum over n, j of u_j (M_nj - Flip(M'_nj))^2
    L_cls = cross-entropy to y, with y_j = 1 - e for the label, e w_j / sum of w else

How the smoothed label is made, that the classifier is detached, and one erased region for both
views are as in the official code (github.com/zyh-uaiaaaa/Mine-Extra-Knowledge). Its weights are
constants, the inverse frequencies of RAF-DB; ours are the inverse effective numbers of labels of
any data set, which come to the same as ``balance_beta`` comes to 1. They are scaled to a mean over
the classes of 1, so that lambda has the size it has in EAC.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config import RunConfig
from fer_core.config.methods.eac_balanced import BalancedEACOptions
from fer_core.methods.base import Batch
from fer_core.methods.class_weights import balanced_weights, class_counts
from fer_core.methods.eac import EAC, consistency_loss
from fer_core.models.attention_model import AttentionModel, Output


def balanced_consistency_loss(maps: Tensor, flipped_maps: Tensor, weights: Tensor) -> Tensor:
    """L_c: the consistency loss of EAC with a weight for each class's map.

    Args:
        maps: (B, K, h, w) raw attention maps of the original.
        flipped_maps: (B, K, h, w) those of the flipped view, not yet flipped back.
        weights: (K,), at least 0.
    """
    roots = weights.sqrt()[:, None, None]  # w (a - b)^2 = (sqrt(w) a - sqrt(w) b)^2
    return consistency_loss(roots * maps, roots * flipped_maps)


def rare_first_labels(weights: Tensor, smoothing: float) -> Tensor:
    """The smoothed label of each class: row y is what the cross-entropy of label y aims at.

    Args:
        weights: (K,), at least 0, two of them above 0.
        smoothing: share of the label that goes to the other classes, in proportion to their weight.

    Returns:
        (K, K); each row sums to 1.
    """
    own = torch.eye(len(weights))
    others = weights * (1 - own)
    return (1 - smoothing) * own + smoothing * others / others.sum(1, keepdim=True)


class BalancedEAC(EAC):
    """EAC with both changes; with equal weights and ``rare_smoothing`` 0 it is EAC."""

    options: BalancedEACOptions
    map_weights: Tensor
    smooth_labels: Tensor

    def __init__(self, model: AttentionModel, config: RunConfig, targets: Tensor) -> None:
        """Weigh the classes by their labels.

        Raises:
            ValueError: when fewer than two classes have labels.
        """
        super().__init__(model, config, targets)
        counts = class_counts(targets, self.classes)
        if (counts > 0).sum() < 2:
            raise ValueError("method 'eac_balanced' needs labels of at least two classes, got one")
        weights = balanced_weights(counts, config.balance_beta)
        smooth_labels = rare_first_labels(weights, self.options.rare_smoothing)
        self.register_buffer("map_weights", weights / weights.mean(), persistent=False)
        self.register_buffer("smooth_labels", smooth_labels, persistent=False)

    def consistency(self, original: Output, flipped: Output, batch: Batch) -> Tensor:
        """The weighted consistency loss of both views' maps (B, K, h, w)."""
        return balanced_consistency_loss(original.maps, flipped.maps, self.map_weights)

    def classification_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy to the smoothed labels, mean over the batch.

        Args:
            logits: (B, K).
            labels: (B,) int64.
        """
        return F.cross_entropy(logits, self.smooth_labels[labels])

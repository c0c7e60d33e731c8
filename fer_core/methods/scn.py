"""Self-Cure Network.

Wang, Peng, Yang, Lu, Qiao: "Suppressing Uncertainties for Large-Scale Facial Expression
Recognition", CVPR 2020, https://arxiv.org/abs/2002.10392.

A second head gives each image a weight of importance, a = sigmoid(w x + c) of its pooled features
x. The weights multiply the logits z, so an image with a small weight pulls less; ranked, the
certain share beta of a batch must stand above the rest by a margin; and from some epoch on, an
image among the uncertain ones takes the label that the model finds more probable by a margin:

    L_wce = CE(a z, y)        L_rr = max(0, delta_1 - (mean of the certain a - mean of the others))
    y becomes argmax p when max p - p_y > delta_2, where p = softmax(a z)        L = L_wce + L_rr

Afterwards the head is dropped: a is above 0, so without it the most probable class is the same.

Where the paper and its code differ, or this from both:

- Only uncertain images change their label, as in the paper; the code lets any image of the batch.
- Both losses weigh 1, as in the code.
- The weight head has a bias, as in the code.
- With several processes each ranks its own part of a batch, and all share what they relabel.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, distributed, nn

from fer_core.config import RunConfig
from fer_core.config.methods.scn import SCNOptions
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.models.attention_model import AttentionModel

UNCHANGED = -1


def rank(weights: Tensor, certain_share: float) -> tuple[Tensor, Tensor]:
    """Split a batch by its weights of importance, each part with one image at least.

    Args:
        weights: (B,), B at least 2.
        certain_share: beta in (0, 1), rounded down to whole images.

    Returns:
        The gap between the mean weights of both parts, a scalar, and (B,) bool, True for the
        uncertain images.
    """
    certain = min(max(int(len(weights) * certain_share), 1), len(weights) - 1)
    ranked, order = weights.sort(descending=True, stable=True)
    gap = ranked[:certain].mean() - ranked[certain:].mean()
    uncertain = torch.zeros_like(order, dtype=torch.bool).index_fill(0, order[certain:], True)
    return gap, uncertain


def cure(probabilities: Tensor, labels: Tensor, uncertain: Tensor, margin: float) -> Tensor:
    """(B,) new labels: of uncertain images the most probable class, where it is far ahead.

    Args:
        probabilities: (B, K).
        labels: (B,) int64 labels so far.
        uncertain: (B,) bool.
        margin: delta_2, by which the most probable class must exceed the label.
    """
    highest, answer = probabilities.max(1)
    own = probabilities.gather(1, labels[:, None])[:, 0]
    return torch.where(uncertain & (highest - own > margin), answer, labels)


class SCN(Method[SCNOptions]):
    """Logit-weighted cross-entropy, rank regularisation and relabelling.

    Attributes:
        labels: (N,) int64, what the training set is trained on by now; kept in the checkpoint. The
            noisy labels stay what accuracies and memorisation are measured against.
    """

    labels: Tensor

    def __init__(self, model: AttentionModel, config: RunConfig, targets: Tensor) -> None:
        """Add the head of the weights, and labels that may change."""
        super().__init__(model, config, targets)
        self.importance = nn.Linear(model.classifier.in_features, 1)
        self.register_buffer("labels", targets.clone())

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch.

        Beside ``classification`` (L_wce) and ``ranking`` (L_rr), ``parts`` has the share of the
        batch whose label is ``relabelled`` by now, and that whose new label is the true one, which
        is measured only and never learned from; `summarise` makes a share of the relabelled of it.
        """
        options = self.options
        features = self.model.features(self.labelled_view(batch))  # (B, D, h, w)
        logits = self.model.attend(features).logits  # (B, K)
        with torch.autocast(features.device.type, enabled=False):
            pooled = features.float().mean((2, 3))  # (B, D)
            weights = torch.sigmoid(self.importance(pooled))  # (B, 1)
        weighted = weights * logits
        labels = self.labels[batch.indices]
        classification = F.cross_entropy(weighted, labels)
        gap, uncertain = rank(weights[:, 0], options.confident_share)
        ranking = F.relu(options.confidence_margin - gap)
        if batch.epoch >= options.relabel_epoch - 1:
            probabilities = weighted.detach().softmax(1)
            cured = cure(probabilities, labels, uncertain, options.relabel_margin)
            self._relabel(batch.indices, torch.where(cured == labels, UNCHANGED, cured))
        now = self.labels[batch.indices]
        changed = now != batch.noisy_labels
        parts = {
            "classification": classification.detach(),
            "ranking": ranking.detach(),
            "relabelled": changed.float().mean(),
            "relabelled_right": (changed & (now == batch.true_labels)).float().mean(),
        }
        return StepOutput(classification + ranking, logits.detach(), parts)

    def summarise(self, parts: Mapping[str, float]) -> dict[str, float | None]:
        """``relabelled_right`` becomes the share of the relabelled images that are right now."""
        relabelled = parts["relabelled"]
        right = parts["relabelled_right"] / relabelled if relabelled else None
        return {**parts, "relabelled_right": right}

    def _relabel(self, indices: Tensor, changes: Tensor) -> None:
        """Change labels (B,) at indices (B,), here and in every other process of the run."""
        rows = _of_all_processes(torch.stack([indices, changes], 1))  # (B of all processes, 2)
        # An image that a batch holds twice may ask for two labels: the larger number, wherever it
        # stands, so that every process and every device decides alike.
        wanted = torch.full_like(self.labels, UNCHANGED)
        wanted.scatter_reduce_(0, rows[:, 0], rows[:, 1], "amax")
        self.labels.copy_(torch.where(wanted == UNCHANGED, self.labels, wanted))


def _of_all_processes(rows: Tensor) -> Tensor:
    """The rows (B, 2) of all processes, one after the other; with one process, the same rows."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return rows
    gathered = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
    distributed.all_gather(gathered, rows.contiguous())
    return torch.cat(gathered)

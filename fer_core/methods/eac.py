"""Erasing Attention Consistency.

Zhang, Wang, Ling, Deng: "Learn From All: Erasing Attention Consistency for Noisy Label Facial
Expression Recognition", ECCV 2022, https://arxiv.org/abs/2207.10299.

The image is erased and flipped. Only the original meets the labels (L_cls); the attention maps of
all classes must agree between both views, after those of the flipped view are flipped back (L_c):

    L_c = 1 / (N L H W) * sum (M - Flip(M'))^2        L = L_cls + lambda * L_c

Which EAC a run is, its options say (docs/methods.md has the table): which erased region the
flipped view has, whether the labelled view is ever flipped and has pixel noise, whether the
classifier is detached in the maps (the official code does), and whether BatchNorm sees both views
at once. As a control, the consistency can be asked of the logits alone; as an experiment, of maps
without what is the same on every image, or of the places where neither view is erased.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.config import RunConfig
from fer_core.config.methods.eac import EACOptions
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.models.attention_model import Output
from fer_core.transforms.functional import erase_, mirror, region_masks


def consistency_loss(maps: Tensor, flipped_maps: Tensor) -> Tensor:
    """L_c: mean squared difference of the maps and those of the flipped view, flipped back.

    Args:
        maps: (B, K, h, w) raw attention maps of the original.
        flipped_maps: (B, K, h, w) those of the flipped view, not yet flipped back.

    Raises:
        ValueError: when the shapes differ.
    """
    if maps.shape != flipped_maps.shape:
        raise ValueError(
            f"both views must have maps of one shape, got {tuple(maps.shape)} and "
            f"{tuple(flipped_maps.shape)}"
        )
    return (maps - mirror(flipped_maps)).square().mean()


def centred_consistency_loss(maps: Tensor, flipped_maps: Tensor) -> Tensor:
    """L_c of the maps minus their mean over the batch.

    Maps that are one fixed pattern for each class then gain nothing by it.

    Args:
        maps: (B, K, h, w) raw attention maps of the original.
        flipped_maps: (B, K, h, w) those of the flipped view, not yet flipped back.
    """
    return consistency_loss(maps - maps.mean(0), flipped_maps - flipped_maps.mean(0))


def consistency_outside(maps: Tensor, flipped_maps: Tensor, holes: Tensor) -> Tensor:
    """L_c over the places of the maps that no hole touches; 0 where there are none.

    Args:
        maps: (B, K, h, w) raw attention maps of the original.
        flipped_maps: (B, K, h, w) those of the flipped view, not yet flipped back.
        holes: (B, 1, H, W) bool, what is erased in either view, as the original sees it.
    """
    touched = F.adaptive_max_pool2d(holes.to(maps.dtype), maps.shape[-2:])
    kept = 1 - touched  # (B, 1, h, w)
    squares = (maps - mirror(flipped_maps)).square() * kept
    return squares.sum() / (kept.sum() * maps.shape[1]).clamp(min=1)


def consistency_weight(options: EACOptions, epoch: float) -> float:
    """Lambda after ``epoch`` epochs: it rises linearly from 0 over ``ramp_epochs``.

    The paper starts from pre-trained weights and has no ramp (``ramp_epochs`` 0). From random
    weights a constant lambda holds the network at constant maps: docs/experiments.md.
    """
    weight = options.consistency_weight
    return weight if epoch >= options.ramp_epochs else weight * epoch / options.ramp_epochs


def same_hole(options: EACOptions, config: RunConfig) -> bool:
    """Whether the flipped view shows the erased region of the labelled one."""
    if options.erased_region == "official":
        return config.noise == "none"
    return options.erased_region == "same"


class EAC(Method[EACOptions]):
    """Cross-entropy of the original plus ``consistency_weight`` times the consistency loss."""

    def scheduled(self, epoch: float) -> float:
        """Lambda."""
        return consistency_weight(self.options, epoch)

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch; ``parts`` has ``classification`` and ``consistency``."""
        features, flipped_features = self.view_features(batch)
        output = self.model.attend(features)
        detach = self.options.detach_classifier
        own = self.model.attend(features, detach_classifier=True) if detach else output
        flipped = self.model.attend(flipped_features, detach_classifier=detach)
        classification = self.classification_loss(output.logits, batch.noisy_labels)
        consistency = self.consistency(own, flipped, batch)
        loss = classification + self.schedule_at(batch.epoch) * consistency
        parts = {"classification": classification.detach(), "consistency": consistency.detach()}
        return StepOutput(loss, output.logits.detach(), parts)

    def consistency(self, original: Output, flipped: Output, batch: Batch) -> Tensor:
        """The consistency loss of both views, given their maps as the model makes them.

        Of the logits alone it is the mean squared difference of the logits (B, K): the mean maps
        must agree, whatever stands where in them.
        """
        if self.options.consistency == "logits":
            return (original.logits - flipped.logits).square().mean()
        if self.options.consistency == "centred_maps":
            return centred_consistency_loss(original.maps, flipped.maps)
        if self.options.consistency == "outside_erased":
            return consistency_outside(original.maps, flipped.maps, self._holes(batch))
        return consistency_loss(original.maps, flipped.maps)

    def _holes(self, batch: Batch) -> Tensor:
        """(B, 1, H, W) bool, what is erased in either view, as the original sees it."""
        size = batch.images.shape[-2:]
        own = region_masks(batch.regions, *size)
        if same_hole(self.options, self.config):
            return own
        return own | mirror(region_masks(batch.other_regions, *size))

    def view_features(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Feature maps of the erased image I and its flipped counterpart I', (B, D, h, w) each."""
        original, flipped = self._two_views(batch)
        if self.options.views == "one_pass":
            both = self.model.features(torch.cat([original, flipped]))
            return both[: len(original)], both[len(original) :]
        return self.model.features(original), self.model.features(flipped)

    def _two_views(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """I and I', both (B, C, H, W)."""
        if same_hole(self.options, self.config):
            original = self.labelled_view(batch)
            return original, mirror(original)
        flipped = erase_(mirror(batch.images), batch.other_regions)
        return self.labelled_view(batch), flipped

"""AttentionModel: a backbone whose logits and class attention maps come from one pass.

Class attention map (CAM, Zhou et al., CVPR 2016) of class j: M[n, j] = sum over the channels c of
W[j, c] * F[n, c], raw: no ReLU, no normalisation, no bias. The logits are its mean plus the bias,
so a map explains its logit exactly, for every backbone.
"""

from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_core.backbones import Layout, create_backbone, fast_depthwise, to_map


class Output(NamedTuple):
    """One pass of the model.

    Attributes:
        logits: (B, K) float32.
        maps: (B, K, h, w) float32; ``maps.mean((2, 3)) + bias == logits``.
    """

    logits: Tensor
    maps: Tensor


class AttentionModel(nn.Module):
    """A timm backbone, average pooling and one linear classifier."""

    def __init__(
        self,
        backbone: str,
        classes: int,
        *,
        image_size: int,
        channels: int = 3,
        stride: int | None = None,
        pretrained: str = "none",
    ) -> None:
        """Create the model.

        Args:
            backbone: timm model name.
            classes: number of classes K.
            image_size: side of the input in pixels.
            channels: input channels, 1 or 3.
            stride: total stride of the backbone, None for its own.
            pretrained: ``none``, ``hub`` or the path of a weights file.

        Raises:
            BackboneError: see `fer_core.backbones.create_backbone`.
        """
        super().__init__()
        made = create_backbone(
            backbone,
            pretrained=pretrained,
            channels=channels,
            image_size=image_size,
            stride=stride,
        )
        self.backbone = made.network
        self.layout: Layout = made.layout
        self.mean, self.std = made.mean, made.std
        self.classifier = nn.Linear(made.features, classes)
        self._training_pass = self._map_features

    def channels_last(self) -> Self:
        """Store the weights channels last, the faster layout for convolutions."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the input, (C, 1, 1) each, on the model's device."""
        device = self.classifier.weight.device
        mean, std = (torch.tensor(values, device=device) for values in (self.mean, self.std))
        return mean[:, None, None], std[:, None, None]

    def speed_up_training(self) -> None:
        """Compile the training pass of the backbone; evaluation stays uncompiled."""
        fast_depthwise(self.backbone)
        self._training_pass = torch.compile(self._map_features)

    def features(self, images: Tensor) -> Tensor:
        """The last feature map F (B, D, h, w) of normalised images (B, C, H, W)."""
        return self._training_pass(images) if self.training else self._map_features(images)

    def attend(self, features: Tensor, *, detach_classifier: bool = False) -> Output:
        """Class attention maps and logits of feature maps (B, D, h, w), in float32.

        Args:
            features: F.
            detach_classifier: let the maps' gradient reach the backbone only.
        """
        weight = self.classifier.weight.detach() if detach_classifier else self.classifier.weight
        with torch.autocast(features.device.type, enabled=False):
            maps = F.conv2d(features.float(), weight[:, :, None, None])  # (B, K, h, w)
            logits = maps.mean((2, 3)) + self.classifier.bias  # (B, K)
        return Output(logits, maps)

    def forward(self, images: Tensor) -> Output:
        """Logits and maps of normalised images (B, C, H, W)."""
        return self.attend(self.features(images))

    def _map_features(self, images: Tensor) -> Tensor:
        return to_map(self.backbone(images), self.backbone, self.layout)

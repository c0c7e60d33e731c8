"""What is trained, and what its loss makes of the labels, whatever the method."""

from dataclasses import dataclass
from typing import Literal

from fer_core.config import checks

Balance = Literal["none", "loss", "root", "sampling"]
WEIGHTED = ("loss", "root")  # those that weight the classification loss


@dataclass(frozen=True)
class ModelOptions:
    """Network."""

    backbone: str = "mobilenetv2_100"
    """Any timm model name, for example resnet50, mobilenetv2_100, test_resnet."""
    pretrained: str = "none"
    """Starting weights: none, hub (timm's own, downloaded), a file (timm's, or another project's
    under timm's names), the folder of an earlier run or of a saved model, bundled, or USER/NAME of
    a model of this project on the Hugging Face Hub. The number of classes may differ."""
    stride: int | None = None
    """Total stride of a convolutional backbone (power of two): 8 gives a 6x6 map at 48 pixels; the
    deepest strided layers become dense. None keeps the backbone's own, usually 32."""
    stem: Literal["own", "small"] = "own"
    """First layers of a convolutional backbone: own, or small (3x3 at stride 1, no pooling), for
    inputs of 32 to 64 pixels."""
    receptive_field: int | None = None
    """Largest receptive field in pixels of a convolutional backbone: the deepest convolutions
    become pointwise (1x1), so that each cell of the attention map depends on its own part of the
    face only. None keeps the backbone's own, which is usually larger than the face."""

    def check_model(self) -> None:
        """Check the values of this group."""
        if self.stride is not None and self.stride not in (2, 4, 8, 16, 32):
            raise ValueError(f"stride must be 2, 4, 8, 16 or 32, got {self.stride}")
        if self.receptive_field is not None:
            checks.at_least("receptive_field", self.receptive_field, 3)


@dataclass(frozen=True)
class LossOptions:
    """Classification loss."""

    label_smoothing: float = 0.0
    """Label smoothing of the cross-entropy, in [0, 1)."""
    balance: Balance = "none"
    """Class balancing: loss (the cross-entropy of a class is weighted by the inverse of its
    effective number of labels), root (by the inverse square root of its number of labels) or
    sampling (every class is drawn equally often)."""
    balance_beta: float = 0.999
    """balance loss and eac_balanced: beta of the effective number (1 - beta^n) / (1 - beta) of n
    labels, in [0, 1); nearer to 1 is nearer to the inverse frequency."""

    def check_loss(self) -> None:
        """Check the values of this group."""
        for name in ("label_smoothing", "balance_beta"):
            checks.in_range(name, getattr(self, name), 0, 1)

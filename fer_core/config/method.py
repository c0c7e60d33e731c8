"""What is trained, and how it learns from labels: network and method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fer_core.config import checks

MethodName = Literal[
    "eac",
    "cross_entropy",
    "label_smoothing",
    "eac_balanced",
    "nla",
    "gce",
    "scn",
    "rul",
    "co_teaching",
]
Balance = Literal["none", "loss", "sampling"]

# What None stands for, by field and method; in every other method the first entry. EAC never shows
# the labelled view mirrored: its flip makes the second view, which meets no label.
METHOD_DEFAULTS: Mapping[str, Mapping[str, float]] = {
    "flip_probability": {"": 0.5, "eac": 0.0, "eac_balanced": 0.0},
    "consistency_weight": {"": 5.0, "eac_balanced": 1.01},
}


@dataclass(frozen=True)
class ModelOptions:
    """Network."""

    backbone: str = "mobilenetv2_100"
    """Any timm model name, for example resnet50, mobilenetv2_100, test_resnet."""
    pretrained: str = "none"
    """Starting weights: none, hub (timm's own, downloaded), or the path of a local file: timm's, or
    the model.safetensors of an earlier run, to go on from it."""
    stride: int | None = None
    """Total stride of a convolutional backbone (power of two): 8 gives a 6x6 map at 48 pixels; the
    deepest strided layers become dense. None keeps the backbone's own, usually 32."""
    stem: Literal["own", "small"] = "own"
    """First layers of a convolutional backbone: own, or small (3x3 at stride 1, no pooling), for
    inputs of 32 to 64 pixels."""

    def check_model(self) -> None:
        """Check the values of this group."""
        if self.stride is not None and self.stride not in (2, 4, 8, 16, 32):
            raise ValueError(f"stride must be 2, 4, 8, 16 or 32, got {self.stride}")


@dataclass(frozen=True)
class MethodOptions:
    """Method and its loss."""

    method: MethodName = "eac"
    """Training method (docs/methods.md): eac (Erasing Attention Consistency), cross_entropy (the
    baseline), label_smoothing, eac_balanced, nla, gce, scn, rul or co_teaching."""
    consistency_weight: float | None = None
    """Lambda of EAC, the weight of the consistency loss. None: what the method's own code has, 5
    for eac, 1.01 for eac_balanced."""
    consistency: Literal["maps", "logits"] = "maps"
    """EAC: what must agree in both views, the attention maps or, as a control, the logits alone."""
    ramp_epochs: int = 0
    """EAC: epochs over which lambda rises from 0; the paper has none. Helps from random weights."""
    hole: Literal["same", "independent", "official"] = "same"
    """EAC: the mirrored view has the same erased region, or an independent one; official: as the
    authors' code, the same on clean labels and an independent one under label noise."""
    detach_classifier: bool = True
    """EAC: keep the consistency gradient out of the classifier's weights, as the official code."""
    views: Literal["two_passes", "one_pass"] = "two_passes"
    """EAC: BatchNorm sees the two views apart (two_passes) or together (one_pass)."""
    label_smoothing: float = 0.0
    """Label smoothing of the cross-entropy, in [0, 1)."""
    balance: Balance = "none"
    """Against rare classes: loss (the cross-entropy of a class weighs with the inverse of its
    effective number of labels) or sampling (every class is drawn equally often)."""
    balance_beta: float = 0.999
    """balance loss and eac_balanced: beta of the effective number (1 - beta^n) / (1 - beta) of n
    labels, in [0, 1); nearer to 1 is nearer to the inverse frequency."""
    rare_smoothing: float = 0.3
    """eac_balanced: share of the label that is spread over the other classes, rare ones first."""
    ambiguity_share: float = 0.5
    """nla: lambda, the share of the weighted cross-entropy in the loss, in (0, 1]; the rest is the
    consistency of the two views."""
    gce_exponent: float = 0.7
    """gce: q of (1 - p^q) / q, in (0, 1]: towards 0 the cross-entropy, at 1 the absolute error."""
    confident_share: float = 0.7
    """scn: share of a batch that counts as certain, in (0, 1)."""
    confidence_margin: float = 0.07
    """scn: gap asked for between the mean weights of the certain and the uncertain images: 0.07 at
    batch 64, 0.15 at the paper's batch of 1,024."""
    relabel_epoch: int = 10
    """scn: first epoch, counted from 1, in which labels may change; above epochs: never."""
    relabel_margin: float = 0.2
    """scn: the label of an uncertain image changes when another class is more probable by more
    than this; at 1: never."""
    forget_rate: float | None = None
    """co_teaching: share of each batch that is left out in the end, best the share of wrong labels;
    None: noise_rate, so without noise nothing. Human noise and noise lists need a number."""
    forget_epochs: int = 10
    """co_teaching: epochs over which the share that is left out rises from 0."""

    def check_method(self) -> None:
        """Check the values of this group."""
        if self.consistency_weight is not None:
            checks.finite("consistency_weight", self.consistency_weight)
            checks.at_least("consistency_weight", self.consistency_weight, 0)
        if self.consistency == "logits" and self.method == "eac_balanced":
            raise ValueError(
                "method 'eac_balanced' weighs the maps of the classes: consistency must be 'maps', "
                "got 'logits'"
            )
        checks.at_least("ramp_epochs", self.ramp_epochs, 0)
        checks.at_least("relabel_epoch", self.relabel_epoch, 1)
        checks.at_least("forget_epochs", self.forget_epochs, 0)
        for name in ("label_smoothing", "rare_smoothing", "balance_beta"):
            checks.in_range(name, getattr(self, name), 0, 1)
        for name in ("confidence_margin", "relabel_margin"):
            checks.in_range(name, getattr(self, name), 0, 1, closed=True)
        for name in ("gce_exponent", "ambiguity_share"):
            checks.in_open_range(name, getattr(self, name), 0, 1)
        if not 0 < self.confident_share < 1:
            raise ValueError(f"confident_share must be in (0, 1), got {self.confident_share}")
        if self.forget_rate is not None:
            checks.in_range("forget_rate", self.forget_rate, 0, 1)
        if self.method == "label_smoothing" and not self.label_smoothing:
            raise ValueError(
                "method 'label_smoothing' needs label_smoothing above 0, for example 0.1, got 0"
            )

"""A training method of your own in one file: the focal loss.

Lin, Goyal, Girshick, He, Dollar: "Focal Loss for Dense Object Detection", ICCV 2017,
https://arxiv.org/abs/1708.02002, equation 4 without the weights alpha. With p the probability of
the noisy label, (1 - p)^g turns the loss of easy images down:

    L = -(1 - p)^g log p

Train with it here, or by its name from the command line:

    python examples/own_method.py
    fer-core train --method examples/own_method.py:FocalLoss --focus 2
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import torch.nn.functional as F

from fer_core import RunConfig, train
from fer_core.config import checks
from fer_core.methods import Batch, Method, MethodOptions, Paper, StepOutput, register_method

PAPER = Paper(
    "lin2017focal",
    "Focal Loss for Dense Object Detection",
    *(("Lin", "Goyal", "Girshick", "He", "Dollar"), "ICCV", 2017, "1708.02002"),
)


@dataclass(frozen=True)
class FocalOptions(MethodOptions):
    """Options of the focal loss alone."""

    focus: float = 2.0
    """g, how far easy images are turned down; 0: the cross-entropy."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        checks.at_least("focus", self.focus, 0)


@register_method("focal", options=FocalOptions, paper=PAPER, title="Focal loss", hard_labels=True)
class FocalLoss(Method[FocalOptions]):
    """The focal loss of the erased image."""

    def forward(self, batch: Batch) -> StepOutput:
        """Loss of one batch."""
        logits = self.model(self.labelled_view(batch)).logits  # (B, K)
        losses = F.cross_entropy(logits, batch.noisy_labels, reduction="none")  # (B,) -log p
        loss = ((1 - (-losses).exp()) ** self.options.focus * losses).mean()
        return StepOutput(loss, logits.detach(), {"classification": loss.detach()})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    small = {"image_size": 64, "backbone": "test_resnet", "epochs": 1, "learning_rate": 2e-3}
    train(RunConfig(method="focal", **small), Path("runs/focal"))

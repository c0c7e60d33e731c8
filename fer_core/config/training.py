"""How a run learns: augmentation of the images, and the optimiser's steps."""

from dataclasses import dataclass
from typing import Literal, get_args

from fer_core.config import checks
from fer_core.io.files import LONGEST_NUMBER

ScheduleName = Literal["exponential", "cosine", "constant", "step", "poly", "tanh"]
Precision = Literal["auto", "no", "bf16", "fp16"]
SelectionMeasure = Literal["accuracy", "mean_class_accuracy"]
CorruptionKind = Literal["noise", "blur", "jpeg", "resolution", "brighter", "darker"]


@dataclass(frozen=True)
class AugmentationOptions:
    """Random changes of the training images."""

    erase_probability: float = 0.5
    """Random erasing: probability that a region of a face is erased."""
    erase_scale: tuple[float, float] = (0.02, 0.25)
    """Random erasing: least and largest share of the image's area."""
    erase_ratio: tuple[float, float] = (0.3, 3.3)
    """Random erasing: least and largest height / width of the region."""
    flip_probability: float | None = None
    """Probability that the labelled view is flipped. None: 0 for eac and eac_balanced, whose flip
    makes the second view and never meets a label; 0.5 for every other method."""
    pixel_noise: float = 0.0
    """Gaussian pixel noise on half of the labelled views: its variance in grey levels squared (30
    in the official code of EAC); 0: off."""
    rotation: float = 0.0
    """Random rotation, up to this many degrees each way."""
    zoom: float = 0.0
    """Random zoom, a factor of up to 1 +- this."""
    shift: float = 0.0
    """Random shift, up to this share of the side each way."""
    jitter: float = 0.0
    """Random brightness and contrast, factors of up to 1 +- this."""
    corruption: float = 0.0
    """Probability that an image is degraded as by a poor camera: one or two of corruption_kinds, at
    a lower resolution (docs/training.md); 0: off."""
    corruption_kinds: tuple[CorruptionKind, ...] = get_args(CorruptionKind)
    """Which corruptions there are; one that is named twice is drawn twice as often."""
    mixup: float = 0.0
    """Mixup: alpha of the Beta(alpha, alpha) shares in which two images and their labels are
    mixed; 0: off."""

    def check_augmentation(self) -> None:
        """Check the values of this group."""
        for name in ("zoom", "shift", "jitter"):
            checks.in_range(name, getattr(self, name), 0, 1)
        checks.in_range("rotation", self.rotation, 0, 180, closed=True)
        for name in ("erase_probability", "flip_probability", "corruption"):
            if getattr(self, name) is not None:
                checks.in_range(name, getattr(self, name), 0, 1, closed=True)
        if not self.corruption_kinds:
            raise ValueError(
                f"corruption_kinds must name at least one of {get_args(CorruptionKind)}; "
                "corruption 0 switches them off"
            )
        checks.in_range("pixel_noise", self.pixel_noise, 0, 255**2, closed=True)
        checks.pair("erase_scale", self.erase_scale, 1)
        checks.pair("erase_ratio", self.erase_ratio, float("inf"))
        checks.finite("mixup", self.mixup)
        checks.at_least("mixup", self.mixup, 0)


@dataclass(frozen=True)
class OptimisationOptions:
    """Steps, weights and arithmetic."""

    epochs: int = 40
    """Passes over the training set."""
    batch_size: int = 64
    """Images per forward pass, over all processes together."""
    accumulate: int = 1
    """Gradient accumulation: forward passes whose gradients make one step of the optimiser, so a
    step sees accumulate * batch_size images. BatchNorm sees the images of one pass."""
    optimizer: str = "adam"
    """adam, adamw, sgd (Nesterov momentum 0.9), or any other name of timm.optim.list_optimizers(),
    for example lamb, lion, nadamw; each needs its own learning rate (docs/training.md)."""
    learning_rate: float = 2e-4
    """Peak learning rate."""
    weight_decay: float = 1e-4
    """Weight decay of the optimiser."""
    decay_norms: bool = True
    """Weight decay of norms and biases as well, as in the HUST report (2024); without it only of
    weight matrices and kernels."""
    clip_norm: float = 0.0
    """Gradient clipping: the largest norm of all gradients together, for example 1; 0: off."""
    schedule: ScheduleName = "exponential"
    """Learning rate: exponential (times gamma each epoch), step (times gamma each decay_epochs),
    poly ((1 - t) ** gamma), tanh, cosine to zero, or constant."""
    gamma: float = 0.9
    """exponential and step: factor of each drop, in (0, 1]; poly: exponent, above 0."""
    decay_epochs: int = 10
    """step: epochs between two drops of the learning rate."""
    warmup_epochs: int = 0
    """Epochs of linear warm-up at the start."""
    ema_decay: float = 0.0
    """Evaluate and keep an exponential moving average of the weights with this decay per step, for
    example 0.999; 0: the weights themselves."""
    tta_flip: bool = False
    """Flip TTA: evaluate on the average over each image and its flipped copy."""
    select_by: SelectionMeasure = "accuracy"
    """What the epoch is chosen by on the held-out images: accuracy, or mean_class_accuracy, by
    which rare classes count as much as frequent ones. Needs holdout above 0."""
    patience: int = 0
    """Early stopping: end the run after this many epochs that select_by finds no better; 0: never.
    Needs holdout above 0."""

    seed: int = 0
    """Seed of initial weights, noise, order and augmentation."""
    precision: Precision = "auto"
    """Mixed precision: no (float32), bf16 or fp16 (GPU only); auto: bf16 where the device is faster
    with it, else float32. The record says which one it was."""
    compile: bool = False
    """Compile the backbone's training pass with torch.compile: slow to start, then faster
    for some networks and sizes, slower for others (docs/experiments.md)."""
    sync_batch_norm: bool = False
    """On several GPUs: BatchNorm over the images of all processes."""

    def check_optimisation(self) -> None:
        """Check the values of this group."""
        checks.at_least("epochs", self.epochs, 1)
        checks.at_least("batch_size", self.batch_size, 2)
        for name in ("learning_rate", "weight_decay"):
            checks.finite(name, getattr(self, name))
        checks.above("learning_rate", self.learning_rate, 0)
        checks.at_least("weight_decay", self.weight_decay, 0)
        checks.at_least("accumulate", self.accumulate, 1)
        checks.finite("clip_norm", self.clip_norm)
        checks.at_least("clip_norm", self.clip_norm, 0)
        checks.in_open_range("gamma", self.gamma, 0, 10 if self.schedule == "poly" else 1)
        checks.at_least("decay_epochs", self.decay_epochs, 1)
        if not 0 <= self.warmup_epochs < self.epochs:
            raise ValueError(
                f"warmup_epochs must be in [0, epochs = {self.epochs}), got {self.warmup_epochs}"
            )
        checks.in_range("ema_decay", self.ema_decay, 0, 1)
        checks.at_least("patience", self.patience, 0)
        if not 0 <= self.seed < 10**LONGEST_NUMBER:
            raise ValueError(f"seed must be in [0, 10**{LONGEST_NUMBER}), got {self.seed}")

"""The configuration of one training run: what is stored in its record and shown as its options."""

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

MethodName = Literal["eac", "cross_entropy"]
NoiseKind = Literal["none", "symmetric", "asymmetric", "fer2013", "rater", "file"]
Targets = Literal["labels", "votes"]
RATED_NOISE = ("symmetric", "asymmetric")  # the kinds that noise_rate belongs to
OptimiserName = Literal["adam", "adamw", "sgd"]
ScheduleName = Literal["exponential", "cosine", "constant"]
Precision = Literal["no", "bf16", "fp16"]


@dataclass(frozen=True)
class RunConfig:
    """All that decides the outcome of a run. Same config, same record (on CPU)."""

    data: str = "synthetic"
    """Data set: synthetic, ferplus:PATH, fer2013:PATH, rafdb:PATH, affectnet:PATH, folder:PATH or
    hf:ID; options as ?classes=7 (docs/data.md)."""
    dedup: bool = False
    """Drop test images that also stand in train, pixel by pixel."""
    leave_out: str | None = None
    """List of files to leave out, as 'train.data check --fix-list' writes it."""
    image_size: int = 48
    """Side of the square network input in pixels."""
    channels: Literal[1, 3] = 3
    """Input channels: 3 (grey pictures are repeated) or 1 (colour pictures become grey)."""

    noise: NoiseKind = "none"
    """Label noise of the training set: none; symmetric (to any other class) or asymmetric (to the
    classes of confusions), both at noise_rate; human: fer2013 (FERPlus with FER2013's own labels)
    or rater (FERPlus with one random rater's answer); or the list in noise_file."""
    noise_rate: float = 0.0
    """Share of the training labels that noise changes, in [0, 1); asymmetric: of each class that is
    confused with others."""
    confusions: str = "people"
    """Asymmetric noise, which class is taken for which: people (fear and surprise, sadness and
    neutral, anger and disgust) or a CSV table of weights, a row a class."""
    noise_file: str | None = None
    """List of noisy labels in RAF-DB format: one 'train_00001.jpg 5' a line."""
    targets: Targets = "labels"
    """What the classification loss aims at: labels, or votes (the share of each class in the
    raters' votes; FERPlus without noise)."""

    backbone: str = "mobilenetv2_100"
    """Any timm model name, for example resnet50, mobilenetv2_100, test_resnet."""
    pretrained: str = "none"
    """Starting weights: none, hub (timm's own, downloaded), or the path of a local file: timm's, or
    the model.safetensors of an earlier run, to go on from it."""
    stride: int | None = None
    """Total stride of a convolutional backbone (power of two): 8 gives a 6x6 map at 48 pixels.
    None keeps the backbone's own, usually 32."""

    method: MethodName = "eac"
    """Training method: eac (Erasing Attention Consistency) or cross_entropy (the plain model)."""
    consistency_weight: float = 5.0
    """Lambda of EAC: weight of the consistency loss."""
    ramp_epochs: int = 0
    """EAC: epochs over which lambda rises from 0; the paper has none. Helps from random weights."""
    hole: Literal["same", "independent"] = "same"
    """EAC: whether the mirrored view shows the same erased area or one of its own."""
    detach_classifier: bool = True
    """EAC: keep the consistency gradient out of the classifier's weights, as the official code."""
    views: Literal["two_passes", "one_pass"] = "two_passes"
    """EAC: BatchNorm sees the two views apart (two_passes) or together (one_pass)."""
    label_smoothing: float = 0.0
    """Label smoothing of the cross-entropy, in [0, 1)."""

    erase_probability: float = 0.5
    """Random erasing: probability that a face gets a hole."""
    erase_scale: tuple[float, float] = (0.02, 0.25)
    """Random erasing: least and largest share of the picture's area."""
    erase_ratio: tuple[float, float] = (0.3, 3.3)
    """Random erasing: least and largest height / width of the hole."""
    flip_probability: float = 0.5
    """Probability that a training face is mirrored."""
    rotation: float = 0.0
    """Random rotation, up to this many degrees each way."""
    zoom: float = 0.0
    """Random zoom, a factor of up to 1 +- this."""
    shift: float = 0.0
    """Random shift, up to this share of the side each way."""
    jitter: float = 0.0
    """Random brightness and contrast, factors of up to 1 +- this."""

    epochs: int = 40
    """Passes over the training set."""
    batch_size: int = 64
    """Images a step."""
    optimizer: OptimiserName = "adam"
    """adam, adamw or sgd (Nesterov momentum 0.9)."""
    learning_rate: float = 2e-4
    """Peak learning rate."""
    weight_decay: float = 1e-4
    """Weight decay of the optimiser."""
    schedule: ScheduleName = "exponential"
    """Learning rate: exponential (times gamma each epoch), cosine to zero, or constant."""
    gamma: float = 0.9
    """Factor of the exponential schedule per epoch."""
    warmup_epochs: int = 0
    """Epochs of linear warm-up at the start."""

    seed: int = 0
    """Seed of initial weights, noise, order and augmentation."""
    precision: Precision = "no"
    """Mixed precision: no (float32), bf16 or fp16 (GPU only)."""
    compile: bool = False
    """Compile the backbone's training pass with torch.compile: slow to start, then faster."""

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            ValueError: naming the argument, its value and what is allowed.
        """
        self._check_choices()
        for name in ("consistency_weight", "learning_rate", "weight_decay"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, got {getattr(self, name)}")
        if not 16 <= self.image_size <= 2048:
            raise ValueError(f"image_size must be 16 to 2048, got {self.image_size}")
        _at_least("epochs", self.epochs, 1)
        _at_least("batch_size", self.batch_size, 2)
        _at_least("consistency_weight", self.consistency_weight, 0)
        _at_least("ramp_epochs", self.ramp_epochs, 0)
        _at_least("weight_decay", self.weight_decay, 0)
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be in [0, 2**63), got {self.seed}")
        _in_range("noise_rate", self.noise_rate, 0, 1)
        _in_range("label_smoothing", self.label_smoothing, 0, 1)
        for name in ("zoom", "shift", "jitter"):
            _in_range(name, getattr(self, name), 0, 1)
        _in_range("rotation", self.rotation, 0, 180, closed=True)
        for name in ("erase_probability", "flip_probability"):
            _in_range(name, getattr(self, name), 0, 1, closed=True)
        _pair("erase_scale", self.erase_scale, 1)
        _pair("erase_ratio", self.erase_ratio, float("inf"))
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma must be in (0, 1], got {self.gamma}")
        if not 0 <= self.warmup_epochs < self.epochs:
            raise ValueError(
                f"warmup_epochs must be in [0, epochs = {self.epochs}), got {self.warmup_epochs}"
            )
        if self.stride is not None and self.stride not in (2, 4, 8, 16, 32):
            raise ValueError(f"stride must be 2, 4, 8, 16 or 32, got {self.stride}")
        self._check_noise()

    def _check_choices(self) -> None:
        for field in dataclasses.fields(self):
            if get_origin(field.type) is Literal:
                value, allowed = getattr(self, field.name), get_args(field.type)
                if value not in allowed:
                    near = difflib.get_close_matches(str(value), [str(item) for item in allowed], 1)
                    hint = f"; did you mean {near[0]!r}?" if near else ""
                    raise ValueError(f"{field.name} must be one of {allowed}, got {value!r}{hint}")

    def _check_noise(self) -> None:
        if self.noise == "file" and not self.noise_file:
            raise ValueError("noise 'file' needs noise_file, the path of a list of labels")
        if self.noise != "file" and self.noise_file:
            raise ValueError(f"noise_file is read with noise 'file' only, got noise {self.noise!r}")
        if self.noise not in RATED_NOISE and self.noise_rate > 0:
            raise ValueError(
                f"noise_rate {self.noise_rate} has no effect with noise {self.noise!r}: it belongs "
                f"to {' and '.join(RATED_NOISE)} noise"
            )
        if self.noise != "asymmetric" and self.confusions != "people":
            raise ValueError(
                f"confusions belong to asymmetric noise, got noise {self.noise!r} and confusions "
                f"{self.confusions!r}"
            )
        if self.targets == "votes" and self.noise != "none":
            raise ValueError(
                f"targets 'votes' are the raters' own uncertainty and take no noise, got noise "
                f"{self.noise!r}"
            )


def to_json(config: RunConfig) -> dict[str, Any]:
    """The configuration as plain JSON values."""
    values = dataclasses.asdict(config)
    pairs = {"erase_scale": list(config.erase_scale), "erase_ratio": list(config.erase_ratio)}
    return values | pairs


def without_folders(config: RunConfig) -> RunConfig:
    """The configuration as it may be published: of every path only the last name is left.

    The name of a data set on the Hugging Face hub, ``hf:OWNER/NAME``, is no path and stays.
    """
    kind, colon, rest = config.data.partition(":")
    text, query, options = rest.partition("?")
    path = PurePath(text)
    may_be_id = kind == "hf" and len(path.parts) == 2 and text[0] not in "/.~"
    data = f"{kind}{colon}{text if may_be_id else path.name}{query}{options}"
    names = {
        name: PurePath(value).name if value else value
        for name in ("leave_out", "noise_file", "confusions", "pretrained")
        for value in (getattr(config, name),)
    }
    return dataclasses.replace(config, data=data, **names)


def from_json(values: Mapping[str, Any]) -> RunConfig:
    """The configuration that `to_json` wrote; checked again.

    Raises:
        ValueError: for an unknown field or a value that is not allowed.
    """
    known = {field.name for field in dataclasses.fields(RunConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"unknown configuration fields: {', '.join(unknown)}")
    pairs: dict[str, Any] = {
        name: tuple(values[name]) for name in ("erase_scale", "erase_ratio") if name in values
    }
    return RunConfig(**{**values, **pairs})


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def _in_range(name: str, value: float, low: float, high: float, *, closed: bool = False) -> None:
    inside = low <= value <= high if closed else low <= value < high
    if not inside:
        raise ValueError(f"{name} must be in [{low}, {high}{']' if closed else ')'}, got {value}")


def _pair(name: str, value: tuple[float, float], high: float) -> None:
    if not (0 < value[0] <= value[1] <= high and math.isfinite(value[1])):
        raise ValueError(f"{name} must be two numbers, 0 < least <= largest <= {high}, got {value}")

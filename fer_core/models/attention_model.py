"""AttentionModel: a backbone whose logits and class attention maps come from one pass.

Class attention map (CAM, Zhou et al., CVPR 2016) of class j: M[n, j] = sum over the channels c of
W[j, c] * F[n, c], raw: no ReLU, no normalisation, no bias. The logits are its mean plus the bias,
so a map explains its logit exactly, for every backbone.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_core.config import RunConfig
from fer_core.models.backbones import create_backbone, synchronised_batch_norm
from fer_core.models.feature_maps import BackboneError, MapLayout, to_map
from fer_core.models.own_backbones import own_name, wrap_backbone
from fer_core.models.saved_config import Stem
from fer_core.models.starting_weights import (
    Match,
    WeightsError,
    adapt_channels,
    judge,
    read_weights,
    refuse_larger,
    unwrap,
)
from fer_core.transforms.functional import mirror

logger = logging.getLogger(__name__)
OWN = ("backbone.", "classifier.")
OWN_CLASSIFIER = ("classifier.weight", "classifier.bias")


class Output(NamedTuple):
    """One pass of the model.

    Attributes:
        logits: (B, K) float32.
        maps: (B, K, h, w) float32; ``maps.mean((2, 3)) + bias == logits``.
    """

    logits: Tensor
    maps: Tensor


class Backend(Protocol):
    """What computes a model's outputs (`fer_core.inference.backends`)."""

    name: str

    def views(self, images: Tensor, *, flipped: bool) -> tuple[Output, ...]:
        """The outputs on the images, and on their flipped images where those are wanted.

        Args:
            images: (B, C, H, W) float32, normalised, on the model's device.
            flipped: also look at the flipped images; their maps are flipped back.
        """
        ...


class AttentionModel(nn.Module):
    """A backbone, average pooling and one linear classifier."""

    def __init__(
        self,
        backbone: str | nn.Module,
        classes: int,
        *,
        image_size: int,
        channels: int = 3,
        stride: int | None = None,
        stem: Stem = "own",
        receptive_field: int | None = None,
        pretrained: str = "none",
        num_features: int | None = None,
    ) -> None:
        """Create the model.

        Args:
            backbone: timm model name, or a module of your own that maps (B, C, H, W) to (B, D, h,
                w).
            classes: number of classes K.
            image_size: side of the input in pixels.
            channels: input channels, 1 or 3.
            stride: total stride of the backbone, None for its own.
            stem: ``own``, or ``small`` for inputs of 32 to 64 pixels.
            receptive_field: its largest side in pixels, None for the backbone's own.
            pretrained: ``none``, ``hub``, or the path of a weights file: timm's, or one that this
                project saved (then the classifier is taken over as well, if it has as many
                classes). What of a file fits is in ``match`` (None without a file).
            num_features: channels D of the map of your own module, to be checked; None: what it
                gives.

        Raises:
            BackboneError: as `create_backbone` and `wrap_backbone`.
        """
        super().__init__()
        own = _read_own_weights(pretrained)
        if isinstance(backbone, nn.Module):
            start = "none" if own else pretrained
            _refuse_timm_options(backbone, stride, stem, receptive_field, start)
            made = wrap_backbone(backbone, num_features, channels=channels, image_size=image_size)
            backbone = own_name(backbone)
        else:
            made = create_backbone(
                backbone,
                pretrained="none" if own else pretrained,
                channels=channels,
                image_size=image_size,
                stride=stride,
                stem=stem,
                receptive_field=receptive_field,
            )
        self.backbone = made.network
        self.layout: MapLayout = made.layout
        self.mean, self.std = made.mean, made.std
        self.classifier = nn.Linear(made.features, classes)
        self._training_pass = self._map_features
        self.match = self._take_weights(own, backbone, pretrained) if own else made.match

    def _take_weights(self, state: dict[str, Tensor], backbone: str, file: str) -> Match:
        wanted = self.backbone.state_dict()
        held = {name.removeprefix("backbone."): value for name, value in state.items()}
        held = adapt_channels(held, wanted)
        fit = {n: v for n, v in held.items() if n in wanted and v.shape == wanted[n].shape}
        missing = [n for n in wanted if n not in fit and not n.endswith("num_batches_tracked")]
        sizes = {name: value.numel() for name, value in self.backbone.named_parameters()}
        try:
            match = judge(backbone, file, sizes, missing, state)
            refuse_larger(backbone, wanted, held)
        except WeightsError as error:
            raise BackboneError(f"the model at {file} is another one: {error}") from error
        self.backbone.load_state_dict(fit, strict=False)
        weight, bias = (state[name] for name in OWN_CLASSIFIER)
        if weight.shape != self.classifier.weight.shape:
            logger.warning(
                "%s has %d classes, this model %d: its classifier starts at random",
                *(file, len(weight), len(self.classifier.weight)),
            )
            return match
        self.classifier.load_state_dict({"weight": weight, "bias": bias})
        return replace(match, classifier=True)

    def channels_last(self) -> Self:
        """Store the weights channels last, the faster layout for convolutions."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self

    def scale_by_temperature(self, temperature: float) -> None:
        """Divide the logits by a temperature (`fer_core.metrics.calibration`) from now on.

        The division is made in the classifier's weights and bias, so the maps shrink with the
        logits and still explain them exactly; the predicted class does not change.
        """
        with torch.no_grad():
            self.classifier.weight.div_(temperature)
            self.classifier.bias.div_(temperature)

    def shift_logits(self, shift: Tensor) -> None:
        """Add (K,) numbers to the logits from now on, in the classifier's bias; no map changes."""
        with torch.no_grad():
            self.classifier.bias.add_(shift)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the input, (C, 1, 1) each, on the model's device."""
        device = self.classifier.weight.device
        mean, std = (torch.tensor(values, device=device) for values in (self.mean, self.std))
        return mean[:, None, None], std[:, None, None]

    def synchronise_batch_norm(self) -> None:
        """Let BatchNorm see the images of all processes; several GPUs only."""
        self.backbone = synchronised_batch_norm(self.backbone)

    def speed_up_training(self) -> None:
        """Compile the training pass of the backbone; evaluation stays uncompiled."""
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

    def tta_average(self, images: Tensor) -> Output:
        """Mean of the outputs on the images and on their flipped images.

        The maps of the flipped view are flipped back first, so the mean map still explains the
        mean logit exactly: ``maps.mean((2, 3)) + bias == logits``.
        """
        unflipped, flipped = self.both_views(images)
        return average(unflipped, flipped)

    def both_views(self, images: Tensor) -> tuple[Output, Output]:
        """The outputs on the images and on their flipped images, whose maps are flipped back."""
        unflipped, flipped = self(images), self(mirror(images))
        return unflipped, Output(flipped.logits, mirror(flipped.maps))

    def _map_features(self, images: Tensor) -> Tensor:
        return to_map(self.backbone(images), self.backbone, self.layout)


def average(one: Output, other: Output) -> Output:
    """Mean of two outputs on the same images; its maps explain its logits as theirs do."""
    return Output((one.logits + other.logits) / 2, (one.maps + other.maps) / 2)


def create_model(
    config: RunConfig, classes: int, backbone: nn.Module | None = None
) -> AttentionModel:
    """The network that a run's configuration asks for, with ``classes`` outputs.

    Args:
        config: of the run.
        classes: number of classes K.
        backbone: the module that ``config.backbone`` names, when that is none of timm's.

    Raises:
        BackboneError: see `AttentionModel`.
    """
    return AttentionModel(
        backbone or config.backbone,
        classes,
        image_size=config.image_size,
        channels=config.channels,
        stride=config.stride,
        stem=config.stem,
        receptive_field=config.receptive_field,
        pretrained=config.pretrained,
    )


def _refuse_timm_options(
    backbone: nn.Module,
    stride: int | None,
    stem: Stem,
    receptive_field: int | None,
    pretrained: str,
) -> None:
    asked = {
        "stride": (stride, None),
        "stem": (stem, "own"),
        "receptive_field": (receptive_field, None),
        "pretrained": (pretrained, "none"),
    }
    for name, (value, default) in asked.items():
        if value != default:
            raise BackboneError(
                f"{name} {value!r} changes backbones of timm, {own_name(backbone)} is a module of "
                "your own: build it as you want it, with its weights"
            )


def _read_own_weights(pretrained: str) -> dict[str, Tensor]:
    """The state of an `AttentionModel` when ``pretrained`` is the file of one, else nothing."""
    if not Path(pretrained).is_file():
        return {}
    try:
        state = read_weights(Path(pretrained))
    except WeightsError as error:
        raise BackboneError(str(error)) from error
    state = unwrap(state, [name for name in state if name.startswith(OWN)] or OWN_CLASSIFIER)
    own = set(OWN_CLASSIFIER) <= set(state) and all(name.startswith(OWN) for name in state)
    return {name: value.float() for name, value in state.items()} if own else {}

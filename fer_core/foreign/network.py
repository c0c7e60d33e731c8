"""A network of another project, whichever library made it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from fer_core.config.input_spec import LARGEST_SIDE, InputSpec
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.models.pretrained import LEAST_BYTES
from fer_core.models.saved_model import WEIGHTS_FILE, ModelError

BLANK = 64  # pixels, of the image that a new network is tried on


@dataclass(frozen=True)
class Network:
    """An image classifier and its own preprocessing.

    Attributes:
        library: that made it, ``timm`` or ``transformers``.
        version: of the library here.
        architecture: as the library calls it.
        labels: L names in the order of the logits.
        module: in evaluation mode.
        prepare: RGB images of any size -> (B, C, H, W) as the module wants them.
        answer: of the module: (B, C, H, W) -> logits (B, L).
    """

    library: str
    version: str
    architecture: str
    labels: tuple[str, ...]
    module: nn.Module
    prepare: Callable[[Sequence[Image.Image]], Tensor]
    answer: Callable[[Tensor], Tensor]

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        return next(self.module.parameters()).device

    @property
    def input(self) -> InputSpec:
        """How faces are cut out of photographs for it; it scales and normalises them itself.

        Which crops it was trained on is not known: the usual places of eyes and mouth are taken.
        """
        side = int(self.prepare([blank_image()]).shape[-1])
        places = tuple((float(x), float(y)) for x, y in USUAL_LANDMARKS)
        return InputSpec(side, 3, (0.0,) * 3, (1.0,) * 3, side, False, places)

    def logits(self, images: Sequence[Image.Image]) -> Tensor:
        """Logits (B, L) float32 of RGB images, on the CPU.

        Raises:
            ModelError: when they are not numbers.
        """
        with torch.inference_mode():
            logits = self.answer(self.prepare(images).to(self.device)).float().cpu()
        if not torch.isfinite(logits).all():
            raise ModelError(f"{self.architecture} gives NaN or infinity: it is broken")
        return logits


def check_parameters(module: nn.Module, folder: Path) -> None:
    """Refuse a network that the weights cannot be of before room is made for it.

    Args:
        module: on PyTorch's meta device.
        folder: of the weights.

    Raises:
        ValueError: when the file has too few bytes for the parameters.
    """
    count = sum(parameter.numel() for parameter in module.parameters())
    size = (folder / WEIGHTS_FILE).stat().st_size
    if LEAST_BYTES * count > size:
        raise ValueError(
            f"its configuration makes {count:,} parameters, the {size:,} bytes of {WEIGHTS_FILE} "
            "are of a smaller network"
        )


def check_answers(network: Network) -> None:
    """Try a network on a blank image.

    Raises:
        ValueError: when it does not give one logit a label, or takes too large an input.
    """
    prepared = network.prepare([blank_image()])
    if prepared.ndim != 4 or not 1 <= max(prepared.shape[2:]) <= LARGEST_SIDE:
        raise ValueError(
            f"its input must be images of at most {LARGEST_SIDE} pixels a side, got "
            f"{tuple(prepared.shape)}"
        )
    found = tuple(network.logits([blank_image()]).shape)
    if found != (1, len(network.labels)):
        raise ValueError(f"it gives logits of shape {found} for {len(network.labels)} labels")


def blank_image() -> Image.Image:
    """What a new network is tried on."""
    return Image.new("RGB", (BLANK, BLANK), "grey")

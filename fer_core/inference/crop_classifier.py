"""Faces that are cut out already go through the model: pixels, passes, the mean of the views."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.inference.backends import Backend
from fer_core.inference.face_prediction import Classification
from fer_core.models.attention_model import Output, average
from fer_core.transforms.functional import normalise

FACES_A_PASS = 64


class CropClassifier:
    """Classifies crops of faces."""

    def __init__(
        self,
        spec: InputSpec,
        backend: Backend,
        device: torch.device,
        *,
        mirror: bool,
    ) -> None:
        """Classify with a backend.

        Args:
            spec: of the model's input.
            backend: what computes the outputs.
            device: that the images go to.
            mirror: average over each crop and its flipped copy.
        """
        self._spec, self._backend, self._device, self._mirror = spec, backend, device, mirror
        self._mean = torch.tensor(spec.mean, device=device)[:, None, None]
        self._std = torch.tensor(spec.std, device=device)[:, None, None]

    def classify(self, crops: Sequence[Image.Image]) -> Classification:
        """The answers on N crops of any size, which are resized to the model's input."""
        size, channels = self._spec.size, self._spec.channels
        views: list[tuple[Output, ...]] = []
        for start in range(0, max(1, len(crops)), FACES_A_PASS):
            pixels = np.stack(
                [self._pixels(crop) for crop in crops[start : start + FACES_A_PASS]]
                or [np.zeros((size, size, channels), np.uint8)]
            )
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self._device)
            normalised = normalise(images, self._mean, self._std)
            views.append(self._backend.views(normalised, flipped=self._mirror))
        parts = [_joined(outputs, len(crops)) for outputs in zip(*views, strict=True)]
        whole = average(*parts) if len(parts) > 1 else parts[0]
        return Classification(
            whole.logits.softmax(1).numpy(),
            whole.maps.numpy(),
            np.stack([part.logits.softmax(1).numpy() for part in parts], 1),
            np.stack([part.maps.numpy() for part in parts], 1),
        )

    def _pixels(self, crop: Image.Image) -> np.ndarray:
        """A crop as (S, S, C) uint8."""
        spec = self._spec
        image = crop.convert("L" if spec.grey else "RGB")
        if image.size != (spec.size, spec.size):
            image = image.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        image = image.convert("L" if spec.channels == 1 else "RGB")
        return np.asarray(image).reshape(spec.size, spec.size, spec.channels)


def _joined(outputs: Sequence[Output], count: int) -> Output:
    """The answers of several passes as one, on the CPU, of the first ``count`` images."""
    logits, maps = (torch.cat(parts)[:count].cpu() for parts in zip(*outputs, strict=True))
    return Output(logits, maps)

"""Embeddings of faces: those of one person lie close to each other.

The network is one that was trained to tell people apart, such as the MobileNetV1 of HSE_FaceRec
(docs/training.md, "Trained on faces, without the Hub"), in a file of ``fer-core convert-weights``.
Its weights are not part of this project. An embedding identifies a person: keep none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from fer_core.config.input_spec import InputSpec
from fer_core.errors import FerError
from fer_core.faces.align import align
from fer_core.models.feature_maps import BackboneError
from fer_core.models.timm_networks import check_known

SIDE = 224  # pixels of the network's input
# Eye, eye and mouth in it, as shares of its side: of the crops that were tried, those of these
# places tell faces apart best (benchmarks/identity.py).
PLACES = ((0.34, 0.42), (0.66, 0.42), (0.50, 0.73))


class EmbeddingError(FerError, ValueError):
    """A file that holds no network for embeddings."""


class FaceEmbedder:
    """Turns faces of a photograph into unit vectors whose cosine tells how alike they are."""

    def __init__(self, weights: Path) -> None:
        """Load a network.

        Args:
            weights: file that ``fer-core convert-weights`` wrote.

        Raises:
            EmbeddingError: when it is missing or something else.
        """
        network = _load(weights)
        settings: Any = network.pretrained_cfg
        mean, std = tuple(settings["mean"]), tuple(settings["std"])
        self._spec = InputSpec(SIDE, 3, mean, std, SIDE, grey=False, landmarks=PLACES)
        self._mean, self._std = (torch.tensor(one)[:, None, None] for one in (mean, std))
        self._network = network

    def __call__(self, photo: Image.Image, landmarks: Sequence[np.ndarray]) -> np.ndarray:
        """The embeddings (N, D) of N faces, float32, each of length 1.

        Args:
            photo: upright RGB photograph.
            landmarks: (3, 2) each, as in `fer_core.faces.Face`.
        """
        crops = [np.asarray(align(photo, one, self._spec).image) for one in landmarks]
        pixels = np.array(crops, np.uint8).reshape(-1, SIDE, SIDE, 3)
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255  # (N, 3, S, S)
        with torch.inference_mode():
            features = self._network((images - self._mean) / self._std)  # (N, D)
        return torch.nn.functional.normalize(features, dim=1).numpy()


def _load(file: Path) -> torch.nn.Module:
    if not file.is_file():
        raise EmbeddingError(f"there is no file {file}: fer-core convert-weights writes one")
    try:
        with safe_open(file, "pt") as opened:
            backbone = (opened.metadata() or {}).get("backbone", "")
        check_known(backbone)
        network = timm.create_model(backbone, num_classes=0)
        network.load_state_dict(load_file(file))
    except (SafetensorError, BackboneError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EmbeddingError(
            f"{file} holds no network that fer-core convert-weights wrote: {reason}"
        ) from error
    return network.eval()

"""Somebody else's model, read in our classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps

from fer_core.config.input_spec import InputSpec
from fer_core.foreign.labels import LabelMapping
from fer_core.foreign.network import Network, check_answers
from fer_core.foreign.timm_network import load_timm
from fer_core.foreign.transformers_network import load_transformers
from fer_core.hub.contents import check_safetensors, kind_of_model, read_json
from fer_core.models.saved_model import CONFIG_FILE, LONGEST_FAULT, ModelError

IMAGES_A_PASS = 32


class OpenableImages(Protocol):
    """N images that can be opened, such as `fer_core.datasets.images.ImageSources`."""

    def __len__(self) -> int: ...

    def open(self, index: int) -> Image.Image:
        """One image, RGB and upright."""
        ...


@dataclass(frozen=True)
class ForeignModel:
    """A network of another project whose labels are read in our classes.

    Attributes:
        network: with its own preprocessing.
        mapping: what its labels mean.
    """

    network: Network
    mapping: LabelMapping

    @property
    def classes(self) -> tuple[str, ...]:
        """Our classes and the labels that name none, in the order of the logits."""
        return self.mapping.classes

    @property
    def input(self) -> InputSpec:
        """See `Network.input`."""
        return self.network.input

    @property
    def facts(self) -> dict[str, Any]:
        """How it was trained is not known here."""
        return {}

    def view_logits(self, images: Sequence[Image.Image], *, mirror: bool) -> np.ndarray:
        """Logits of the labels (V, N, L) float32 of RGB images, and of their flipped images."""
        views = [self.network.logits(images)]
        if mirror:
            views.append(self.network.logits([ImageOps.mirror(image) for image in images]))
        return torch.stack(views).numpy()

    def logits(self, images: OpenableImages, *, mirror: bool) -> np.ndarray:
        """Logits of the classes (N, K) float32 of the images of a data set, as they are.

        Args:
            images: opened a few at a time.
            mirror: average the labels' logits over each image and its flipped image.

        Raises:
            ModelError: when the network answers with no numbers.
        """
        parts = []
        for start in range(0, len(images), IMAGES_A_PASS):
            rows = range(start, min(start + IMAGES_A_PASS, len(images)))
            views = self.view_logits([images.open(row) for row in rows], mirror=mirror)
            parts.append(self.mapping.fold(views.mean(0)))
        return np.concatenate(parts)


def is_foreign(folder: Path) -> bool:
    """Whether a folder holds the configuration of a model of timm or transformers."""
    try:
        config = read_json(str(folder), folder / CONFIG_FILE)
        return kind_of_model(str(folder), config) != "own"
    except (OSError, ModelError):  # absent or broken: `load_model` says what is expected
        return False


def load_network(folder: Path, called: str = "") -> Network:
    """Load an image classifier of timm or transformers.

    Args:
        folder: of ``config.json``, ``model.safetensors`` and, of transformers, the configuration of
            the image processor.
        called: what error messages call it; by default its folder.

    Raises:
        ModelError: one sentence, whatever is wrong with it.
    """
    name = called or str(folder)
    check_safetensors(name, [file.name for file in folder.iterdir()] if folder.is_dir() else [])
    config: Mapping[str, Any] = read_json(name, folder / CONFIG_FILE)
    kind = kind_of_model(name, config)
    load = load_timm if kind == "timm" else load_transformers
    try:
        network = load(folder, config)
        check_answers(network)
    except ModelError:
        raise
    except Exception as error:  # both libraries run on what a stranger wrote in the configuration
        text = " ".join(str(error).split())
        if not isinstance(error, ValueError | OSError | RuntimeError) or not text:
            text = f"its configuration makes no network ({type(error).__name__}: {text})"
        short = text if len(text) <= LONGEST_FAULT else f"{text[:LONGEST_FAULT]} ..."
        raise ModelError(f"the model {name} cannot be loaded: {short}") from error
    return network

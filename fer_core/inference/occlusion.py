"""What a predictor answers when places of a face are hidden, one after the other.

Unlike an attention map, which only adds up to the score, this is evidence place by place: the model
is asked again for every hidden place (Zeiler and Fergus, ECCV 2014).
"""

from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from fer_core.explain.fidelity import spearman
from fer_core.explain.occlusion import patch_masks
from fer_core.inference.predictor import Predictor

PATCHES = 8  # along each side
MOST_PATCHES = 32


class Occlusion(NamedTuple):
    """The predictions with each of n x n places hidden, row by row.

    Attributes:
        emotion: the class that is looked at.
        drops: (n, n) logit of the class on the whole face minus that with the place hidden;
            positive where the place speaks for the class.
        probability: of the class on the whole face.
        hidden_probabilities: (n, n) of the class with the place hidden.
        predicted: (n, n) number of the class that is predicted with the place hidden.
        whole: number of the class that is predicted on the whole face.
    """

    emotion: str
    drops: np.ndarray
    probability: float
    hidden_probabilities: np.ndarray
    predicted: np.ndarray
    whole: int


def occlude(
    predictor: Predictor, crop: Image.Image, emotion: str | None = None, patches: int = PATCHES
) -> Occlusion:
    """Hide each place of an aligned face in turn, in the mean colour of the training images.

    Args:
        predictor: the model; it answers as it does otherwise, with flip TTA where it has that.
        crop: an aligned face, as `FacePrediction.crop`.
        emotion: class to look at; None: the predicted one.
        patches: places along each side, 2 to 32.

    Raises:
        ValueError: for a class that the model does not have, or another number of patches.
    """
    classes = predictor.trained.classes
    if emotion is not None and emotion not in classes:
        raise ValueError(f"the model has no class {emotion!r}: choose one of {', '.join(classes)}")
    spec = predictor.trained.input
    most = min(MOST_PATCHES, spec.size)
    if not 2 <= patches <= most:
        raise ValueError(f"patches must be 2 to {most}, got {patches}")
    mode = "L" if spec.grey or spec.channels == 1 else "RGB"
    face = crop.convert(mode).resize((spec.size, spec.size), Image.Resampling.BICUBIC)
    mean = tuple(round(255 * value) for value in spec.mean)
    colour = mean[0] if mode == "L" else mean
    masks = patch_masks(spec.size, spec.size, patches).numpy()
    hidden = [Image.composite(Image.new(mode, face.size, colour), face, _mask(m)) for m in masks]
    found = predictor.classify([face, *hidden])
    whole = int(found.probabilities[0].argmax())
    index = whole if emotion is None else classes.index(emotion)
    scores = found.maps[:, index].mean((1, 2))  # the logits, all but for the same bias
    shape = (patches, patches)
    return Occlusion(
        classes[index],
        (scores[0] - scores[1:]).reshape(shape),
        float(found.probabilities[0, index]),
        found.probabilities[1:, index].reshape(shape),
        found.probabilities[1:].argmax(1).reshape(shape),
        whole,
    )


def rank_agreement(found: Occlusion, attention: np.ndarray) -> float:
    """How far an attention map and the hidden places order a face's places alike.

    Args:
        found: what hiding the places did.
        attention: (h, w) attention map of the same class.

    Returns:
        Spearman's rank correlation over the places, in [-1, 1]; nan where one of the two is the
        same everywhere. The map is averaged, or interpolated, to the grid of the places.
    """
    side = len(found.drops)
    image = Image.fromarray(np.asarray(attention, np.float32))
    grid = np.asarray(image.resize((side, side), Image.Resampling.BOX))
    drops, values = (torch.tensor(one).reshape(1, -1) for one in (found.drops, grid))
    return float(spearman(drops, values)[0])


def _mask(inside: np.ndarray) -> Image.Image:
    return Image.fromarray(inside.astype(np.uint8) * 255)

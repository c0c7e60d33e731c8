"""A model's predictions on a split, without and with flip TTA."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.datasets import Split
from fer_core.datasets.prefetch import DeviceImages
from fer_core.errors import FerError
from fer_core.metrics import classification as metrics
from fer_core.models.attention_model import AttentionModel, Backend
from fer_core.models.pretrained import TrainedModel
from fer_core.transforms.functional import normalise

EVALUATION_BATCH = 256


class Evaluation(NamedTuple):
    """A model's predictions on one split.

    Attributes:
        loss: mean cross-entropy.
        confusion: (K, K) counts, rows = label.
        predicted: (N,) predicted labels.
        confidences: (N,) softmax probability of the prediction.
        logits: (N, K) float32.
    """

    loss: float
    confusion: np.ndarray
    predicted: np.ndarray
    confidences: np.ndarray
    logits: np.ndarray


class Scores(NamedTuple):
    """The predictions of one split in one epoch.

    Attributes:
        single: without flip TTA.
        tta: with flip TTA: logits averaged over each image and its flipped image.
    """

    single: Evaluation
    tta: Evaluation


class EvaluationError(FerError, ValueError):
    """A split that is not decoded as the model takes it, or whose labels it does not know."""


def evaluate(
    model: AttentionModel | TrainedModel,
    split: Split,
    *,
    mirror: bool = False,
    backend: Backend | None = None,
) -> Evaluation:
    """A model's predictions on one decoded split; the model is left in evaluation mode.

    Args:
        model: a network, or a loaded model (`fer_core.load_model`, ``Predictor().trained``), on any
            device.
        split: ``data.eval`` or ``data.train`` of `fer_core.load_data`, decoded at the model's input
            size and channels, with the model's classes in the model's order.
        mirror: average over each image and its flipped copy (twice the work).
        backend: what computes the model's outputs; None: the network itself.

    Raises:
        TypeError: for anything but a model and a split.
        EvaluationError: when the split does not fit the model.

    Example:
        >>> trained = load_model(resolve_model("bundled"))
        >>> decoding = Decoding(trained.input.size, trained.input.channels)
        >>> data = load_data("ferplus:PATH?classes=8", decoding)
        >>> evaluate(trained, data.eval, mirror=True).confusion
    """
    model = _network(model, split)
    device = model.classifier.weight.device
    images = DeviceImages(split.images, device, "cache")
    rows = torch.arange(len(split.true_labels))
    logits = predict_logits(model, images, rows, mirror=mirror, backend=backend)
    return judge(logits, split.true_labels)


def _network(model: object, split: object) -> AttentionModel:
    """The network of what was handed over, which the split must fit."""
    if not isinstance(model, AttentionModel | TrainedModel):
        raise TypeError(
            "evaluate takes an AttentionModel or what load_model gives (of a Predictor its "
            f"trained), got {type(model).__name__}"
        )
    if not isinstance(split, Split):
        raise TypeError(
            "evaluate takes one split, such as load_data(...).eval, got "
            f"{type(split).__name__}; for a data set by its name see fer-core evaluate"
        )
    network = model if isinstance(model, AttentionModel) else model.model
    shape, classes = split.images.shape[1:], network.classifier.out_features
    size = shape[0] if isinstance(model, AttentionModel) else model.input.size
    wanted = (size, size, len(network.mean))
    if shape != wanted:
        raise EvaluationError(
            f"the model takes images of {wanted} (height, width, channels), {split.name} is "
            f"decoded to {shape}: load it with Decoding({wanted[0]}, {wanted[2]})"
        )
    if len(split.true_labels) and int(split.true_labels.max()) >= classes:
        raise EvaluationError(
            f"the model has {classes} classes, {split.name} has the label "
            f"{int(split.true_labels.max())}"
        )
    return network


def predict_logits(
    model: AttentionModel,
    images: DeviceImages,
    rows: Tensor,
    *,
    mirror: bool = False,
    backend: Backend | None = None,
) -> Tensor:
    """Logits (B, K) float32 of the images at the (B,) positions ``rows``, on the model's device.

    The model is left in evaluation mode.

    Args:
        model: on the device of the images.
        images: decoded at the model's input size and channels.
        rows: positions, on the CPU.
        mirror: average over each image and its flipped copy (twice the work).
        backend: what computes the model's outputs; None: the network itself.
    """
    if backend is not None:

        def views(pixels: Tensor) -> Tensor:
            return torch.stack([one.logits for one in backend.views(pixels, flipped=mirror)])

        return _collect(model, images, rows, views).mean(0)
    if mirror:
        return logits_of_both_views(model, images, rows).mean(0)
    return _collect(model, images, rows, lambda pixels: model(pixels).logits[None])[0]


def logits_of_both_views(model: AttentionModel, images: DeviceImages, rows: Tensor) -> Tensor:
    """Logits (2, B, K) float32 of the images at ``rows`` and of their flipped images.

    Their mean is what flip TTA gives; see `predict_logits`.
    """

    def both(pixels: Tensor) -> Tensor:
        unflipped, flipped = model.both_views(pixels)
        return torch.stack([unflipped.logits, flipped.logits])

    return _collect(model, images, rows, both)


def _collect(
    model: AttentionModel,
    images: DeviceImages,
    rows: Tensor,
    predict: Callable[[Tensor], Tensor],
) -> Tensor:
    """The (V, B, K) logits that ``predict`` gives of batches of normalised images, joined."""
    model.eval()
    mean, std = model.statistics()
    if images.resident is not None:
        rows = rows.to(images.device)
    if not len(rows):
        return torch.empty((2, 0, model.classifier.out_features), device=mean.device)
    with torch.inference_mode():
        batches = images.batches(rows.split(EVALUATION_BATCH))
        return torch.cat([predict(normalise(pixels, mean, std)).float() for pixels in batches], 1)


def judge(logits: Tensor, labels: np.ndarray) -> Evaluation:
    """Compare a model's (N, K) logits with (N,) labels."""
    logits = logits.cpu()
    confidences, predicted = logits.softmax(1).max(1)
    loss = F.cross_entropy(logits, torch.from_numpy(labels)).item()
    confusion = metrics.confusion_matrix(labels, predicted.numpy(), logits.shape[1])
    return Evaluation(loss, confusion, predicted.numpy(), confidences.numpy(), logits.numpy())

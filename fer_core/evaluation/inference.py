"""A model's answers on a split, and the final figures of a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core.datasets import Split
from fer_core.datasets.prefetch import DeviceImages
from fer_core.errors import FerError
from fer_core.metrics import classification as metrics
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel
from fer_core.records.run import Prediction
from fer_core.transforms.functional import normalise

EVALUATION_BATCH = 256


class Evaluation(NamedTuple):
    """A model's answers on one split.

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
        tta: with flip TTA: logits averaged over each image and its mirror image.
    """

    single: Evaluation
    tta: Evaluation


class EvaluationError(FerError, ValueError):
    """A split that is not decoded as the model takes it, or whose labels it does not know."""


def evaluate(
    model: AttentionModel | TrainedModel, split: Split, *, mirror: bool = False
) -> Evaluation:
    """A model's predictions on one decoded split; the model is left in evaluation mode.

    Args:
        model: a network, or a loaded model (`fer_core.load_model`, ``Predictor().trained``), on any
            device.
        split: ``data.eval`` or ``data.train`` of `fer_core.load_data`, decoded at the model's input
            size and channels, with the model's classes in the model's order.
        mirror: average over each image and its mirror image (twice the work).

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
    return judge(answers(model, images, rows, mirror=mirror), split.true_labels)


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


def answers(
    model: AttentionModel, images: DeviceImages, rows: Tensor, *, mirror: bool = False
) -> Tensor:
    """Logits (B, K) float32 of the pictures at the (B,) positions ``rows``, on the model's device.

    The model is left in evaluation mode.

    Args:
        model: on the device of the images.
        images: decoded at the model's input size and channels.
        rows: positions, on the CPU.
        mirror: average over each image and its mirror image (twice the work).
    """
    if mirror:
        return answers_of_both_views(model, images, rows).mean(0)
    return _collect(model, images, rows, lambda pixels: model(pixels).logits[None])[0]


def answers_of_both_views(model: AttentionModel, images: DeviceImages, rows: Tensor) -> Tensor:
    """Logits (2, B, K) float32 of the images at ``rows`` and of their mirror images; see `answers`.

    Their mean is what flip TTA gives.
    """

    def both(pixels: Tensor) -> Tensor:
        plain, mirrored = model.both_views(pixels)
        return torch.stack([plain.logits, mirrored.logits])

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


def eval_values(scores: Scores, *, mirror: bool) -> dict[str, float | None]:
    """The evaluation figures of one epoch, as in docs/run-records.md.

    Args:
        scores: on the evaluation split.
        mirror: whether ``eval_accuracy`` itself is taken with flip TTA.
    """
    own = scores.tta if mirror else scores.single
    return {
        **split_values("eval", own),
        "eval_accuracy_tta": metrics.accuracy(scores.tta.confusion),
        "eval_mean_class_accuracy_tta": metrics.mean_class_accuracy(scores.tta.confusion),
    }


def split_values(name: str, evaluation: Evaluation | None) -> dict[str, float | None]:
    """Loss, accuracy and mean class accuracy under the name of a split; None without it."""
    figures = (None, None, None)
    if evaluation is not None:
        confusion = evaluation.confusion
        figures = (
            evaluation.loss,
            metrics.accuracy(confusion),
            metrics.mean_class_accuracy(confusion),
        )
    names = ("loss", "accuracy", "mean_class_accuracy")
    return {f"{name}_{figure}": value for figure, value in zip(names, figures, strict=True)}


def final_result(
    epochs: Sequence[Mapping[str, Any]], evaluation: Evaluation, split: Split
) -> dict[str, Any]:
    """The final figures of a run, as in docs/run-records.md.

    Args:
        epochs: the recorded epochs, all of them.
        evaluation: of the last epoch.
        split: the evaluation split.
    """
    accuracies = [epoch["eval_accuracy"] for epoch in epochs]
    best = int(np.argmax(accuracies))
    # A run that was resumed from an older version has epochs without the figures of flip TTA.
    last = {
        f"{name}_last5{suffix}": metrics.mean_of_last([epoch[figure] for epoch in epochs])
        for name in ("accuracy", "mean_class_accuracy")
        for suffix in ("", "_tta")
        for figure in (f"eval_{name}{suffix}",)
        if all(figure in epoch for epoch in epochs)
    }
    return {
        **last,
        "final_accuracy": metrics.accuracy(evaluation.confusion),
        "final_mean_class_accuracy": metrics.mean_class_accuracy(evaluation.confusion),
        "final_macro_f1": metrics.macro_f1(evaluation.confusion),
        "best_accuracy": accuracies[best],
        "best_epoch": best + 1,
        "confusion": evaluation.confusion.tolist(),
        "slices": slice_accuracies(split, evaluation.predicted),
        "seconds": sum(e["train_seconds"] + e["eval_seconds"] for e in epochs),
    }


def slice_accuracies(split: Split, predicted: np.ndarray) -> dict[str, dict[str, Any]]:
    """Images and accuracy of every group: attribute -> value -> ``images``, ``accuracy``.

    Args:
        split: with its slices; none give an empty result.
        predicted: (N,) predicted labels.
    """
    correct = predicted == split.true_labels
    result = {}
    for attribute, values in split.slices.items():
        column = np.array(values)
        groups = {str(value): correct[column == value] for value in np.unique(column)}
        result[attribute] = {
            value: {"images": len(hits), "accuracy": float(hits.mean())}
            for value, hits in groups.items()
        }
    return result


def predictions(
    split: Split,
    evaluation: Evaluation,
    *,
    hits_last5: np.ndarray | None = None,
    chosen: np.ndarray | None = None,
) -> Iterator[Prediction]:
    """One row an evaluation image, for the record.

    Args:
        split: the N evaluation images.
        evaluation: of the last epoch.
        hits_last5: (N,) share of the last five epochs in which the image was predicted right.
        chosen: (2, N) predicted classes in the chosen epoch, without and with flip TTA.
    """
    columns = (split.names, split.true_labels, evaluation.predicted, evaluation.confidences)
    for row, (name, label, predicted, confidence) in enumerate(zip(*columns, strict=True)):
        yield Prediction(
            name,
            int(label),
            int(predicted),
            float(confidence),
            None if hits_last5 is None else float(hits_last5[row]),
            *((None, None) if chosen is None else map(int, chosen[:, row])),
        )

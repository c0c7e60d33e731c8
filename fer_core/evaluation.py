"""A model's answers on a split, and the final figures of a run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_core import metrics
from fer_core.datasets import Split
from fer_core.device_images import DeviceImages
from fer_core.models import AttentionModel
from fer_core.records import Prediction
from fer_core.transforms import normalise

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


def evaluate(model: AttentionModel, split: Split, *, mirror: bool = False) -> Evaluation:
    """The model's answers on a split; the model is left in evaluation mode.

    Args:
        model: on any device.
        split: decoded at the model's input size and channels.
        mirror: average over each image and its mirror image (twice the work).
    """
    device = model.classifier.weight.device
    images = DeviceImages(split.images, device, "cache")
    rows = torch.arange(len(split.labels))
    return judge(answers(model, images, rows, mirror=mirror), split)


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
    model.eval()
    mean, std = model.statistics()
    answer = model.mirror_average if mirror else model
    if images.resident is not None:
        rows = rows.to(images.device)
    empty = torch.empty((0, model.classifier.out_features), device=mean.device)
    with torch.inference_mode():
        logits = [
            answer(normalise(pixels, mean, std)).logits.float()
            for pixels in images.batches(rows.split(EVALUATION_BATCH) if len(rows) else [])
        ]
        return torch.cat([empty, *logits])


def judge(logits: Tensor, split: Split) -> Evaluation:
    """Compare a model's (N, K) logits with the labels of the split."""
    logits = logits.cpu()
    confidences, predicted = logits.softmax(1).max(1)
    loss = F.cross_entropy(logits, torch.from_numpy(split.labels)).item()
    confusion = metrics.confusion_matrix(split.labels, predicted.numpy(), logits.shape[1])
    return Evaluation(loss, confusion, predicted.numpy(), confidences.numpy(), logits.numpy())


def test_values(evaluation: Evaluation) -> dict[str, float]:
    """The test figures of one epoch, as in docs/run-records.md."""
    return {
        "test_loss": evaluation.loss,
        "test_accuracy": metrics.accuracy(evaluation.confusion),
        "test_class_mean_accuracy": metrics.class_mean_accuracy(evaluation.confusion),
    }


def final_result(
    epochs: Sequence[Mapping[str, Any]], evaluation: Evaluation, split: Split
) -> dict[str, Any]:
    """The final figures of a run, as in docs/run-records.md.

    Args:
        epochs: the recorded epochs, all of them.
        evaluation: of the last epoch.
        split: the test split.
    """
    accuracies = [epoch["test_accuracy"] for epoch in epochs]
    class_means = [epoch["test_class_mean_accuracy"] for epoch in epochs]
    best = int(np.argmax(accuracies))
    return {
        "accuracy_last5": metrics.mean_of_last(accuracies),
        "class_mean_accuracy_last5": metrics.mean_of_last(class_means),
        "final_accuracy": metrics.accuracy(evaluation.confusion),
        "final_class_mean_accuracy": metrics.class_mean_accuracy(evaluation.confusion),
        "final_macro_f1": metrics.macro_f1(evaluation.confusion),
        "best_accuracy": accuracies[best],
        "best_epoch": best + 1,
        "confusion": evaluation.confusion.tolist(),
        "slices": slice_accuracies(split, evaluation.predicted),
        "seconds": sum(e["train_seconds"] + e["test_seconds"] for e in epochs),
    }


def slice_accuracies(split: Split, predicted: np.ndarray) -> dict[str, dict[str, Any]]:
    """Images and accuracy of every group: attribute -> value -> ``images``, ``accuracy``.

    Args:
        split: with its slices; none give an empty result.
        predicted: (N,) predicted labels.
    """
    correct = predicted == split.labels
    result = {}
    for attribute, values in split.slices.items():
        column = np.array(values)
        groups = {str(value): correct[column == value] for value in np.unique(column)}
        result[attribute] = {
            value: {"images": len(hits), "accuracy": float(hits.mean())}
            for value, hits in groups.items()
        }
    return result


def predictions(split: Split, evaluation: Evaluation) -> Iterator[Prediction]:
    """One row a test image, for the record."""
    columns = (split.names, split.labels, evaluation.predicted, evaluation.confidences)
    for name, label, predicted, confidence in zip(*columns, strict=True):
        yield Prediction(name, int(label), int(predicted), float(confidence))

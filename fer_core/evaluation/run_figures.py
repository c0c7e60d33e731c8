"""The figures of a run for its record (docs/run-records.md), from its evaluations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fer_core.datasets import Split
from fer_core.evaluation.inference import Evaluation, Scores
from fer_core.metrics import classification as metrics
from fer_core.records.predictions import Prediction


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


def recorded_predictions(
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

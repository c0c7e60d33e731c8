"""Tables of the bundled model: what README and its card say of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.metrics import classification as metrics
from fer_core.models.saved_model import describe_model
from fer_core.records.predictions import Prediction, read_predictions
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.tables import table
from fer_core.weights import BUNDLED

CLOSE = 1e-9


def bundled_table(folder: Path = BUNDLED) -> str:
    """The figures of a bundled model, once those that its predictions give agree.

    Raises:
        ModelError: when there is no model.
        ReportError: when its facts are not those of its predictions.
    """
    return figures_of(checked_facts(folder))


def classes_table(folder: Path = BUNDLED) -> str:
    """The recall, precision and F1 of each class; raises as `bundled_table`."""
    return classes_of(checked_facts(folder))


def checked_facts(folder: Path) -> dict[str, Any]:
    """The facts of a model, where accuracy and mean class accuracy are those of its predictions.

    Raises:
        ModelError: when there is no model.
        ReportError: when the figures differ.
    """
    described = describe_model(folder)
    predictions = read_predictions(folder)
    if not predictions:
        raise ReportError(f"the model at {folder} has no predictions: fer-core bundle writes them")
    check_facts(described.facts, predictions, described.classes, folder)
    return described.facts


def check_facts(
    facts: Mapping[str, Any],
    predictions: Sequence[Prediction],
    classes: tuple[str, ...],
    folder: Path,
) -> None:
    """Refuse figures that are not those of a model's predictions.

    Raises:
        ReportError: naming the figure.
    """
    labels, predicted = (
        np.array([getattr(row, n) for row in predictions]) for n in ("true_label", "predicted")
    )
    confusion = metrics.confusion_matrix(labels, predicted, len(classes))
    for name, value in (
        ("accuracy", metrics.accuracy(confusion)),
        ("mean_class_accuracy", metrics.mean_class_accuracy(confusion)),
        ("macro_f1", metrics.macro_f1(confusion)),
    ):
        if abs(facts[name] - value) > CLOSE:
            raise ReportError(
                f"{name} of the model at {folder} is {value:.4f} by its predictions, "
                f"{facts[name]:.4f} in its config.json: run fer-core bundle again"
            )


def figures_of(facts: Mapping[str, Any]) -> str:
    """The figures as a Markdown table: those that are known."""
    known = {
        "accuracy": _with_interval(facts, "accuracy", "accuracy_interval"),
        "mean_class_accuracy": _with_interval(
            facts, "mean_class_accuracy", "mean_class_accuracy_interval"
        ),
    }
    names = {
        "accuracy": "accuracy",
        "accuracy_last5": "accuracy, mean over the last 5 epochs of the run",
        "mean_class_accuracy": "mean class accuracy",
        "accuracy_deduplicated": f"accuracy without the {facts.get('duplicates_in_train')} images "
        "that are also in the training set",
        "accuracy_without_mirror": "accuracy without flip TTA",
        "macro_f1": "macro F1",
        "ece_cross_fitted": "calibration error (ECE, 15 bins), temperature fitted on the other "
        "half",
        "ece": _calibration_error_of(facts),
        "ece_uncalibrated": "calibration error before the temperature",
    }
    rows = [
        (words, known.get(name) or _percent(facts[name]))
        for name, words in names.items()
        if name in facts
    ]
    images = f", {facts['eval_images']:,} images" if "eval_images" in facts else ""
    return table([f"{facts.get('eval_split', 'evaluation')} split{images}", "%"], rows)


def _calibration_error_of(facts: Mapping[str, Any]) -> str:
    """What the calibration error of the stored weights is, by what their temperature saw."""
    if "temperature" not in facts:
        return "calibration error (ECE, 15 bins), no temperature"
    if "temperature_holdout" in facts:
        images = f"{facts['temperature_holdout']:,} held-out training images"
        return f"calibration error (ECE, 15 bins) as stored, temperature fitted on {images}"
    return "calibration error as stored, temperature fitted on all"


def classes_of(facts: Mapping[str, Any]) -> str:
    """Recall, precision and F1 of each class as a Markdown table."""
    rows = []
    for name, figures in facts["classes"].items():
        shares = [figures["precision"], figures["f1"]]
        rows.append(
            [
                name,
                str(figures["images"]),
                _recall(figures["recall"]),
                *("-" if share is None else f"{100 * share:.1f}" for share in shares),
            ]
        )
    return table(["class", "images", "recall, %", "precision, %", "F1, %"], rows)


def _recall(recall: Mapping[str, Any] | None) -> str:
    if recall is None:  # a class without images
        return "-"
    low, high = (f"{100 * end:.1f}" for end in recall["interval"])
    return f"{100 * recall['value']:.1f} ({low} to {high})"


def _with_interval(facts: Mapping[str, Any], name: str, interval: str) -> str:
    if interval not in facts:
        return _percent(facts[name]) if name in facts else ""
    low, high = (f"{100 * end:.2f}" for end in facts[interval])
    return f"{_percent(facts[name])} ({low} to {high})"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"

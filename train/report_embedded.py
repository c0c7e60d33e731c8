"""Tables of the embedded model: what README and its card say of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.hub import EMBEDDED, load_model
from fer_core.records import read_predictions
from train.report_blocks import ReportError
from train.report_tables import table

CLOSE = 1e-9


def embedded_table(folder: Path = EMBEDDED) -> str:
    """The figures of an embedded model, once those that its predictions give agree.

    Raises:
        ModelError: when there is no model.
        ReportError: when its facts are not those of its predictions.
    """
    return figures_of(checked_facts(folder))


def classes_table(folder: Path = EMBEDDED) -> str:
    """The recall, precision and F1 of each class; raises as `embedded_table`."""
    return classes_of(checked_facts(folder))


def checked_facts(folder: Path) -> dict[str, Any]:
    """The facts of a model, where accuracy and class mean are those of its predictions.

    Raises:
        ModelError: when there is no model.
        ReportError: when the figures differ.
    """
    trained = load_model(folder)
    answers = read_predictions(folder)
    if not answers:
        raise ReportError(f"the model at {folder} has no predictions: train.embed writes them")
    labels, predicted = (np.array([getattr(a, n) for a in answers]) for n in ("label", "predicted"))
    confusion = metrics.confusion_matrix(labels, predicted, len(trained.classes))
    for name, value in (
        ("accuracy", metrics.accuracy(confusion)),
        ("class_mean_accuracy", metrics.class_mean_accuracy(confusion)),
        ("macro_f1", metrics.macro_f1(confusion)),
    ):
        if abs(trained.facts[name] - value) > CLOSE:
            raise ReportError(
                f"{name} of the model at {folder} is {value:.4f} by its predictions, "
                f"{trained.facts[name]:.4f} in its config.json: run train.embed again"
            )
    return trained.facts


def figures_of(facts: Mapping[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = [
        ("accuracy", _with_interval(facts, "accuracy", "accuracy_interval")),
        ("class mean", _with_interval(facts, "class_mean_accuracy", "class_mean_interval")),
        (
            f"accuracy without the {facts['duplicates_in_train']} images that also stand in train",
            _percent(facts["accuracy_deduplicated"]),
        ),
        ("accuracy in a single pass, no mirror image", _percent(facts["accuracy_without_mirror"])),
        ("macro F1", _percent(facts["macro_f1"])),
        (
            "calibration error (ECE, 15 bins), temperature fitted on the other half",
            _percent(facts["ece_cross_fitted"]),
        ),
        ("calibration error as stored, temperature fitted on all", _percent(facts["ece"])),
        ("calibration error before the temperature", _percent(facts["ece_uncalibrated"])),
    ]
    return table([f"{facts['test_split']}, {facts['test_images']:,} images", "%"], rows)


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
    if recall is None:  # a class without test images
        return "-"
    low, high = (f"{100 * end:.1f}" for end in recall["interval"])
    return f"{100 * recall['value']:.1f} ({low} to {high})"


def _with_interval(facts: Mapping[str, Any], name: str, interval: str) -> str:
    low, high = (f"{100 * end:.2f}" for end in facts[interval])
    return f"{_percent(facts[name])} ({low} to {high})"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
